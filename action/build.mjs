/**
 * Bundles the shell into `dist/main.cjs` and `dist/cli.cjs`: `node build.mjs [--out FOLDER]`.
 *
 * The core's glue goes into both; the module itself is `core.wasm` beside them, which `cargo xtask wasm` writes. The same sources give the same bytes.
 */

import { copyFileSync, existsSync, readFileSync } from "node:fs";
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

/** The glue reads `cd_wasm_bg.wasm` beside itself; bundled, that is `core.wasm` beside the bundle. */
const besideTheBundle = {
  name: "beside-the-bundle",
  setup({ onLoad }) {
    onLoad({ filter: /\/cd_wasm\.js$/ }, () => {
      const parts = readFileSync(glue, "utf8").split("/cd_wasm_bg.wasm");
      if (parts.length !== 2)
        throw new Error("the glue does not name its module exactly once: wasm-bindgen has changed");
      return { contents: parts.join("/core.wasm"), loader: "js" };
    });
  },
};

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
  plugins: [besideTheBundle],
  logLevel: "warning",
});
if (out !== dist) copyFileSync(join(dist, "core.wasm"), join(out, "core.wasm"));
