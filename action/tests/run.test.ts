import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { endAll, perform } from "../src/effects";
import type { Completion } from "../src/generated/protocol";
import { folder, isAlive, runOf, shell, until, worldOf } from "./support/world";

const never = new AbortController().signal;

type Ended = Extract<Completion, { type: "exited" | "timed-out" }>;

function ended(completion: Completion): Ended {
  assert.ok(completion.type === "exited" || completion.type === "timed-out", JSON.stringify(completion));
  return completion;
}

describe("a process", () => {
  it("hands back its exit code, stdout and stderr apart", async (t) => {
    const completion = await perform(shell("echo out; echo err >&2; exit 7"), worldOf(t), never);
    assert.deepEqual(completion, { type: "exited", code: 7, signal: null, stdout: "out\n", stderr: "err\n" });
  });

  it("hands back the signal that ended it", async (t) => {
    const completion = await perform(shell("kill -9 $$"), worldOf(t), never);
    assert.deepEqual(completion, { type: "exited", code: null, signal: "SIGKILL", stdout: "", stderr: "" });
  });

  it("gets its arguments byte for byte, with no shell between", async (t) => {
    const hostile = ["$(id)", "`id`", "a b", "", "'", '"', "\\", "*", "-n", "\n", "ä;|&"];
    const program = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const run = runOf([process.execPath, "-e", program, "--", ...hostile]);
    assert.deepEqual(JSON.parse(ended(await perform(run, worldOf(t), never)).stdout), hostile);
  });

  it("gets exactly the environment that was said", async (t) => {
    const env = { FOO: { type: "text", text: "a=b\nc" }, __proto__x: { type: "text", text: "" } } as const;
    const world = worldOf(t, { INHERITED: "yes", FOO: "not this", OTHER: "not this either" });
    const program = "process.stdout.write(JSON.stringify(process.env))";
    const run = runOf([process.execPath, "-e", program], { env, inherit: ["INHERITED", "FOO", "NOT_SET"] });
    const seen = ended(await perform(run, world, never)).stdout;
    assert.deepEqual(JSON.parse(seen), { FOO: "a=b\nc", __proto__x: "", INHERITED: "yes" });
  });

  it("is looked up in the run's PATH, not in the child's", async (t) => {
    const bin = folder(t);
    writeFileSync(join(bin, "only-here"), '#!/bin/sh\necho "$0 $PATH"\n', { mode: 0o755 });
    const env = { PATH: { type: "text", text: "/nowhere" } } as const;
    const world = worldOf(t, { PATH: `:relative:${bin}` });
    const completion = await perform(runOf(["only-here"], { env }), world, never);
    assert.equal(ended(completion).stdout, `${bin}/only-here /nowhere\n`);
  });

  it("sees the name that it was called by", async (t) => {
    const run = runOf(["sh", "-c", "tr '\\0' ' ' </proc/$$/cmdline"], { inherit: ["PATH"] });
    assert.match(ended(await perform(run, worldOf(t), never)).stdout, /^sh -c /);
  });

  it("fails as not-found where there is no such program", async (t) => {
    for (const name of ["no-such-program", "/no/such/program", ""]) {
      const completion = await perform(runOf([name]), worldOf(t), never);
      assert.ok(completion.type === "failed" && completion.fault === "not-found", JSON.stringify(completion));
    }
  });

  it("fails as denied where the program cannot be executed", async (t) => {
    const bin = folder(t);
    writeFileSync(join(bin, "data"), "x");
    mkdirSync(join(bin, "sub"));
    for (const name of [join(bin, "data"), "data", bin]) {
      const completion = await perform(runOf([name]), worldOf(t, { PATH: bin }), never);
      assert.ok(completion.type === "failed" && completion.fault === "denied", JSON.stringify(completion));
    }
  });

  it("fails as too-large where the arguments are longer than the system allows", async (t) => {
    const completion = await perform(runOf(["true", "x".repeat(4_000_000)]), worldOf(t), never);
    assert.ok(completion.type === "failed" && completion.fault === "too-large", JSON.stringify(completion));
  });

  it("fails as other where an argument cannot be said to the system", async (t) => {
    const completion = await perform(runOf(["true", "a\0b"]), worldOf(t), never);
    assert.ok(completion.type === "failed" && completion.fault === "other", JSON.stringify(completion));
  });

  it("has a process group of its own", async (t) => {
    const completion = await perform(shell("cut -d ' ' -f 5 /proc/$$/stat; echo $$"), worldOf(t), never);
    const [group, pid] = ended(completion).stdout.split("\n");
    assert.equal(group, pid);
  });
});

