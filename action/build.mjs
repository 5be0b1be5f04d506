/**
 * Bundles the shell into `dist/main.cjs` and `dist/cli.cjs`: `node build.mjs [--out FOLDER]`.
 *
 * The core's glue goes into both; the module itself is `core/core.wasm` beside them, which `cargo xtask wasm` writes. The same sources give the same bytes.
 */

import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const glue = join(here, "src/generated/core/cd_wasm.js");
const dist = resolve(here, "../dist");
const out = process.argv[2] === "--out" ? resolve(process.argv[3] ?? "") : dist;

if (!existsSync(glue)) {
  console.error("action/src/generated/core/cd_wasm.js is not there: run `cargo xtask wasm` first");
  process.exit(1);
}

await build({
  absWorkingDir: here,
  entryPoints: { main: "src/main.ts", cli: "src/cli.ts" },
  outdir: out,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  target: "node20",
  format: "cjs",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "// Built from action/src by action/build.mjs; do not edit." },
  logLevel: "warning",
});
if (out !== dist) {
  mkdirSync(join(out, "core"), { recursive: true });
  copyFileSync(join(dist, "core/core.wasm"), join(out, "core/core.wasm"));
}
