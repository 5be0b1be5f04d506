/**
 * Bundles the tests as the shell itself is bundled, and hands them to node's own runner: `node tests/run.mjs [NAME…]`.
 *
 * The node that runs this runs the tests, and every process that they start.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const names = readdirSync(here)
  .filter((name) => name.endsWith(".test.ts"))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
const out = mkdtempSync(join(tmpdir(), "cd-action-tests-"));

try {
  await build({
    absWorkingDir: here,
    entryPoints: [...names, "support/scripted-main.ts"],
    entryNames: "[name]",
    outdir: out,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = names.map((name) => join(out, name.replace(/\.ts$/, ".cjs")));
  const { status } = spawnSync(process.execPath, ["--test", "--test-timeout=60000", "--enable-source-maps", ...files], {
    cwd: dirname(here),
    stdio: "inherit",
  });
  process.exitCode = status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
