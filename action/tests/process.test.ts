import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import type { Effect, Emit, Output } from "../src/generated/protocol";
import { startShell } from "./support/process";
import { readFileCommands, readLog } from "./support/runner";
import { done, idle, type Step } from "./support/scripted";
import { isAlive, runOf, shell, until } from "./support/world";

const say = (emit: Emit): Output => ({ type: "emit", emit });
const log = (text: string): Output => say({ type: "log", level: "info", text });
const effect = (id: number, what: Effect): Output => ({ type: "effect", id, effect: what });

describe("a run that builds what lies in the working tree", { concurrency: true }, () => {
  const platform = "command-line";
  const seen: Step[] = [
    {
      on: "begin",
      answer: [effect(1, shell("ls -A {{workspace}} >{{workspace}}/seen; ls -A {{scratch}}/reports")), idle()],
    },
    { on: "completed", answer: [say({ type: "output", name: "outcome", value: "released" }), done(0)] },
  ];

  it("has nothing of its own there until it ends, and nothing of others", async (t) => {
    const run = startShell(t, seen, { platform, argv: ["release"], before: { ".cd-action/report-1.json": "{}" } });
    assert.equal((await run.ended).code, 0);
    assert.equal(readFileSync(join(run.cwd, "seen"), "utf8"), "seen\n");
    const { journal, scratch } = run.begin();
    assert.match(JSON.stringify(run.heard()[1]?.input), /"stdout":"journal-[^"]*\.jsonl\\nreport-1\.json\\n"/);
    const names = [".gitignore", basename(journal), "outputs.dotenv", "outputs.env", "report-1.json"];
    assert.deepEqual(readdirSync(join(run.cwd, ".cd-action")).sort(), names.sort());
    assert.equal(readFileSync(join(run.cwd, ".cd-action/.gitignore"), "utf8"), "*\n");
    assert.equal(readFileSync(journal, "utf8").trim().split("\n").length, 4);
    assert.equal(existsSync(scratch), false);
  });

  it("puts them back where it crashes, too", async (t) => {
    const script: Step[] = [
      { on: "begin", answer: [effect(1, shell("true")), idle()] },
      { on: "completed", fail: "oh" },
    ];
    const run = startShell(t, script, { platform, argv: ["release"], before: { ".cd-action/report-1.json": "{}" } });
    assert.equal((await run.ended).code, 4);
    assert.equal(readFileSync(join(run.cwd, ".cd-action/report-1.json"), "utf8"), "{}");
    assert.match(readFileSync(run.begin().journal, "utf8"), /"crash"/);
  });

  it("leaves them where they are in every other run", async (t) => {
    const run = startShell(t, seen, { platform, argv: ["deploy"] });
    assert.equal((await run.ended).code, 0);
    assert.equal(readFileSync(join(run.cwd, "seen"), "utf8"), ".cd-action\nseen\n");
  });
});

