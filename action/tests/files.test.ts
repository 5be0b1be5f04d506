import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { perform } from "../src/effects";
import type { Completion, Fault } from "../src/generated/protocol";
import { folder, shell, worldOf } from "./support/world";

const never = new AbortController().signal;
const asRoot = process.getuid?.() === 0;

function assertFailed(completion: Completion, fault: Fault): void {
  assert.ok(completion.type === "failed" && completion.fault === fault, JSON.stringify(completion));
}

describe("reading a file", () => {
  it("gives its text byte for byte", async (t) => {
    const path = join(folder(t), "f");
    for (const text of ["", "\ufeffa\r\nb\0ä𝄞", "x".repeat(200_000)]) {
      writeFileSync(path, text);
      const limit = Buffer.byteLength(text);
      assert.deepEqual(await perform({ type: "read-file", path, limit }, worldOf(t), never), { type: "read", text });
    }
  });

  it("fails as too-large one byte above the limit", async (t) => {
    const path = join(folder(t), "f");
    writeFileSync(path, "x".repeat(101));
    assertFailed(await perform({ type: "read-file", path, limit: 100 }, worldOf(t), never), "too-large");
  });

  it("fails as not-text where it is not UTF-8", async (t) => {
    const path = join(folder(t), "f");
    writeFileSync(path, Buffer.from([0x61, 0xff]));
    assertFailed(await perform({ type: "read-file", path, limit: 100 }, worldOf(t), never), "not-text");
  });

  it("fails as not-found where there is none", async (t) => {
    const path = join(folder(t), "f");
    assertFailed(await perform({ type: "read-file", path, limit: 100 }, worldOf(t), never), "not-found");
  });

  it("fails at once at a folder, and at a pipe that nobody writes to", async (t) => {
    const path = join(folder(t), "pipe");
    execFileSync("mkfifo", [path]);
    for (const wrong of [join(path, ".."), path]) {
      assertFailed(await perform({ type: "read-file", path: wrong, limit: 100 }, worldOf(t), never), "other");
    }
  });

  it("fails as denied where it may not be read", { skip: asRoot && "root may read everything" }, async (t) => {
    const path = join(folder(t), "f");
    writeFileSync(path, "");
    chmodSync(path, 0);
    assertFailed(await perform({ type: "read-file", path, limit: 100 }, worldOf(t), never), "denied");
  });
});

describe("writing a file", () => {
  it("makes the folders, sets the mode whatever the umask, and leaves nothing else", async (t) => {
    const path = join(folder(t), "a/b/f");
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    const content = { type: "text", text: "ä\n" } as const;
    assert.deepEqual(
      await perform({ type: "write-file", path, content, mode: 0o664, durable: true }, worldOf(t), never),
      {
        type: "written",
      },
    );
    assert.equal(readFileSync(path, "utf8"), "ä\n");
    assert.equal(statSync(path).mode & 0o777, 0o664);
    assert.deepEqual(readdirSync(join(path, "..")), ["f"]);
  });

  it("puts another file in the old one's place", async (t) => {
    const path = join(folder(t), "f");
    writeFileSync(path, "old and longer");
    const before = statSync(path).ino;
    const content = { type: "text", text: "new" } as const;
    await perform({ type: "write-file", path, content, mode: 0o600, durable: true }, worldOf(t), never);
    assert.equal(readFileSync(path, "utf8"), "new");
    assert.notEqual(statSync(path).ino, before);
  });

  it("writes a secret as it is, and blots it from then on", async (t) => {
    const path = join(folder(t), "f");
    const world = worldOf(t, { KEY: "secret\nkey\n" });
    await perform(
      { type: "write-file", path, content: { type: "secret", name: "KEY" }, mode: 0o600, durable: true },
      world,
      never,
    );
    assert.equal(readFileSync(path, "utf8"), "secret\nkey\n");
    const said = await perform(shell(`cat ${path}`), world, never);
    assert.ok(said.type === "exited" && said.stdout === "***", JSON.stringify(said));
  });

  it("touches nothing where the secret is not set", async (t) => {
    const path = join(folder(t), "a/f");
    const content = { type: "secret", name: "KEY" } as const;
    assertFailed(
      await perform({ type: "write-file", path, content, mode: 0o600, durable: true }, worldOf(t), never),
      "secret-missing",
    );
    assert.throws(() => statSync(join(path, "..")));
  });

  it("leaves no temporary file behind where it fails", async (t) => {
    const path = join(folder(t), "f");
    mkdirSync(join(path, "in-the-way"), { recursive: true });
    const content = { type: "text", text: "x" } as const;
    assertFailed(
      await perform({ type: "write-file", path, content, mode: 0o600, durable: true }, worldOf(t), never),
      "other",
    );
    assert.deepEqual(readdirSync(join(path, "..")), ["f"]);
  });
});

