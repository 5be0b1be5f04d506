import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createBlotter } from "../src/blot";
import { blotWords } from "../src/blot-boundary";
import { commandLineVoice } from "../src/emit/command-line";
import { githubVoice } from "../src/emit/github";
import type { Words } from "../src/emit/voice";
import { readFileCommands, readLog } from "./support/runner";
import { folder } from "./support/world";

/** Text that tries to be obeyed, to end what it stands in, or to be something else. */
const HOSTILE = [
  "::set-output name=result::success",
  "  \t::add-mask::a",
  "\u00a0::error::x",
  "\u0085::error::x",
  "\ufeff::error::x",
  "ok ##[error]y",
  "#\u001b[0m#[error]y",
  "##\u0000[add-mask]y",
  "##[[group]y",
  "a\r::set-output name=a::b",
  "a\r\n::stop-commands::pause-logging",
  "\u001b[2K::save-state name=a::b",
  "::pause-logging::",
  "\u2028::error::x",
  "│ ::error::x",
  "",
  "\n\n::error::x\n",
];

/** What the shell does with words of the core, up to the runner. */
function onRunner(t: TestContext, words: readonly Words[]) {
  const at = folder(t);
  const env = {
    GITHUB_OUTPUT: join(at, "output"),
    GITHUB_STATE: join(at, "state"),
    GITHUB_STEP_SUMMARY: join(at, "summary"),
  };
  for (const file of Object.values(env)) writeFileSync(file, "");
  let log = "";
  const voice = githubVoice(env, (text) => {
    log += text;
  });
  for (const word of words) voice.emit(blotWords(word, createBlotter(() => false).blot));
  voice.finish();
  const read = (file: string) => readFileSync(file, "utf8");
  return {
    ...readLog(log),
    log,
    files: { output: read(env.GITHUB_OUTPUT), state: read(env.GITHUB_STATE), summary: read(env.GITHUB_STEP_SUMMARY) },
  };
}

