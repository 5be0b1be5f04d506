/**
 * Bundles the shell into `dist/`, one file for each way to start it: `node build.mjs [--out FOLDER]`.
 * Or the command line alone, with the module inside it, into one file: `node build.mjs --single FILE`.
 *
 * The core's glue goes into all; the modules themselves lie beside them, where `cargo xtask wasm` writes them. The same sources give the same bytes.
 */

import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
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

/** The whole core stands in the bundle, whatever is asked of it: as it is, not compressed, for what a compressor makes depends on its version. */
const inTheBundle = {
  name: "in-the-bundle",
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/wasm\.ts$/ }, ({ path }) => {
      const parts = readFileSync(path, "utf8").split("readFileSync(join(__dirname, file))");
      if (parts.length !== 2) throw new Error("wasm.ts does not read its module in one place");
      const module = readFileSync(join(dist, "core/core.wasm"), "base64");
      return { contents: parts.join(`Buffer.from("${module}", "base64")`), loader: "ts" };
    });
  },
};

const bundle = (where) =>
  build({
    absWorkingDir: here,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    charset: "utf8",
    legalComments: "none",
    banner: { js: "// Built from action/src by action/build.mjs; do not edit." },
    logLevel: "warning",
    ...where,
  });

if (flag === "--single") {
  await bundle({ plugins: [inTheBundle], entryPoints: ["src/cli.ts"], outfile: resolve(place ?? "") });
} else {
  await bundle({
    entryPoints: { main: "src/main.ts", cli: "src/cli.ts", metadata: "src/metadata.ts" },
    outdir: out,
    outExtension: { ".js": ".cjs" },
  });
  if (out !== dist) {
    mkdirSync(join(out, "core"), { recursive: true });
    for (const module of ["core/core.wasm", "metadata.wasm"]) copyFileSync(join(dist, module), join(out, module));
  }
}
