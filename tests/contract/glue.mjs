// A committed module, `MODULE`, behind the shell's own glue: `await load(module)` gives what it exports.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = new URL("../..", import.meta.url).pathname;

export async function load(module) {
  const folder = mkdtempSync(join(tmpdir(), "cd-action-replay-"));
  try {
    // Under a name by which node takes it for what it is.
    const glue = join(folder, "cd_wasm.mjs");
    copyFileSync(join(root, "action/src/generated/core/cd_wasm.js"), glue);
    const exported = await import(pathToFileURL(glue).href);
    exported.initSync({ module: readFileSync(join(root, module)) });
    return exported;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