describe("on a runner", () => {
  it("a relayed text is shown and never obeyed, line by line", (t) => {
    const words = HOSTILE.map((text): Words => ({ type: "relay", text }));
    const { commands, shown } = onRunner(t, words);
    assert.deepEqual(commands, []);
    for (const line of shown.slice(0, -1)) assert.match(line, /^│ /);
  });

  it("a relayed text is harmless also where the runner does not stop listening", (t) => {
    for (const text of HOSTILE) {
      const { log } = onRunner(t, [{ type: "relay", text }]);
      const inner = log.split("\n").slice(1, -2).join("\n");
      assert.deepEqual(readLog(inner).commands, [], inner);
    }
  });

  it("a relayed text cannot name the word that makes the runner listen again", (t) => {
    const tokens = [1, 2, 3].map(() => onRunner(t, [{ type: "relay", text: "x" }]).log.split("\n")[0]);
    assert.equal(new Set(tokens).size, 3);
    for (const token of tokens) assert.match(token ?? "", /^::stop-commands::[0-9a-f]{32}$/);
  });

  it("a log line that quotes somebody is never obeyed", (t) => {
    for (const level of ["info", "warning", "error"] as const) {
      const words = HOSTILE.map((text): Words => ({ type: "log", level, text }));
      assert.deepEqual(onRunner(t, words).commands, []);
    }
  });

  it("a log line is shown as it is", (t) => {
    const { log } = onRunner(t, [{ type: "log", level: "info", text: "a: b::c # [x]\n  indented" }]);
    assert.equal(log, "a: b::c # [x]\n  indented\n");
  });

  it("a debug line, a group and its end are commands", (t) => {
    const { commands } = onRunner(t, [
      { type: "log", level: "debug", text: "a%0A\nb" },
      { type: "group", title: "50% of it: yes, ::no::" },
      { type: "end-group" },
    ]);
    assert.deepEqual(commands, [
      { name: "debug", properties: {}, data: "a%0A\nb" },
      { name: "group", properties: {}, data: "50% of it: yes, ::no::" },
      { name: "endgroup", properties: {}, data: "" },
    ]);
  });

  it("an annotation arrives as it was said, whatever stands in it", (t) => {
    for (const text of [...HOSTILE, "100%0A, a:b, c=d;e", "two\nlines"]) {
      const clean = text.replace(/\r\n?/g, "\n");
      const words: Words = {
        type: "annotation",
        level: "error",
        title: text,
        message: `m${text}`,
        file: `f${text}`,
        line: 3,
        column: 7,
      };
      const { commands } = onRunner(t, [words]);
      assert.equal(commands.length, 1, text);
      const [command] = commands;
      assert.equal(command?.name, "error");
      assert.equal(command?.properties.line, "3");
      assert.equal(command?.properties.col, "7");
      // Control characters are dropped, all else arrives.
      if (!/[^\P{Cc}\n]/u.test(clean)) {
        assert.equal(command?.data, `m${clean}`);
        assert.equal(command?.properties.title ?? "", clean);
        assert.equal(command?.properties.file, `f${clean}`);
      }
    }
  });

  it("an annotation has the runner's word for its level, and no empty properties", (t) => {
    const plain = { type: "annotation", title: "", message: "m", file: null, line: null, column: null } as const;
    const { commands } = onRunner(
      t,
      (["debug", "info", "warning", "error"] as const).map((level) => ({ ...plain, level })),
    );
    assert.deepEqual(
      commands.map(({ name }) => name),
      ["debug", "notice", "warning", "error"],
    );
    for (const { properties } of commands) assert.deepEqual(properties, {});
  });

  it("an annotation is cut before the runner does it", (t) => {
    const words: Words = {
      type: "annotation",
      level: "error",
      title: "t",
      message: "%".repeat(5000),
      file: null,
      line: null,
      column: null,
    };
    assert.equal(onRunner(t, [words]).commands[0]?.data, "%".repeat(4000));
  });

  it("outputs and states arrive as they were said, whatever stands in them", (t) => {
    const values = [
      ...HOSTILE,
      "EOF\nresult=success",
      "a=b<<c",
      "cd_0000\n",
      "\r",
      "x\r\ny\r",
      "nul\0",
      "x".repeat(300_000),
      '{"a":"b"}',
    ];
    const named = values.map((value, at): [string, string] => [`name-${at}`, value]);
    const { files, commands } = onRunner(
      t,
      named.flatMap(([name, value]): Words[] => [
        { type: "output", name, value },
        { type: "state", name, value },
      ]),
    );
    assert.deepEqual(readFileCommands(files.output), named);
    assert.deepEqual(readFileCommands(files.state), named);
    assert.deepEqual(commands, []);
  });

  it("a name that could be something else is a bug", (t) => {
    for (const name of ["", "a b", "a=b", "a<<b", "a\nb", "1a", "ä"]) {
      assert.throws(() => onRunner(t, [{ type: "output", name, value: "" }]), /no name/);
    }
  });

  it("the last summary stands, and fits", (t) => {
    const small = onRunner(t, [
      { type: "summary", markdown: "old" },
      { type: "summary", markdown: "# new\n" },
    ]);
    assert.equal(small.files.summary, "# new\n");
    const { summary } = onRunner(t, [{ type: "summary", markdown: "ä".repeat(600_000) }]).files;
    assert.ok(Buffer.byteLength(summary) < 1024 * 1024);
    assert.match(summary, /^ä+\n\n… cut here/);
  });

  it("what is said in one breath is written in one go, and only once", (t) => {
    const at = folder(t);
    const env = { GITHUB_OUTPUT: join(at, "output"), GITHUB_ENV: join(at, "env") };
    const writes: string[] = [];
    const voice = githubVoice(env, (text) => writes.push(text));
    for (const text of ["one", "two"]) voice.emit({ type: "log", level: "info", text });
    for (const name of ["A", "B"]) {
      voice.emit({ type: "output", name, value: "1" });
      voice.emit({ type: "variable", name, value: `${name}\n2` });
    }
    assert.deepEqual(writes, []);
    voice.flush();
    voice.flush();
    assert.deepEqual(writes, ["one\ntwo\n"]);
    const pairs = (file: string) => readFileCommands(readFileSync(file, "utf8"));
    assert.deepEqual(pairs(env.GITHUB_OUTPUT), [
      ["A", "1"],
      ["B", "1"],
    ]);
    assert.deepEqual(pairs(env.GITHUB_ENV), [
      ["A", "A\n2"],
      ["B", "B\n2"],
    ]);
  });

  it("a mask is one command, also for a text of several lines", () => {
    let log = "";
    const voice = githubVoice({}, (text) => {
      log += text;
    });
    voice.mask("100%\r\nsecond line\nx");
    voice.flush();
    assert.deepEqual(
      readLog(log).commands.map(({ name, data }) => [name, data]),
      [["add-mask", "100%\r\nsecond line\nx"]],
    );
  });

  it("a missing file is said once", () => {
    const log: string[] = [];
    const voice = githubVoice({ GITHUB_OUTPUT: "" }, (text) => log.push(text));
    for (const name of ["a", "b"]) voice.emit({ type: "output", name, value: "x" });
    voice.finish();
    voice.finish();
    assert.equal(log.length, 1);
    assert.match(log[0] ?? "", /^::warning::.*GITHUB_OUTPUT/);
  });

  it("a summary that cannot be written is a warning, and values that cannot are a failure that names the file", (t) => {
    const nowhere = join(folder(t), "nowhere", "x");
    const said = (words: Words): [boolean, ReturnType<typeof readLog>["commands"]] => {
      let log = "";
      const env = {
        GITHUB_STEP_SUMMARY: nowhere,
        GITHUB_OUTPUT: nowhere,
        GITHUB_ENV: nowhere,
        GITHUB_STATE: nowhere,
      };
      const voice = githubVoice(env, (text) => {
        log += text;
      });
      voice.emit(words);
      return [voice.finish(), readLog(log).commands];
    };
    const [passes, warnings] = said({ type: "summary", markdown: "# s" });
    assert.deepEqual([passes, warnings.map(({ name }) => name)], [true, ["warning"]]);
    for (const type of ["output", "variable", "state"] as const) {
      const [handedOver, errors] = said({ type, name: "a", value: "b" });
      assert.equal(handedOver, false, type);
      assert.deepEqual(
        errors.map(({ name }) => name),
        ["error"],
      );
      assert.ok(errors[0]?.data.includes(nowhere), errors[0]?.data);
    }
  });
});