describe("standard input", () => {
  it("is closed where there is none", async (t) => {
    assert.equal(ended(await perform(shell("wc -c"), worldOf(t), never)).stdout.trim(), "0");
  });

  it("takes a long text", async (t) => {
    const text = randomBytes(3_000_000).toString("base64");
    const run = shell("sha256sum", { stdin: { type: "text", text } });
    const sum = createHash("sha256").update(text).digest("hex");
    assert.equal(ended(await perform(run, worldOf(t), never)).stdout.split(" ")[0], sum);
  });

  it("need not be read", async (t) => {
    const run = shell("exit 3", { stdin: { type: "text", text: "x".repeat(1_000_000) } });
    assert.equal((await perform(run, worldOf(t), never)).type, "exited");
  });

  it("takes an archive that tar unpacks, with modes, owners and bytes", async (t) => {
    const out = folder(t);
    const files = [
      { path: "top", mode: 0o600, uid: 12, gid: 34, content: { type: "text", text: "" } },
      { path: "a/b/c.txt", mode: 0o644, uid: 0, gid: 0, content: { type: "text", text: "ä".repeat(1000) } },
      { path: "a/b/key", mode: 0o400, uid: 99, gid: 99, content: { type: "secret", name: "KEY" } },
      { path: `a/${"x".repeat(98)}`, mode: 0o755, uid: 1, gid: 2, content: { type: "text", text: "y".repeat(512) } },
    ] as const;
    const list = runOf(["tar", "-tvf", "-", "--numeric-owner", "--full-time", "--utc"], {
      stdin: { type: "tar", files: [...files] },
    });
    const world = worldOf(t, { KEY: "line one\nline two\n" });
    const completion = ended(await perform(list, world, never));
    const rows = completion.stdout.trim().split("\n");
    assert.deepEqual(
      rows.map((row) => row.replace(/ +/g, " ")),
      [
        "-rw------- 12/34 0 1970-01-01 00:00:00 top",
        "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 a/",
        "drwxr-xr-x 0/0 0 1970-01-01 00:00:00 a/b/",
        "-rw-r--r-- 0/0 2000 1970-01-01 00:00:00 a/b/c.txt",
        "-r-------- 99/99 18 1970-01-01 00:00:00 a/b/key",
        `-rwxr-xr-x 1/2 512 1970-01-01 00:00:00 a/${"x".repeat(98)}`,
      ],
    );
    assert.equal(completion.stderr, "");
    await perform({ ...list, argv: ["tar", "-xf", "-", "-C", out] }, world, never);
    assert.equal(readFileSync(join(out, "a/b/c.txt"), "utf8"), "ä".repeat(1000));
    assert.equal(readFileSync(join(out, "a/b/key"), "utf8"), "line one\nline two\n");
  });

  it("refuses an archive that the format cannot hold", async (t) => {
    const file = { path: "f", mode: 0o644, uid: 0, gid: 0, content: { type: "text", text: "" } } as const;
    for (const wrong of [{ path: "x".repeat(101) }, { path: `${"é".repeat(50)}x` }, { uid: 0o10000000 }]) {
      const run = shell("cat >/dev/null", { stdin: { type: "tar", files: [{ ...file, ...wrong }] } });
      const completion = await perform(run, worldOf(t), never);
      assert.ok(completion.type === "failed" && completion.fault === "too-large", JSON.stringify(completion));
    }
  });
});

