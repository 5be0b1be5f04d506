// Drives a committed module, `replay.mjs MODULE`: lines of {"now","input"} in, one line of the module's own answer out for each.
// A thrown error is answered as {"error": {"name", "message"}}, and ends it.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "cd-action-replay-"));
try {
  // The shell's own glue, under a name by which node takes it for what it is.
  const glue = join(folder, "cd_wasm.mjs");
  copyFileSync(join(root, "action/src/generated/core/cd_wasm.js"), glue);
  const { initSync, Session } = await import(pathToFileURL(glue).href);
  initSync({ module: readFileSync(join(root, process.argv[2])) });
  const session = new Session();
  for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const { now, input } = JSON.parse(line);
    process.stdout.write(`${session.handle(now, JSON.stringify(input))}\n`);
  }
} catch ({ name, message }) {
  process.stdout.write(`${JSON.stringify({ error: { name, message } })}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