describe("variables that are not set", () => {
  it("are found without a look at what the others hold", async (t) => {
    const world = worldOf(t, { A: "the value", EMPTY: "" });
    const completion = await perform({ type: "find-unset", names: ["A", "EMPTY", "NO-SUCH"] }, world, never);
    assert.deepEqual(completion, { type: "unset", names: ["EMPTY", "NO-SUCH"] });
    assert.deepEqual(world.masked, []);
  });
});

describe("a fingerprint", () => {
  const effect = { type: "fingerprint", names: ["A", "EMPTY", "NONE"], key: "key" } as const;

  it("is the HMAC-SHA-256 of each value under the kept key", async (t) => {
    const world = worldOf(t, { A: "the value", EMPTY: "" });
    await perform(shell("echo k3y-k3y", { keepAs: "key" }), world, never);
    const expected = createHmac("sha256", "k3y-k3y").update("the value").digest("hex");
    const completion = await perform({ ...effect, names: [...effect.names] }, world, never);
    assert.deepEqual(completion, { type: "fingerprinted", values: { A: expected, EMPTY: null, NONE: null } });
    assert.deepEqual(world.masked, ["k3y-k3y", "the value"]);
  });

  it("fails where no key is kept, or an empty one", async (t) => {
    const world = worldOf(t, { A: "the value" });
    assertFailed(await perform({ ...effect, names: [...effect.names] }, world, never), "secret-missing");
    await perform(shell("echo", { keepAs: "key" }), world, never);
    assertFailed(await perform({ ...effect, names: [...effect.names] }, world, never), "secret-missing");
  });
});

describe("a file with members put in", () => {
  const patched = async (t: Parameters<typeof folder>[0], before: string | null, patch: unknown) => {
    const [path, out] = ["in.json", "out.json"].map((name) => join(folder(t), name)) as [string, string];
    if (before !== null) writeFileSync(path, before);
    const content = { type: "patched", path, patch: JSON.stringify(patch) } as const;
    const completion = await perform(
      { type: "write-file", path: out, content, mode: 0o600, durable: false },
      worldOf(t),
      never,
    );
    return completion.type === "written" ? JSON.parse(readFileSync(out, "utf8")) : completion;
  };

  it("keeps what is not named, puts in member by member, and removes by null", async (t) => {
    const before = { auths: { a: { auth: "1" }, b: { auth: "2" } }, proxies: {}, credsStore: "x" };
    const patch = { auths: { a: null }, credHelpers: { a: "cd" }, credsStore: "y" };
    const expected = { auths: { b: { auth: "2" } }, proxies: {}, credsStore: "y", credHelpers: { a: "cd" } };
    assert.deepEqual(await patched(t, JSON.stringify(before), patch), expected);
  });

  it("begins empty where there is no file, and where a member is no object", async (t) => {
    assert.deepEqual(await patched(t, null, { a: { b: null, c: 1 } }), { a: { c: 1 } });
    assert.deepEqual(await patched(t, '{"a":[1]}', { a: { c: 1 } }), { a: { c: 1 } });
  });

  it("says of a file that is not JSON only that it is none", async (t) => {
    const completion = await patched(t, '{"secret":', {});
    assertFailed(completion, "other");
    assert.ok(!JSON.stringify(completion).includes("secret"));
  });

  it("takes no member for a property of all objects", async (t) => {
    const patch = JSON.parse('{"__proto__":{"polluted":1}}');
    await patched(t, "{}", patch);
    assert.equal(({} as Record<string, unknown>).polluted, undefined);
  });
});