describe("the action", { concurrency: true }, () => {
  it("begins with what the runner says", async (t) => {
    const run = startShell(
      t,
      [
        { on: "begin", answer: [effect(1, runOf(["ls", "-ld", "{{scratch}}"])), idle()] },
        { on: "completed", answer: [done(1)] },
      ],
      {
        env: {
          GITHUB_WORKSPACE: "/the/workspace",
          HOME: "/home/me",
          INPUT_COMMAND: "  deploy\n",
          "INPUT_DRY-RUN": "",
          INPUT_WITH_SPACE: "x",
          INPUT_UNKNOWN: "y",
          STATE_ignored: "",
        },
      },
    );
    assert.equal((await run.ended).code, 1);
    const { scratch, journal, holder, ...begin } = run.begin();
    assert.match(holder, /^github:github\.example\/acme\/tasks\/42\/deploy#1\.[0-9a-f]{8}$/);
    assert.deepEqual(begin, {
      type: "begin",
      program: "cd-action",
      argv: [],
      inputs: { command: "  deploy\n", "dry-run": "", "with space": "x", "state-ignored": "" },
      env: { GITHUB_REPOSITORY: "acme/tasks", HOME: "/home/me" },
      platform: "actions",
      workspace: "/the/workspace",
      reports: join(run.temp, "cd-action"),
    });
    assert.match(journal, new RegExp(`^${run.temp}/cd-action/journal-\\d{8}T\\d{6}Z-${run.child.pid}\\.jsonl$`));
    assert.ok(scratch.startsWith(`${run.temp}/cd-action-`));
    const listed = run.heard()[1]?.input;
    assert.match(JSON.stringify(listed), /"stdout":"drwx------/);
    assert.ok(!existsSync(scratch));
    assert.equal(statSync(journal).mode & 0o777, 0o600);
  });

  it("leaves for post that it ran, before anything else can go wrong", async (t) => {
    const run = startShell(t, [{ on: "begin", fail: "at once" }]);
    assert.equal((await run.ended).code, 4);
    assert.deepEqual(readFileCommands(run.file("state"))[0], ["isPost", "true"]);
  });

  it("hands main's state to post, and post tidies up after a main that was killed", async (t) => {
    const main = startShell(t, [
      {
        on: "begin",
        answer: [
          say({ type: "state", name: "generation", value: "7\n" }),
          effect(1, shell("echo $$ >{{workspace}}/pid; exec sleep 60")),
          idle(),
        ],
      },
    ]);
    const pid = join(main.cwd, "pid");
    await until(() => existsSync(pid) && readFileSync(pid, "utf8") !== "");
    const { scratch, holder } = main.begin();
    process.kill(main.child.pid ?? 0, "SIGKILL");
    process.kill(Number(readFileSync(pid, "utf8")), "SIGKILL"); // a runner ends what is left, too
    await main.ended;
    assert.ok(existsSync(scratch));

    const state = Object.fromEntries(
      readFileCommands(main.file("state")).map(([name, value]) => [`STATE_${name}`, value]),
    );
    const post = startShell(t, [{ on: "begin", answer: [done(0)] }], {
      platform: "actions-post",
      root: main.root,
      env: { ...state, INPUT_COMMAND: "deploy" },
    });
    assert.equal((await post.ended).code, 0);
    assert.deepEqual(post.begin().inputs, { command: "deploy", "state-generation": "7\n" });
    assert.equal(post.begin().platform, "actions-post");
    assert.equal(post.begin().holder, holder);
    assert.ok(!existsSync(scratch));
    assert.equal(post.file("state"), "");
  });

  it("does not remove a folder that is not its own", async (t) => {
    const post = startShell(t, [{ on: "begin", answer: [done(0)] }], {
      platform: "actions-post",
      env: { STATE_isPost: "true", STATE_scratch: "/usr/cd-action-x" },
    });
    assert.equal((await post.ended).code, 0);
    const other = startShell(t, [{ on: "begin", answer: [done(0)] }], {
      platform: "actions-post",
      env: { STATE_scratch: join(post.temp, "..", "work") },
    });
    assert.equal((await other.ended).code, 0);
    assert.ok(existsSync(post.cwd));
  });

  it("is another holder in another job, and a word in any case", async (t) => {
    const start = { env: { GITHUB_JOB: "wörk $(id)", GITHUB_REPOSITORY: "", GITHUB_SERVER_URL: "http://h:3000/sub/" } };
    const run = startShell(t, [{ on: "begin", answer: [done(0)] }], start);
    await run.ended;
    assert.match(run.begin().holder, /^github:h:3000\/sub\/-\/42\/w_rk___id_#1\.[0-9a-f]{8}$/);
  });

  it("tells the attempts of a job and the legs of its matrix apart", async (t) => {
    const start = {
      env: { GITHUB_RUN_ATTEMPT: "2", RUNNER_TRACKING_ID: "github_6f1c2d3e-0000-0000-0000-00005eed0042" },
    };
    const run = startShell(t, [{ on: "begin", answer: [done(0)] }], start);
    await run.ended;
    assert.match(run.begin().holder, /\/deploy#2\.5eed0042$/);
  });

  it("hides the job's token from the core, and masks it before the first word", async (t) => {
    const run = startShell(t, [{ on: "begin", answer: [log("token ghs_0123456789"), done(0)] }], {
      env: { "INPUT_GITHUB-TOKEN": "ghs_0123456789" },
    });
    const { stdout } = await run.ended;
    assert.equal(run.begin().inputs["github-token"], "***");
    assert.equal(stdout, "::add-mask::ghs_0123456789\ntoken ***\n");
  });

  it("hands on what the engine says where a secret is a common word, and says so once", async (t) => {
    const run = startShell(
      t,
      [
        {
          on: "begin",
          answer: [
            ...["DB_STATE", "DB_NAME"].map((name) => say({ type: "mask", name })),
            effect(1, shell('echo "$0 is running"; echo of tasks-db >&2')),
            idle(),
          ],
        },
        {
          on: "completed",
          id: 1,
          answer: [effect(2, { type: "read-file", path: "{{workspace}}/cd.yml", limit: 99 }), idle()],
        },
        { on: "completed", id: 2, answer: [say({ type: "mask", name: "DB_NAME" }), log("of tasks-db"), done(0)] },
      ],
      { env: { DB_STATE: "running", DB_NAME: "tasks-db" } },
    );
    writeFileSync(join(run.cwd, "cd.yml"), "service: tasks-db");
    const { stdout } = await run.ended;
    const [exited, read] = run
      .heard()
      .slice(1)
      .map(({ input }) => (input.type === "completed" ? input.completion : undefined));
    assert.deepEqual(exited, { type: "exited", code: 0, signal: null, stdout: "sh is running\n", stderr: "of ***\n" });
    assert.deepEqual(read, { type: "read", text: "service: tasks-db" });
    const warning = (name: string) =>
      `\u001b[33mthe value of ${name} is too common a word (or stands in the configuration) to be kept out of the log\u001b[0m`;
    const { shown, commands } = readLog(stdout);
    assert.deepEqual(shown, [warning("DB_STATE"), warning("DB_NAME"), "of tasks-db", ""]);
    assert.deepEqual(
      commands.map(({ name, data }) => [name, data]),
      [["add-mask", "tasks-db"]],
    );
  });

  it("says everything on one stream, in order", async (t) => {
    const run = startShell(t, [
      {
        on: "begin",
        answer: [
          say({ type: "group", title: "g" }),
          log("one"),
          say({ type: "relay", text: "two" }),
          say({ type: "end-group" }),
          say({ type: "log", level: "error", text: "three" }),
          say({ type: "answer", json: "{}" }),
          say({ type: "output", name: "outcome", value: "deployed" }),
          say({ type: "summary", markdown: "# s" }),
          done(0),
        ],
      },
    ]);
    const { stdout, stderr } = await run.ended;
    assert.equal(stderr, "");
    assert.deepEqual(readLog(stdout).shown, ["one", "│ two", "\u001b[31mthree\u001b[0m", ""]);
    assert.deepEqual(readFileCommands(run.file("output")), [["outcome", "deployed"]]);
    assert.equal(run.file("summary"), "# s");
  });
});

describe("the command line", { concurrency: true }, () => {
  it("begins with its arguments, and leaves nothing behind where nothing was done", async (t) => {
    const run = startShell(
      t,
      [{ on: "begin", answer: [say({ type: "answer", json: '{"a":1}' }), log("said"), done(0)] }],
      {
        platform: "command-line",
        argv: ["plan", "--json", "$(id)"],
        env: { INPUT_COMMAND: "not this", GITHUB_WORKSPACE: "/not/this", STATE_x: "not this" },
      },
    );
    assert.deepEqual(await run.ended, { code: 0, stdout: '{"a":1}\n', stderr: "said\n" });
    const { argv, inputs, platform, workspace, reports, holder } = run.begin();
    assert.deepEqual(
      { argv, inputs, platform },
      { argv: ["plan", "--json", "$(id)"], inputs: {}, platform: "command-line" },
    );
    assert.deepEqual({ workspace, reports }, { workspace: run.cwd, reports: join(run.cwd, ".cd-action") });
    assert.match(holder, new RegExp(`^local:[A-Za-z0-9._-]+@[A-Za-z0-9._-]+:${run.child.pid}-\\d{13}$`));
    assert.deepEqual(readdirSync(run.cwd), []);
    assert.deepEqual(readdirSync(run.temp), []);
  });

  it("leaves its outputs and its journal where it acted", async (t) => {
    const run = startShell(
      t,
      [
        { on: "begin", answer: [effect(1, { type: "read-file", path: "/no/such", limit: 1 }), idle()] },
        { on: "completed", answer: [say({ type: "output", name: "previous-digest", value: "sha256:0" }), done(2)] },
      ],
      { platform: "command-line" },
    );
    assert.equal((await run.ended).code, 2);
    const [, journal, outputs] = readdirSync(join(run.cwd, ".cd-action")).sort();
    assert.equal(join(run.cwd, ".cd-action", journal ?? ""), run.begin().journal);
    assert.equal(readFileSync(join(run.cwd, ".cd-action", outputs ?? ""), "utf8"), "CD_PREVIOUS_DIGEST=sha256:0\n");
  });

  it("goes on where nobody listens any more", async (t) => {
    const noise = Array.from({ length: 2000 }, () => say({ type: "answer", json: `"${"x".repeat(100)}"` }));
    const run = startShell(
      t,
      [
        { on: "begin", answer: [...noise, effect(1, shell("sleep 0.3")), idle()] },
        {
          on: "completed",
          id: 1,
          answer: [
            ...noise,
            effect(2, {
              type: "write-file",
              path: "{{workspace}}/done",
              content: { type: "text", text: "" },
              mode: 0o600,
              durable: true,
            }),
            idle(),
          ],
        },
        { on: "completed", id: 2, answer: [done(0)] },
      ],
      { platform: "command-line" },
    );
    run.child.stdout?.destroy();
    run.child.stderr?.destroy();
    assert.equal((await run.ended).code, 0);
    assert.ok(existsSync(join(run.cwd, "done")));
  });
});

describe("a signal", { concurrency: true }, () => {
  const script = (mark: string): Step[] => [
    {
      on: "begin",
      answer: [
        effect(
          1,
          shell(`trap 'echo INT >>${mark}' INT; trap 'exit 3' TERM; echo $$ >${mark}; while :; do sleep 0.05; done`),
        ),
        idle(),
      ],
    },
    { on: "cancel", answer: [log("stopping"), { type: "abort", id: 1 }, idle()] },
    { on: "completed", answer: [log("stopped"), done(1)] },
  ];

  for (const [signal, grace] of [
    ["SIGINT", 7500],
    ["SIGTERM", 2500],
    ["SIGHUP", 2500],
  ] as const) {
    it(`${signal} is handed in, and what runs learns of it from the core alone`, async (t) => {
      const mark = join(startShell(t, [{ on: "begin", answer: [done(0)] }]).root, "mark");
      const run = startShell(t, script(mark));
      await until(() => existsSync(mark) && readFileSync(mark, "utf8") !== "");
      process.kill(-(run.child.pid ?? 0), signal); // the whole group, as a terminal does it
      const { code, stdout } = await run.ended;
      assert.equal(code, 1);
      assert.equal(stdout, "stopping\nstopped\n");
      assert.deepEqual(run.heard()[1]?.input, { type: "cancel", grace });
      const completed = run.heard()[2]?.input;
      assert.ok(completed?.type === "completed" && completed.completion.type === "exited");
      assert.equal(completed.completion.code, 3);
      assert.match(readFileSync(mark, "utf8"), /^\d+\n$/);
    });
  }

  it("SIGINT again says nothing new where no person sits", async (t) => {
    const run = startShell(t, [
      { on: "begin", answer: [idle(Date.now() + 60_000)] },
      { on: "cancel", answer: [idle(Date.now() + 60_000)] },
      { on: "cancel", answer: [done(1)] },
    ]);
    const pid = run.child.pid ?? 0;
    await until(() => run.heard().length === 1);
    process.kill(pid, "SIGINT");
    await until(() => run.heard().length === 2);
    process.kill(pid, "SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.kill(pid, "SIGTERM");
    await run.ended;
    assert.deepEqual(
      run
        .heard()
        .slice(1)
        .map(({ input }) => input),
      [
        { type: "cancel", grace: 7500 },
        { type: "cancel", grace: 2500 },
      ],
    );
  });

  it("SIGINT again is handed in again where a person sits", async (t) => {
    const run = startShell(
      t,
      [
        { on: "begin", answer: [idle(Date.now() + 60_000)] },
        { on: "cancel", answer: [idle(Date.now() + 60_000)] },
        { on: "cancel", answer: [done(1)] },
      ],
      {
        platform: "command-line",
        preload: `
        const fs = require("fs");
        const { fstatSync } = fs;
        fs.fstatSync = (file) => (file === 2 ? { isCharacterDevice: () => true } : fstatSync(file));`,
      },
    );
    const pid = run.child.pid ?? 0;
    for (const count of [1, 2]) {
      await until(() => run.heard().length === count);
      process.kill(pid, "SIGINT");
    }
    assert.equal((await run.ended).code, 1);
  });
});

describe("the end", { concurrency: true }, () => {
  it("comes though a process is held, a timer far away and another effect under way", async (t) => {
    const hold = "{{scratch}}/ready";
    const run = startShell(
      t,
      [
        {
          on: "begin",
          answer: [
            effect(1, shell(`echo $$ >${hold}; echo $$ >{{workspace}}/held; sleep 60`, { hold })),
            effect(2, shell("sleep 60")),
            idle(Date.now() + 1e9),
          ],
        },
        { on: "completed", id: 1, answer: [done(0)] },
      ],
      { platform: "command-line" },
    );
    assert.equal((await run.ended).code, 0);
    assert.ok(!isAlive(Number(readFileSync(join(run.cwd, "held"), "utf8"))));
    assert.deepEqual(readdirSync(run.temp), []);
  });

  it("has every word of a long log", async (t) => {
    const run = startShell(t, [{ on: "begin", answer: [log("x".repeat(500_000)), log("last"), done(0)] }]);
    const { stdout } = await run.ended;
    assert.equal(stdout.length, 500_006);
  });
});

describe("a crash", { concurrency: true }, () => {
  for (const platform of ["actions", "actions-post", "command-line"] as const) {
    it(`is said with the journal's place (${platform})`, async (t) => {
      const run = startShell(
        t,
        [
          {
            on: "begin",
            answer: [
              effect(1, shell("echo $$ >{{workspace}}/pid; sleep 60")),
              effect(2, shell("until [ -s {{workspace}}/pid ]; do sleep 0.02; done")),
              idle(),
            ],
          },
          { on: "completed", fail: "50% of a secret: hunter2hunter2", id: 2 },
        ],
        { platform, env: { GITHUB_TOKEN: "hunter2hunter2" } },
      );
      const { code, stdout, stderr } = await run.ended;
      assert.equal(code, 4);
      const { journal, scratch, workspace } = run.begin();
      const message = `Panic: 50% of a secret: ***\nThis is a bug of cd-action. What serves now is unknown; nothing further was done. Journal: ${journal}`;
      if (platform === "command-line") {
        assert.equal(stderr, `error: cd-action crashed\n  ${message.replace("\n", "\n  ")}\n`);
        assert.equal(
          readFileSync(join(run.cwd, ".cd-action/outputs.env"), "utf8"),
          "CD_OUTCOME=crashed\nCD_REASON=crashed\n",
        );
      } else {
        const annotation = { name: "error", properties: { title: "cd-action crashed" }, data: message };
        assert.deepEqual(readLog(stdout).commands.slice(1), [annotation]);
        assert.deepEqual(readFileCommands(run.file("output")), [
          ["outcome", "crashed"],
          ["reason", "crashed"],
        ]);
      }
      const lines = readFileSync(journal, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      assert.equal(lines.length, 4);
      assert.match(lines.at(-1).crash, /Panic|Error: 50% of a secret: \*\*\*/);
      assert.ok(!isAlive(Number(readFileSync(join(workspace, "pid"), "utf8"))));
      assert.ok(!existsSync(scratch));
    });
  }

  it("of the shell is one too", async (t) => {
    const run = startShell(t, [
      { on: "begin", answer: [say({ type: "output", name: "not a name", value: "" }), done(0)] },
    ]);
    const { code, stdout } = await run.ended;
    assert.equal(code, 4);
    assert.match(stdout, /::error title=cd-action crashed::Error: "not a name" is no name/);
    assert.match(readFileSync(run.begin().journal, "utf8"), /"crash"/);
  });

  it("ends what was started in the same breath", async (t) => {
    const run = startShell(t, [
      {
        on: "begin",
        answer: [
          effect(1, shell("sleep 60; : {{workspace}}")),
          say({ type: "output", name: "not a name", value: "" }),
          done(0),
        ],
      },
    ]);
    assert.equal((await run.ended).code, 4);
    const commands = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(commandOf);
    assert.deepEqual(
      commands.filter((command) => command.includes(`: ${run.cwd}`)),
      [],
    );
  });

  it("that nobody caught is one too", async (t) => {
    const run = startShell(t, [{ on: "begin", answer: [idle(Date.now() + 60_000)] }], {
      preload: "setTimeout(() => { throw new TypeError('out of the blue') }, 300)",
    });
    const { code, stdout } = await run.ended;
    assert.equal(code, 4);
    assert.match(stdout, /TypeError: out of the blue/);
  });

  it("whose outputs cannot be written is said all the same", async (t) => {
    const run = startShell(t, [{ on: "begin", fail: "oh" }], { env: { GITHUB_OUTPUT: "/no/such/folder/output" } });
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 4);
    assert.match(stdout, /::error title=cd-action crashed::Panic: oh/);
    assert.match(stdout + stderr, /\/no\/such\/folder\/output/);
  });
});

describe("the shell", { concurrency: true }, () => {
  it("says at once that it does not run on Windows", async (t) => {
    const run = startShell(t, [{ on: "begin", answer: [done(0)] }], {
      preload: "Object.defineProperty(process, 'platform', { value: 'win32' })",
    });
    const { code, stdout } = await run.ended;
    assert.equal(code, 3);
    assert.match(stdout, /^::error title=cd-action does not run on Windows::.*\n$/);
    assert.deepEqual(run.heard(), []);
  });

  it("has a clock that never goes back", async (t) => {
    const run = startShell(
      t,
      [
        { on: "begin", answer: [idle(1)] },
        { on: "tick", answer: [idle(1)] },
        { on: "tick", answer: [done(0)] },
      ],
      {
        preload: "let now = 2e12; Date.now = () => (now -= 1000)",
      },
    );
    await run.ended;
    const times = run.heard().map(({ now }) => now);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.equal(times.length, 3);
  });

  it("lets no secret out, in no form, by no way", async (t) => {
    const secrets = {
      A: "correct horse&battery%staple/+",
      B: "-----BEGIN KEY-----\nq83vEjRWeJqrze8=\nlast+/line\n-----END KEY-----\n",
      C: "p\"\\'$ä",
    };
    const show = `
      for (const value of Object.values(process.env)) {
        const bytes = Buffer.from(value);
        const forms = [value, bytes.toString("base64"), Buffer.from("u:" + value).toString("base64"), bytes.toString("hex"),
          bytes.toString("base64url"), encodeURIComponent(value), JSON.stringify(value), value.split("\\n").reverse().join(";")];
        for (const form of forms) { console.log(form); console.error(form); }
      }`;
    const env = Object.fromEntries(Object.keys(secrets).map((name) => [name, { type: "secret" as const, name }]));
    const run = startShell(
      t,
      [
        { on: "begin", answer: [effect(1, runOf([process.execPath, "-e", show], { env, inherit: [] })), idle()] },
        {
          on: "completed",
          answer: [
            // What a careless core might have learnt otherwise.
            say({ type: "relay", text: Object.values(secrets).join("\n") }),
            say({ type: "log", level: "error", text: JSON.stringify(secrets) }),
            say({
              type: "annotation",
              level: "error",
              title: secrets.A,
              message: secrets.B,
              file: secrets.C,
              line: 1,
              column: 1,
            }),
            say({ type: "output", name: "report", value: JSON.stringify(secrets) }),
            say({ type: "summary", markdown: secrets.B }),
            say({ type: "state", name: "s", value: secrets.A }),
            done(0),
          ],
        },
      ],
      { env: secrets },
    );
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0);
    const { journal } = run.begin();
    const heard = JSON.stringify(run.heard());
    const words = stdout.split("\n").filter((line) => !line.startsWith("::add-mask::"));
    const everything = [
      ...words,
      stderr,
      run.file("output"),
      run.file("state"),
      run.file("summary"),
      readFileSync(journal, "utf8"),
      heard,
    ].join("\n");
    for (const value of Object.values(secrets)) {
      const bytes = Buffer.from(value);
      const canaries = [
        value,
        JSON.stringify(value).slice(1, -1),
        encodeURIComponent(value),
        bytes.toString("hex"),
        ...value.trim().split("\n"),
      ];
      for (const alignment of ["", "x", "xx"]) {
        const letters = Buffer.from(alignment + value)
          .toString("base64")
          .replace(/=+$/, "")
          .slice(4, -4);
        canaries.push(letters, letters.replaceAll("+", "-").replaceAll("/", "_"));
      }
      for (const canary of canaries) assert.ok(!everything.includes(canary), `${canary} in ${everything}`);
    }
    assert.ok(heard.includes("***"));
  });

  it("blots a variable from the moment the core says so", async (t) => {
    const run = startShell(
      t,
      [
        {
          on: "begin",
          answer: [
            log("a value"),
            say({ type: "mask", name: "V" }),
            say({ type: "mask", name: "NOT_SET" }),
            log("a value"),
            done(0),
          ],
        },
      ],
      {
        env: { V: "value" },
      },
    );
    assert.equal((await run.ended).stdout, "a value\n::add-mask::value\na ***\n");
  });

  it("says once that a secret is too short", async (t) => {
    const run = startShell(
      t,
      [{ on: "begin", answer: [say({ type: "mask", name: "V" }), say({ type: "mask", name: "V" }), done(0)] }],
      {
        env: { V: "abc" },
      },
    );
    assert.match((await run.ended).stdout, /^\S*the value of V is shorter than 4 characters[^\n]*\n$/);
  });

  it("keeps a journal nobody can write from stopping it", async (t) => {
    const root = startShell(t, [{ on: "begin", answer: [done(0)] }]);
    await root.ended;
    writeFileSync(join(root.temp, "cd-action"), "in the way");
    const read: Effect = { type: "read-file", path: "/no/such", limit: 1 };
    const run = startShell(
      t,
      [
        { on: "begin", answer: [effect(1, read), idle()] },
        { on: "completed", answer: [done(0)], id: 1 },
      ],
      { root: root.root },
    );
    const { code, stdout } = await run.ended;
    assert.equal(code, 0);
    assert.match(stdout, /the journal cannot be written/);
  });
});

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}
