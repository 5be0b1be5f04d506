/**
 * Bundles the shell into `dist/`, one file for each way to start it: `node build.mjs [--out FOLDER]`.
 *
 * The core's glue goes into all of them; the modules themselves lie beside them, where `cargo xtask wasm` writes them. The same sources give the same bytes.
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
  entryPoints: { main: "src/main.ts", cli: "src/cli.ts", metadata: "src/metadata.ts" },
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
  for (const module of ["core/core.wasm", "metadata.wasm"]) copyFileSync(join(dist, module), join(out, module));
}