describe("on a command line", () => {
  function onTerminal(
    t: TestContext,
    words: readonly Words[],
    overrides: { colours?: () => boolean; debug?: boolean } = {},
  ) {
    const reports = join(folder(t), "reports");
    const streams = { stdout: "", stderr: "" };
    const terminal = {
      stdout: (text: string) => {
        streams.stdout += text;
      },
      stderr: (text: string) => {
        streams.stderr += text;
      },
      colours: () => false,
      debug: false,
      ...overrides,
    };
    const voice = commandLineVoice(terminal, reports);
    for (const word of words) voice.emit(blotWords(word, createBlotter(() => false).blot));
    voice.finish();
    return { ...streams, reports };
  }

  it("the answer alone is on standard output", (t) => {
    const { stdout, stderr } = onTerminal(t, [
      { type: "log", level: "info", text: "a log" },
      { type: "group", title: "a group" },
      { type: "relay", text: "theirs\n\u001b[31m::error::no\n" },
      { type: "end-group" },
      {
        type: "annotation",
        level: "error",
        title: "a title",
        message: "cause\nremedy",
        file: "cd.yml",
        line: 4,
        column: null,
      },
      { type: "summary", markdown: "# s" },
      { type: "state", name: "a", value: "b" },
      { type: "answer", json: '{"a":1}' },
    ]);
    assert.equal(stdout, '{"a":1}\n');
    assert.equal(
      stderr,
      "a log\na group\n│ theirs\n│ ::error::no\nerror: a title\n  --> cd.yml:4\n  cause\n  remedy\n",
    );
  });

  it("debug lines are shown where they were asked for", (t) => {
    const words: Words[] = [{ type: "log", level: "debug", text: "d" }];
    assert.equal(onTerminal(t, words).stderr, "");
    assert.equal(onTerminal(t, words, { debug: true }).stderr, "d\n");
  });

  it("colours are for those who see them", (t) => {
    const words: Words[] = [{ type: "log", level: "error", text: "e $& $1" }];
    assert.equal(onTerminal(t, words, { colours: () => true }).stderr, "\u001b[31me $& $1\u001b[0m\n");
  });

  it("outputs are a file that a POSIX shell reads", (t) => {
    const values = ["sha256:0123", "", "a b", "$HOME `id` \"q\" 'q' \\", "ä", '{"a":"b"}'];
    const words = values.map((value, at): Words => ({ type: "output", name: `the-${at}`, value }));
    const { reports } = onTerminal(t, [{ type: "output", name: "the-0", value: "old" }, ...words]);
    const file = join(reports, "outputs.env");
    const script = `. "${file}"; printf '%s\\n' ${values.map((_, at) => `"$CD_THE_${at}"`).join(" ")}`;
    assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), `${values.join("\n")}\n`);
    assert.equal(readFileSync(file, "utf8").split("\n").length, values.length + 1);
  });

  it("an output of several lines is words that a shell goes through", (t) => {
    const { reports } = onTerminal(t, [{ type: "output", name: "tags", value: "a/x:1\na/x:2\r\nb/y:1" }]);
    const script = `. "${join(reports, "outputs.env")}"; for tag in $CD_TAGS; do echo "<$tag>"; done`;
    assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), "<a/x:1>\n<a/x:2>\n<b/y:1>\n");
  });

  it("for readers that know no quotes the same stands as it is", (t) => {
    const { reports } = onTerminal(t, [
      { type: "output", name: "tags", value: "a\nb" },
      { type: "output", name: "json", value: '{"a":"$x"}' },
    ]);
    assert.equal(readFileSync(join(reports, "outputs.dotenv"), "utf8"), 'CD_TAGS=a b\nCD_JSON={"a":"$x"}\n');
  });

  it("the outputs of the run before are gone when a run begins", (t) => {
    const { reports } = onTerminal(t, [{ type: "output", name: "tags", value: "old" }]);
    const terminal = { stdout: () => {}, stderr: () => {}, colours: () => false, debug: false };
    commandLineVoice(terminal, reports);
    assert.deepEqual(readdirSync(reports), []);
  });

  it("no outputs, no file", (t) => {
    assert.ok(!existsSync(onTerminal(t, []).reports));
  });
});
