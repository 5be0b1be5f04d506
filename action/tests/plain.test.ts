import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createBlotter } from "../src/blot";
import type { Begin, Completion, Input } from "../src/generated/protocol";
import { createPlainWords } from "../src/plain";
import { createSecrets } from "../src/secrets";
import { CONTAINERS, IMAGE, SCRIPTS, STAT, STATE } from "./support/said";

const CONFIG = `service: tasks
registry: { user: deployer, password: REGISTRY_PASSWORD }
run:
  port: 8000
  env: { PUBLIC_URL: "https://tasks.example.org/a/long/path" }
  secrets: { DB_NAME: env, DB_STATE: env }
environments: { staging: {} }
`;

const DIGEST = "sha256:8c4a0b586901dbb95d720574d15e418220bbf4ee078b90b2d6debf77cebae5eb";

const begin: Begin = {
  program: "cd-action",
  argv: ["deploy", "--image", `127.0.0.1:5000/demo/tasks:v2@${DIGEST}`],
  inputs: { version: "spring-2026", reason: "the key is kept-in-an-expression-4711", "github-token": "ghs_0123456789" },
  env: { GITHUB_REPOSITORY: "acme/tasks", HOME: "/home/me" },
  platform: "actions",
  workspace: "/w",
  scratch: "/s",
  reports: "/r",
  holder: "local:me@builder:1-2",
  journal: "/j",
};

/** Some of what the core looks for. */
const WORDS = [
  ...[
    "answer",
    "base64",
    "bridge",
    "created",
    "default",
    "done",
    "exited",
    "false",
    "fenced",
    "file",
    "forked",
    "held",
  ],
  ...["healthy", "holder", "http", "instance", "invalid", "lease", "left", "lingering", "lock-timeout", "missing"],
  ...["none", "null", "open", "pending", "reached", "refused", "result", "router", "running", "segment", "server"],
  ...[
    "since",
    "starting",
    "state",
    "status",
    "svname",
    "srv_name",
    "token",
    "tools",
    "true",
    "unhealthy",
    "unreachable",
  ],
  ...["unreached", "until", "weight", "words", "sha256"],
];

/** What a part of a word, a digest, an address or the configuration may be, besides the words themselves. */
const COMMON = [
  ...WORDS,
  ...["RUNNING", "Healthy", "running\n", "health", "start", "lock"], // as somebody may write them
  ...["8c4a", "bfad601", "1372", "137000", "2116"], // digests, numbers
  ...["172.18.0.10", "172.18", "8000", "5000", ":8000", "0.0.0.0:80"], // addresses, ports
  ...["cd-tasks", "tasks.staging", "cd-tasks.staging-router", "staging-router"], // names after it
  ...["tasks", "staging", "deployer", "demo/tasks", "deploy", "spring-2026", "acme", "builder"], // in what was said and read
];

const inputs = (text = CONFIG): Input[] => [{ type: "begin", ...begin }, read(text)];

function read(text: string): Input {
  return completed({ type: "read", text });
}

function completed(completion: Completion): Input {
  return { type: "completed", id: 1, completion };
}

/** The secrets of a run that has heard these inputs. */
function secretsOf(env: Readonly<Record<string, string>>, heard: readonly Input[] = inputs()) {
  const plain = createPlainWords();
  const blotter = createBlotter(plain.has);
  const [masked, short, common]: [string[], string[], string[]] = [[], [], []];
  const secrets = createSecrets(env, plain, blotter, {
    mask: (text) => masked.push(text),
    tooShort: (name) => short.push(name),
    tooCommon: (name) => common.push(name),
  });
  plain.learn(WORDS);
  for (const input of heard) secrets.hear(input);
  return { secrets, blot: blotter.blot, masked, short, common };
}

