import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Done, drive, type Hands } from "../src/drive";
import { VERSION } from "../src/generated/needs";
import type { Begin, Completion, Effect, Emit, Input } from "../src/generated/protocol";
import { createInbox, type Inbox } from "../src/inbox";
import { createJournal } from "../src/journal";
import { done, idle, type Step, scriptedCore } from "./support/scripted";
import { folder, until } from "./support/world";

const begin: Begin = {
  program: "cd-action",
  argv: ["plan"],
  inputs: {},
  env: {},
  platform: "command-line",
  workspace: "/w",
  scratch: "/s",
  reports: "/r",
  holder: "local:me@here:1-2",
  journal: "/j",
};

interface Drive {
  readonly ended: Promise<Done>;
  readonly inbox: Inbox<Input>;
  readonly heard: Array<{ now: number; input: Input }>;
  readonly said: Emit[];
  readonly journal: () => unknown[];
}

/** Drives a scripted core whose effects complete as `perform` says. */
function driven(t: TestContext, script: readonly Step[], overrides: Partial<Hands> = {}): Drive {
  const path = join(folder(t), "reports/journal.jsonl");
  const heard: Drive["heard"] = [];
  const said: Emit[] = [];
  const blot = overrides.blot ?? ((text: string) => text);
  const journal = createJournal(() => path, blot, assert.fail);
  journal.open();
  const hands: Hands = {
    now: Date.now,
    hear: () => {},
    blot,
    journal,
    emit: (emit) => said.push(emit),
    flush: () => {},
    perform: async () => written,
    ...overrides,
  };
  const inbox = createInbox<Input>();
  const core = scriptedCore(script, (now, input) => heard.push({ now, input }));
  return {
    ended: drive(Promise.resolve(core), begin, hands, inbox),
    inbox,
    heard,
    said,
    journal: () =>
      readFileSync(path, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
  };
}

const written: Completion = { type: "written" };
const write: Effect = {
  type: "write-file",
  path: "/x",
  content: { type: "text", text: "" },
  mode: 0o600,
  durable: true,
};

describe("the loop", () => {
  it("begins, says what it is told, and ends as the core says", async (t) => {
    const words: Emit = { type: "log", level: "info", text: "hello" };
    const run = driven(t, [{ on: "begin", answer: [{ type: "emit", emit: words }, done(0)] }]);
    assert.deepEqual(await run.ended, done(0));
    assert.deepEqual(run.said, [words]);
    assert.deepEqual(
      run.heard.map(({ input }) => input),
      [{ type: "begin", ...begin }],
    );
  });

  it("carries effects out at the same time and hands completions in as they come", async (t) => {
    const finish: Array<() => void> = [];
    const run = driven(
      t,
      [
        { on: "begin", answer: [1, 2, 3].map((id) => ({ type: "effect" as const, id, effect: write })).concat() },
        { on: "completed", id: 1, answer: [done()] },
      ],
      { perform: () => new Promise((resolve) => finish.push(() => resolve(written))) },
    );
    await until(() => finish.length === 3);
    for (const index of [2, 1, 0]) finish[index]?.();
    await run.ended;
    assert.deepEqual(
      run.heard.slice(1).map(({ input }) => input.type === "completed" && input.id),
      [3, 2, 1],
    );
  });

  it("hands in a tick when the time has come, and not before", async (t) => {
    const wakeAt = Date.now() + 150;
    const run = driven(t, [
      { on: "begin", answer: [idle(wakeAt)] },
      { on: "tick", answer: [idle(wakeAt)] },
      { on: "tick", answer: [done()] },
    ]);
    await run.ended;
    assert.ok((run.heard.at(-1)?.now ?? 0) >= wakeAt - 1);
  });

  it("does not mind a time that is past or very far away", async (t) => {
    const past = driven(t, [
      { on: "begin", answer: [idle(0)] },
      { on: "tick", answer: [done()] },
    ]);
    await past.ended;
    const far = driven(t, [
      { on: "begin", answer: [idle(Date.now() + 1e12)] },
      { on: "cancel", answer: [done()] },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(far.heard.length, 1);
    far.inbox.put({ type: "cancel", grace: 1 });
    await far.ended;
  });

  it("passes an abort on to the effect it names", async (t) => {
    const aborted: string[] = [];
    const run = driven(
      t,
      [
        {
          on: "begin",
          answer: [
            { type: "effect", id: 1, effect: write },
            { type: "effect", id: 2, effect: { ...write, path: "/y" } },
            { type: "abort", id: 2 },
            { type: "abort", id: 77 },
            idle(),
          ],
        },
        { on: "completed", id: 2, answer: [done()] },
      ],
      {
        perform: (effect, signal) =>
          new Promise((resolve) => {
            signal.addEventListener("abort", () => {
              aborted.push(effect.type === "write-file" ? effect.path : "");
              resolve(written);
            });
          }),
      },
    );
    await run.ended;
    assert.deepEqual(aborted, ["/y"]);
  });

  it("blots every input before the core sees it", async (t) => {
    const completion: Completion = { type: "exited", code: 0, signal: null, stdout: "a secret", stderr: "secret" };
    const run = driven(
      t,
      [
        { on: "begin", answer: [{ type: "effect", id: 1, effect: write }, idle()] },
        { on: "completed", id: 1, answer: [done()] },
      ],
      { perform: async () => completion, blot: (text) => text.replaceAll("secret", "***").replaceAll("plan", "###") },
    );
    await run.ended;
    const [first, second] = run.heard.map(({ input }) => input);
    assert.deepEqual(first?.type === "begin" && first.argv, ["###"]);
    assert.deepEqual(second, {
      type: "completed",
      id: 1,
      completion: { ...completion, stdout: "a ***", stderr: "***" },
    });
  });

  it("ends with the bug of an effect", async (t) => {
    const run = driven(t, [{ on: "begin", answer: [{ type: "effect", id: 1, effect: write }, idle()] }], {
      perform: async () => assert.fail("a bug"),
    });
    await assert.rejects(run.ended, /a bug/);
  });

  it("ends with the core's own words where it throws", async (t) => {
    await assert.rejects(driven(t, [{ on: "begin", fail: "index out of bounds" }]).ended, /index out of bounds/);
  });

  it("does not wait for nothing", async (t) => {
    await assert.rejects(driven(t, [{ on: "begin", answer: [idle()] }]).ended, /nothing is under way/);
  });

  it("knows every word of the core, or says which one it does not", async (t) => {
    const alien = { type: "teleport" } as unknown as Done;
    await assert.rejects(driven(t, [{ on: "begin", answer: [alien] }]).ended, /teleport/);
  });
});

describe("the journal", () => {
  it("has each input before the core sees it, and each output before it is carried out", async (t) => {
    const seen: unknown[][] = [];
    const run: Drive = driven(
      t,
      [
        { on: "begin", answer: [{ type: "effect", id: 1, effect: write }, idle()] },
        { on: "completed", id: 1, answer: [done()] },
      ],
      {
        perform: async () => {
          await Promise.resolve(); // `run` is there
          seen.push(run.journal());
          return written;
        },
      },
    );
    await run.ended;
    const [effectAt = []] = seen;
    assert.deepEqual(effectAt, run.journal().slice(0, 2));
    assert.deepEqual(run.journal(), [
      { version: VERSION, ...(run.heard[0] as object) },
      { outputs: [{ type: "effect", id: 1, effect: write }, idle()] },
      run.heard[1],
      { outputs: [done()] },
    ]);
  });

  it("blots outputs, but not their tags", async (t) => {
    const words: Emit = { type: "log", level: "info", text: "the log of done" };
    const run = driven(t, [{ on: "begin", answer: [{ type: "emit", emit: words }, done()] }], {
      blot: (text) => text.replaceAll(/log|done/g, "***"),
    });
    await run.ended;
    assert.deepEqual(run.journal()[1], {
      outputs: [{ type: "emit", emit: { ...words, text: "the *** of ***" } }, done()],
    });
  });

  it("is no file before the run acts, and then has all of it", (t) => {
    const path = join(folder(t), "a/b/journal.jsonl");
    const journal = createJournal(() => path, String, assert.fail);
    journal.input(1, { type: "tick" });
    assert.ok(!existsSync(path));
    journal.open();
    journal.open();
    journal.crash("oh");
    journal.close();
    assert.equal(readFileSync(path, "utf8"), '{"now":1,"input":{"type":"tick"}}\n{"crash":"oh"}\n');
  });

  it("says once that it cannot be written, and stops nobody", (t) => {
    const path = join(folder(t), "file");
    writeFileSync(path, "");
    const warnings: string[] = [];
    const journal = createJournal(
      () => join(path, "journal.jsonl"),
      String,
      (text) => warnings.push(text),
    );
    journal.open();
    journal.crash("oh");
    journal.open();
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /journal cannot be written/);
  });
});
