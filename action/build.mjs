/**
 * Bundles the shell into `dist/main.cjs` and `dist/cli.cjs`: `node build.mjs [--out FOLDER]`.
 * Or the command line alone, with the module inside it, into one file: `node build.mjs --single FILE`.
 *
 * The core's glue goes into all; the module itself is `core.wasm` beside them, which `cargo xtask wasm` writes. The same sources give the same bytes.
 */

import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const glue = join(here, "src/generated/core/cd_wasm.js");
const dist = resolve(here, "../dist");
const [flag, place] = process.argv.slice(2);
const out = flag === "--out" ? resolve(place ?? "") : dist;

if (!existsSync(glue)) {
  console.error("action/src/generated/core/cd_wasm.js is not there: run `cargo xtask wasm` first");
  process.exit(1);
}

/** Puts `text` where the glue says `words`. */
function glueWith(words, text) {
  const parts = readFileSync(glue, "utf8").split(words);
  if (parts.length !== 2) throw new Error("the glue does not name its module exactly once: wasm-bindgen has changed");
  return parts.join(text);
}

/** The glue reads `cd_wasm_bg.wasm` beside itself; bundled, that is `core.wasm` beside the bundle. */
const besideTheBundle = () => glueWith("/cd_wasm_bg.wasm", "/core.wasm");

/** Or the module stands in the bundle. As it is, not compressed: what a compressor makes depends on its version. */
function inTheBundle() {
  const module = readFileSync(join(dist, "core.wasm"), "base64");
  return glueWith("require('fs').readFileSync(wasmPath)", `Buffer.from("${module}", "base64")`);
}

const bundle = (contents, where) =>
  build({
    absWorkingDir: here,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    charset: "utf8",
    legalComments: "none",
    banner: { js: "// Built from action/src by action/build.mjs; do not edit." },
    plugins: [
      {
        name: "the-module",
        setup({ onLoad }) {
          onLoad({ filter: /\/cd_wasm\.js$/ }, () => ({ contents: contents(), loader: "js" }));
        },
      },
    ],
    logLevel: "warning",
    ...where,
  });

if (flag === "--single") {
  await bundle(inTheBundle, { entryPoints: ["src/cli.ts"], outfile: resolve(place ?? "") });
} else {
  await bundle(besideTheBundle, {
    entryPoints: { main: "src/main.ts", cli: "src/cli.ts" },
    outdir: out,
    outExtension: { ".js": ".cjs" },
  });
  if (out !== dist) copyFileSync(join(dist, "core.wasm"), join(out, "core.wasm"));
}