describe("what a process says", () => {
  it("is kept by its last bytes", async (t) => {
    const run = shell("seq 1 200000; seq 1 1000 >&2", { outputLimit: 20 });
    const { stdout, stderr } = ended(await perform(run, worldOf(t), never));
    assert.equal(stdout, "99998\n199999\n200000\n");
    assert.equal(Buffer.byteLength(stderr), 20);
  });

  it("is not cut within a character", async (t) => {
    const run = shell("printf 'ääää'", { outputLimit: 5 });
    assert.equal(ended(await perform(run, worldOf(t), never)).stdout, "ää");
  });

  it("is nothing where nothing may be kept", async (t) => {
    const run = shell("echo hello", { outputLimit: 0 });
    assert.equal(ended(await perform(run, worldOf(t), never)).stdout, "");
  });

  it("may hold bytes that are no UTF-8", async (t) => {
    const completion = await perform(shell("printf 'a\\377b'"), worldOf(t), never);
    assert.equal(ended(completion).stdout, "a\ufffdb");
  });

  it("is blotted", async (t) => {
    const world = worldOf(t, { TOKEN: "hunter2hunter2" });
    const env = { TOKEN: { type: "secret", name: "TOKEN" } } as const;
    const script =
      'echo "plain $TOKEN"; printf %s "$TOKEN" | base64 >&2; printf %s "$TOKEN" | od -An -tx1 | tr -d " \\n"';
    const completion = await perform(shell(script, { env }), world, never);
    assert.deepEqual(completion, { type: "exited", code: 0, signal: null, stdout: "plain ***\n***", stderr: "***\n" });
    assert.deepEqual(world.masked, ["hunter2hunter2"]);
  });

  it("shows no end of a secret that the limit cuts", async (t) => {
    const world = worldOf(t, { TOKEN: "0123456789abcdefghij" });
    const env = { TOKEN: { type: "secret", name: "TOKEN" } } as const;
    for (const outputLimit of [3, 8, 12, 19, 23, 30]) {
      const run = shell('for i in 1 2 3 4 5 6 7 8 9; do printf "%s" "$TOKEN"; done; echo end', { env, outputLimit });
      const { stdout } = ended(await perform(run, world, never));
      assert.match(stdout, /^(\*\*\*)?e?nd\n$/, `limit ${outputLimit}: ${stdout}`);
    }
  });

  it("is handed back as it is where it is what earlier runs wrote, and only where that went well", async (t) => {
    const world = worldOf(t, { TOKEN: "committed" });
    world.secrets.reveal("TOKEN");
    const recalled = await perform(shell("echo committed", { recall: true }), world, never);
    assert.deepEqual(recalled, { type: "recalled", stdout: "committed\n" });
    const failed = await perform(shell("echo committed; exit 1", { recall: true }), world, never);
    assert.equal(ended(failed).stdout, "***\n");
  });

  it("can be kept in the shell, and is a secret from then on", async (t) => {
    const world = worldOf(t);
    const kept = await perform(shell("echo; echo the-key; echo", { keepAs: "key" }), world, never);
    assert.deepEqual(kept, { type: "exited", code: 0, signal: null, stdout: "", stderr: "" });
    assert.equal(world.secrets.kept("key"), "the-key");
    assert.equal(ended(await perform(shell("echo the-key"), world, never)).stdout, "***\n");
  });
});

describe("a secret as lines of text", () => {
  for (const value of ["one\r\ntwo", "one\ntwo", "one\ntwo\n"]) {
    it(`ends every line in a newline (${JSON.stringify(value)})`, async (t) => {
      const path = join(folder(t), "key");
      const world = worldOf(t, { SSH_KEY: value });
      const content = { type: "lines", name: "SSH_KEY" } as const;
      await perform({ type: "write-file", path, content, mode: 0o600, durable: true }, world, never);
      assert.equal(readFileSync(path, "utf8"), "one\ntwo\n");
    });
  }
});

