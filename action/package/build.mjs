/**
 * Makes the package that `core.wasm` lies in: `node package/build.mjs [--out FOLDER]`, by default `dist/core`.
 *
 * One file of JavaScript for node, bundlers and pages, its types, and what npm wants to see. The same sources give the same bytes.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const out = process.argv[2] === "--out" ? resolve(process.argv[3] ?? "") : join(root, "dist/core");

await build({
  absWorkingDir: here,
  entryPoints: ["index.ts"],
  outdir: out,
  bundle: true,
  platform: "neutral",
  target: "es2022",
  format: "esm",
  charset: "utf8",
  legalComments: "none",
  banner: { js: "// Built from action/package by its build.mjs; do not edit." },
  logLevel: "warning",
});

const tsc = join(root, "action/node_modules/typescript/lib/tsc.js");
const args = [tsc, "--project", here, "--noEmit", "false", "--emitDeclarationOnly", "--outDir", out];
const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
if (status !== 0) throw new Error(`tsc: ${status}`);

for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(out, name));
copyFileSync(join(here, "package.json"), join(out, "package.json"));
writeFileSync(join(out, "README.md"), section(readFileSync(join(root, "README.md"), "utf8")));

/** The chapter about the package, which is all that its own README says. */
function section(readme) {
  const heading = "## For other JavaScript tools\n";
  const from = readme.indexOf(heading);
  const to = readme.indexOf("\n## ", from + heading.length);
  if (from < 0 || to < 0) throw new Error(`README.md has no chapter "${heading.trim()}" before another one`);
  return `# cd-action-core\n${readme.slice(from + heading.length, to)}`;
}