describe("a secret that is a common word", () => {
  const said = { CONTAINERS, IMAGE, STAT, STATE, SCRIPTS };
  for (const value of COMMON) {
    it(`leaves alone what the run reads (${JSON.stringify(value)})`, () => {
      const { secrets, blot, masked, common } = secretsOf({ IT: value });
      assert.equal(secrets.reveal("IT"), value);
      for (const text of Object.values(said)) assert.equal(blot(text), text);
      for (const text of [CONFIG, ...begin.argv]) assert.equal(blot(text), text);
      for (const encoding of ["base64", "hex"] as const) {
        const text = Buffer.from(`of ${value}.`).toString(encoding);
        assert.equal(blot(text), text);
      }
      assert.deepEqual({ masked, common }, { masked: [], common: ["IT"] });
    });
  }

  it("is warned of once, and each one by its name", () => {
    const { secrets, common, short } = secretsOf({ A: "running", B: "running", C: "abc" });
    for (const name of ["A", "B", "A", "C", "C"]) secrets.find(name);
    secrets.hear(read("more"));
    assert.deepEqual({ common, short }, { common: ["A", "B"], short: ["C"] });
  });

  it("may turn out to be one only when the configuration is read", () => {
    const { secrets, blot, masked, common } = secretsOf({ DB_NAME: "tasks-database", KEY: "tasks-of-nobody" }, []);
    secrets.find("DB_NAME");
    secrets.find("KEY");
    assert.equal(blot("tasks-database tasks-of-nobody"), "*** ***");
    secrets.hear(read(`${CONFIG}volumes: [tasks-database]`));
    assert.equal(blot("tasks-database tasks-of-nobody"), "tasks-database ***");
    assert.equal(secrets.reveal("DB_NAME"), "tasks-database");
    assert.deepEqual({ masked, common }, { masked: ["tasks-database", "tasks-of-nobody"], common: ["DB_NAME"] });
  });

  it("may be the token of a job, where that is no token", () => {
    const { secrets, blot, common } = secretsOf({ GITHUB_TOKEN: "deploy" }, []);
    secrets.find("GITHUB_TOKEN");
    for (const input of inputs()) secrets.hear(input);
    assert.deepEqual([blot("deploy"), common], ["deploy", ["GITHUB_TOKEN"]]);
  });

  it("may be a line of a secret that is none", () => {
    const value = "running\nhunter2hunter2\n8000\n";
    const { secrets, blot, masked, common } = secretsOf({ ENV_FILE: value });
    secrets.find("ENV_FILE");
    assert.equal(blot(`${CONTAINERS}hunter2hunter2 at 8000`), `${CONTAINERS}*** at 8000`);
    assert.equal(blot(value), "***");
    assert.deepEqual({ masked, common }, { masked: [value, "hunter2hunter2"], common: [] });
  });
});

describe("a secret that is none of the common words", () => {
  const rows: Readonly<Record<string, string>> = {
    "a word": "hunter2",
    "a word around a common one": "running-man",
    "what stands in the configuration in another case": "Tasks",
    "eight hex digits": "9d4a0b58",
    "groups of hex digits": "12ab-34cd-56ef",
    "a name of something else": "cd-orders.staging",
    "seven of them in capitals": "9D4A0B5",
    "twelve digits": "172180010800",
    "the job's token, which is an input": "ghs_0123456789",
    "something long in an input": "kept-in-an-expression-4711",
    "several lines": "-----BEGIN KEY-----\nhT8tX1r9/Zq+Ew==\n-----END KEY-----\n",
  };

  for (const [kind, value] of Object.entries(rows)) {
    it(`is blotted in every form (${kind})`, () => {
      const { secrets, blot, masked, common } = secretsOf({ IT: value });
      secrets.find("IT");
      const bytes = Buffer.from(value);
      const forms = [value, bytes.toString("base64"), bytes.toString("hex"), encodeURIComponent(value)];
      for (const form of [...forms, JSON.stringify(value).slice(1, -1)]) assert.equal(blot(`<${form}>`), "<***>");
      const lines = value.split("\n").filter((line) => line !== "");
      assert.deepEqual({ masked, common }, { masked: lines.length < 2 ? [value] : [value, ...lines], common: [] });
    });
  }

  it("is no common word because a process, or a file that could not be read, has said it", () => {
    const { secrets, blot } = secretsOf({ IT: "hunter2" });
    secrets.hear(completed({ type: "exited", code: 0, signal: null, stdout: "hunter2", stderr: "hunter2" }));
    secrets.hear(completed({ type: "failed", fault: "other", message: "hunter2" }));
    secrets.find("IT");
    assert.equal(blot("hunter2"), "***");
  });

  it("is public where it stands in the arguments or the configuration, however long it is", () => {
    const env = { A: DIGEST, B: "https://tasks.example.org/a/long/path" };
    const { secrets, blot, common } = secretsOf(env);
    for (const name of ["A", "B"]) assert.equal(blot(secrets.reveal(name)), secrets.reveal(name));
    assert.deepEqual(common, ["A", "B"]);
  });
});