describe("a secret that is not set", () => {
  for (const value of [undefined, ""]) {
    it(`starts nothing (${JSON.stringify(value)})`, async (t) => {
      const mark = join(folder(t), "started");
      const world = worldOf(t, value === undefined ? {} : { TOKEN: value });
      const secret = { type: "secret", name: "TOKEN" } as const;
      const file = { path: "f", mode: 0o600, uid: 0, gid: 0, content: secret };
      const touch = `touch ${mark}`;
      for (const run of [
        shell(touch, { env: { A: secret } }),
        shell(touch, { stdin: { type: "tar", files: [file] } }),
      ]) {
        const completion = await perform(run, world, never);
        assert.ok(completion.type === "failed" && completion.fault === "secret-missing", JSON.stringify(completion));
        assert.match(completion.message, /TOKEN/);
      }
      assert.ok(!existsSync(mark));
    });
  }

  it("is told from one that is too short to be blotted", async (t) => {
    const world = worldOf(t, { PIN: "123" });
    const run = shell('echo "$PIN"', { env: { PIN: { type: "secret", name: "PIN" } } });
    for (const _ of [1, 2]) assert.equal(ended(await perform(run, world, never)).stdout, "123\n");
    assert.deepEqual(world.warned, ["PIN"]);
  });
});

describe("a time limit", { concurrency: true }, () => {
  it("ends the process and keeps what it had said", async (t) => {
    const completion = await perform(shell("echo begun; sleep 60", { timeout: 300 }), worldOf(t), never);
    assert.deepEqual(completion, { type: "timed-out", stdout: "begun\n", stderr: "" });
  });

  it("ends a process that does not listen", async (t) => {
    const script = "trap '' TERM; echo $$; while :; do sleep 1; done";
    const { type, stdout } = ended(await perform(shell(script, { timeout: 300 }), worldOf(t), never));
    assert.equal(type, "timed-out");
    assert.ok(!isAlive(Number(stdout)));
  });

  it("ends what the process has started, too, even where that does not listen", async (t) => {
    const script = "(trap '' TERM; exec sleep 60) >/dev/null 2>&1 & echo $!; sleep 60";
    const { type, stdout } = ended(await perform(shell(script, { timeout: 300 }), worldOf(t), never));
    assert.equal(type, "timed-out");
    await until(() => !isAlive(Number(stdout)));
  });
});

describe("the end of a process", { concurrency: true }, () => {
  it("does not wait for a grandchild that holds its pipes, and ends it", async (t) => {
    const { type, stdout } = ended(await perform(shell("sleep 60 & echo $!; exit 5"), worldOf(t), never));
    assert.equal(type, "exited");
    await until(() => !isAlive(Number(stdout)));
  });

  it("does not wait for one that has left the group either", async (t) => {
    const completion = ended(await perform(shell("setsid sleep 60 & sleep 0.2; echo $!; exit 5"), worldOf(t), never));
    assert.ok(completion.type === "exited" && completion.code === 5);
    process.kill(Number(completion.stdout), "SIGKILL");
  });

  it("leaves a grandchild alone that holds nothing", async (t) => {
    const { stdout } = ended(await perform(shell("sleep 60 >/dev/null 2>&1 & echo $!"), worldOf(t), never));
    assert.ok(isAlive(Number(stdout)));
    process.kill(Number(stdout), "SIGKILL");
  });
});

