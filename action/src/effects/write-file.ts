import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Completion, Content } from "../generated/protocol";
import type { Secrets } from "../secrets";
import { textOf } from "./content";

/** Writes a file so that its path holds the old text or the new one, never a part. */
export function writeFile(path: string, content: Content, mode: number, secrets: Secrets): Completion {
  const text = textOf(content, secrets);
  mkdirSync(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  rmSync(temporary, { force: true });
  const file = openSync(temporary, "wx", 0o600);
  try {
    writeFileSync(file, text);
    fchmodSync(file, mode); // whatever the umask says
    fsyncSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return { type: "written" };
}
