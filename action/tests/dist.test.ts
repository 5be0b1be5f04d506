import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
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
      assert.doesNotMatch(text, /\beval\(|process\.exit\(|new Function\(|node:(?:http|https|net|tls|dgram)"/);
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

function bundle(out: string): string {
  const { status, stderr } = spawnSync(process.execPath, ["build.mjs", "--out", out], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return out;
}

function start(dist: string, cwd: string) {
  return spawnSync(process.execPath, [join(dist, "cli.cjs"), "status"], { cwd, encoding: "utf8", env: {} });
}