describe("an abort", { concurrency: true }, () => {
  it("ends the process, which completes as what it ended as", async (t) => {
    const abort = new AbortController();
    const script = "trap 'echo tidied; exit 9' TERM; echo ready; while :; do sleep 0.05; done 2>/dev/null";
    const pending = perform(shell(script), worldOf(t), abort.signal);
    setTimeout(() => abort.abort(), 400);
    const completion = await pending;
    assert.deepEqual(completion, { type: "exited", code: 9, signal: null, stdout: "ready\ntidied\n", stderr: "" });
  });

  it("ends one that does not listen, and it is no time limit", async (t) => {
    const abort = new AbortController();
    const run = shell("trap '' TERM; while :; do sleep 0.05; done", { timeout: 1000 });
    const pending = perform(run, worldOf(t), abort.signal);
    setTimeout(() => abort.abort(), 300);
    assert.deepEqual(await pending, { type: "exited", code: null, signal: "SIGKILL", stdout: "", stderr: "" });
  });
});

describe("a process that is held open", { concurrency: true }, () => {
  it("completes when its path is there, runs on, and is ended at the end", async (t) => {
    const path = join(folder(t), "ready");
    const world = worldOf(t);
    const run = shell(`echo $$ >${path}.tmp; mv ${path}.tmp ${path}; while :; do echo x; sleep 0.01; done`, {
      hold: path,
    });
    assert.deepEqual(await perform({ ...run, timeout: 5000 }, world, never), { type: "opened" });
    const pid = Number(readFileSync(path, "utf8"));
    assert.ok(isAlive(pid));
    await endAll(world);
    assert.ok(!isAlive(pid));
    assert.equal(world.children.size, 0);
  });

  it("can be found by the runner, which ends what a killed run has left; others need not be", async (t) => {
    const path = join(folder(t), "ready");
    const script = `echo "$RUNNER_TRACKING_ID" | tee ${path}.tmp; mv ${path}.tmp ${path}`;
    const world = worldOf(t, { RUNNER_TRACKING_ID: "github_1234" });
    await perform(shell(`${script}; sleep 60`, { hold: path }), world, never);
    assert.equal(readFileSync(path, "utf8"), "github_1234\n");
    assert.equal(ended(await perform(shell(script), world, never)).stdout, "\n");
  });

  it("completes as what it ended as where it ends first", async (t) => {
    const run = shell("echo refused >&2; exit 255", { hold: join(folder(t), "never") });
    const completion = await perform(run, worldOf(t), never);
    assert.deepEqual(completion, { type: "exited", code: 255, signal: null, stdout: "", stderr: "refused\n" });
  });

  it("is ended where its path does not come in time", async (t) => {
    const run = shell("echo $$; sleep 60", { hold: join(folder(t), "never"), timeout: 300 });
    const { type, stdout } = ended(await perform(run, worldOf(t), never));
    assert.equal(type, "timed-out");
    assert.ok(!isAlive(Number(stdout)));
  });

  it("can be aborted after it was opened", async (t) => {
    const path = join(folder(t), "ready");
    const abort = new AbortController();
    await perform(shell(`echo $$ >${path}; sleep 60`, { hold: path }), worldOf(t), abort.signal);
    await until(() => readFileSync(path, "utf8") !== "");
    abort.abort();
    await until(() => !isAlive(Number(readFileSync(path, "utf8"))));
  });
});

describe("the end of a run", () => {
  it("ends whatever still runs, also what does not listen", async (t) => {
    const world = worldOf(t);
    const mark = join(folder(t), "pid");
    const pending = perform(shell(`trap '' TERM; echo $$ >${mark}; while :; do sleep 0.05; done`), world, never);
    await until(() => existsSync(mark) && readFileSync(mark, "utf8") !== "");
    await endAll(world);
    assert.ok(!isAlive(Number(readFileSync(mark, "utf8"))));
    assert.equal((await pending).type, "exited");
  });
});

describe("a program that appears without permission to run", () => {
  it("is denied even where a later folder has none", async (t) => {
    const bin = folder(t);
    writeFileSync(join(bin, "tool"), "#!/bin/sh\n");
    chmodSync(join(bin, "tool"), 0o644);
    const completion = await perform(runOf(["tool"]), worldOf(t, { PATH: `${bin}:/nowhere` }), never);
    assert.ok(completion.type === "failed" && completion.fault === "denied");
  });
});
