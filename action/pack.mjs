/**
 * Makes the command line for those who do not run it as an action: `node pack.mjs [FOLDER]`, by default `target/package`.
 *
 * `cd-action.cjs` is one file with all in it, to copy into a repository. `npm/` is a package: the files of `dist/`, byte for byte, and
 * what npm wants to know. Neither is committed, since `dist/` is, and both follow from it.
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const out = resolve(process.argv[2] ?? join(root, "target/package"));
const npm = join(out, "npm");

rmSync(npm, { recursive: true, force: true });
mkdirSync(npm, { recursive: true });
for (const [from, to] of [
  ["dist/cli.cjs", "cli.cjs"],
  ["dist/core/core.wasm", "core/core.wasm"],
  ["README.md", "README.md"],
  ["LICENSE", "LICENSE"],
  ["LICENSE-APACHE", "LICENSE-APACHE"],
  ["LICENSE-MIT", "LICENSE-MIT"],
]) {
  mkdirSync(dirname(join(npm, to)), { recursive: true });
  copyFileSync(join(root, from), join(npm, to));
}
writeFileSync(join(npm, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);

const single = spawnSync(process.execPath, [join(here, "build.mjs"), "--single", join(out, "cd-action.cjs")], {
  stdio: "inherit",
});
if (single.status !== 0) process.exit(1);

/** The workspace's version is the one that counts; it stands nowhere else. */
function manifest() {
  const workspace = /^\[workspace\.package\]$([^[]*)/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1] ?? "";
  const version = /^version = "([^"]+)"$/m.exec(workspace)?.[1];
  if (version === undefined) throw new Error("Cargo.toml has no version in [workspace.package]");
  return {
    name: "cd-action",
    version,
    description: "Takes a merge to running, proven and reversible.",
    license: "MIT OR Apache-2.0",
    bin: { "cd-action": "cli.cjs" },
    files: ["cli.cjs", "core/core.wasm", "LICENSE-APACHE", "LICENSE-MIT"],
    engines: JSON.parse(readFileSync(join(here, "package.json"), "utf8")).engines,
  };
}
