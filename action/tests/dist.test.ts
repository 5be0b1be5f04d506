import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { folder } from "./support/world";

/** Tests run in `action/`. */
const wasm = join(process.cwd(), "../dist/core/core.wasm");
const skip = !existsSync(wasm) && "SKIPPED: dist/core/core.wasm is not there; `cargo xtask wasm` builds it";

describe("the bundle", { skip }, () => {
  it("is the same bytes each time, and needs nothing but node", (t) => {
    const [one, two] = [bundle(folder(t)), bundle(folder(t))];
    for (const name of ["main.cjs", "cli.cjs", "metadata.cjs"]) {
      const text = readFileSync(join(one, name), "utf8");
      assert.equal(text, readFileSync(join(two, name), "utf8"));
      const modules = [...text.matchAll(/\brequire\(["']([^"']+)["']\)/g)].map(([, module]) => module ?? "");
      for (const module of modules) assert.ok(builtinModules.includes(module.replace(/^node:/, "")), module);
      assert.doesNotMatch(text, /\beval\(|process\.exit\(|new Function\(|node:(?:http2|net|tls|dgram)"/);
      // The network is reached by one effect, which loads it when it is first carried out.
      const network = text.match(/.*node:https?".*/g) ?? [];
      assert.deepEqual(
        network.map((line) => line.trim()),
        ['var http = () => require("node:http");', 'var https = () => require("node:https");'],
      );
      assert.ok(!text.includes(process.cwd()), "a path of this machine");
    }
  });

  it("loads the core that lies beside it", (t) => {
    const { status, stderr } = start(bundle(folder(t)), folder(t));
    assert.ok(status !== null && status <= 4, stderr);
    assert.doesNotMatch(stderr, /cd-action crashed/);
  });

  it("says so where the core does not lie beside it", (t) => {
    const dist = bundle(folder(t));
    rmSync(join(dist, "core/core.wasm"));
    const { status, stderr } = start(dist, folder(t));
    assert.equal(status, 4);
    assert.match(stderr, /^error: cd-action crashed\n {2}Error: ENOENT.*core\.wasm/);
  });
});

describe("the command line for everywhere else", { skip }, () => {
  it("is one file that needs no other, the same bytes each time", (t) => {
    const [one, two] = [pack(folder(t)), pack(folder(t))];
    const file = join(one, "cd-action.cjs");
    const text = readFileSync(file, "utf8");
    assert.equal(text, readFileSync(join(two, "cd-action.cjs"), "utf8"));
    assert.ok(text.startsWith("#!/usr/bin/env node\n"));
    assert.ok(!text.includes(process.cwd()), "a path of this machine");
    assert.ok(text.includes(readFileSync(wasm, "base64")), "the very module of dist/");
    const alone = folder(t);
    copyFileSync(file, join(alone, "cd-action.cjs"));
    const { status, stdout, stderr } = spawnSync(process.execPath, ["cd-action.cjs", "--help"], {
      cwd: alone,
      encoding: "utf8",
      env: {},
    });
    assert.equal(status, 0, stderr);
    assert.match(stdout + stderr, /usage: cd-action COMMAND/);
  });

  it("is a package that installs without a network, and runs by its name", (t) => {
    const out = pack(folder(t));
    const made = join(out, "npm");
    for (const name of ["cli.cjs", "core/core.wasm"]) {
      assert.ok(
        readFileSync(join(made, name)).equals(readFileSync(join(process.cwd(), "../dist", name))),
        `dist/${name}`,
      );
    }
    const { version } = JSON.parse(readFileSync(join(made, "package.json"), "utf8"));
    const cargo = readFileSync(join(process.cwd(), "../Cargo.toml"), "utf8");
    assert.equal(version, /\[workspace\.package\]\nversion = "(.*)"/.exec(cargo)?.[1], "one version");

    const packed = npm(out, "pack", "./npm", "--json", "--ignore-scripts");
    const [tarball] = JSON.parse(packed.stdout) as Array<{ filename: string; files: Array<{ path: string }> }>;
    const files = [
      "LICENSE",
      "LICENSE-APACHE",
      "LICENSE-MIT",
      "README.md",
      "cli.cjs",
      "core/core.wasm",
      "package.json",
    ];
    assert.deepEqual(tarball?.files.map(({ path }) => path).sort(), files);
    const project = folder(t);
    npm(project, "install", "--offline", "--no-audit", "--no-fund", join(out, tarball?.filename ?? ""));
    const asked = npm(project, "exec", "--offline", "--", "cd-action", "--help");
    assert.match(asked.stdout + asked.stderr, /usage: cd-action COMMAND/);
  });
});

function pack(out: string): string {
  const { status, stderr } = spawnSync(process.execPath, ["pack.mjs", out], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return out;
}

function npm(cwd: string, ...args: string[]) {
  const env = { ...process.env, npm_config_update_notifier: "false" };
  const result = spawnSync("npm", args, { cwd, encoding: "utf8", env });
  assert.equal(result.status, 0, result.stderr);
  return result;
}

function bundle(out: string): string {
  const { status, stderr } = spawnSync(process.execPath, ["build.mjs", "--out", out], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return out;
}

function start(dist: string, cwd: string) {
  return spawnSync(process.execPath, [join(dist, "cli.cjs"), "status"], { cwd, encoding: "utf8", env: {} });
}
