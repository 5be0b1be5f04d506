// Drives the committed module: lines of {"now","input"} in, one line of the module's own answer out for each.
// A thrown error is answered as {"error": {"name", "message"}}, and ends it.
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "cd-action-replay-"));
try {
  // The glue looks for the module beside itself: here it gets the one that ships.
  copyFileSync(join(root, "action/src/generated/core/cd_wasm.js"), join(folder, "cd_wasm.cjs"));
  copyFileSync(join(root, "dist/core.wasm"), join(folder, "cd_wasm_bg.wasm"));
  const { Session } = createRequire(import.meta.url)(join(folder, "cd_wasm.cjs"));
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
