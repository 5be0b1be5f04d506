import { closeSync, fchmodSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Completion, Effect } from "../generated/protocol";
import type { Secrets } from "../secrets";
import { textOf } from "./content";

type WriteFile = Extract<Effect, { type: "write-file" }>;

/** Writes a file so that its path holds the old text or the new one, never a part. */
export function writeFile({ path, content, mode, durable }: WriteFile, secrets: Secrets): Completion {
  const text = textOf(content, secrets);
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  const file = create(temporary);
  try {
    writeFileSync(file, text);
    fchmodSync(file, mode); // whatever the umask says
    if (durable) fsyncSync(file);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
  return { type: "written" };
}

/** Opens a new file. A process that bore the same number may have left one. */
function create(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch {
    rmSync(path, { force: true });
    return openSync(path, "wx", 0o600);
  }
}
