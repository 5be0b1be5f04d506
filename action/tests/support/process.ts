/** The shell in a process of its own, with a scripted core, on a runner or a command line made for one test. */

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Begin, Input, Platform } from "../../src/generated/protocol";
import type { Step } from "./scripted";
import { folder } from "./world";

export interface Start {
  readonly platform?: Platform;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Where `main` was, for `post`. */
  readonly root?: string;
  /** Files of the working tree, by their paths in it. */
  readonly before?: Readonly<Record<string, string>>;
  /** Code to run before the shell. */
  readonly preload?: string;
}

export interface ShellProcess {
  readonly child: ChildProcess;
  readonly root: string;
  readonly temp: string;
  readonly cwd: string;
  /** Every input that the core has been handed. */
  readonly heard: () => Array<{ now: number; input: Input }>;
  readonly begin: () => Begin;
  readonly file: (name: "output" | "state" | "summary") => string;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

export function startShell(t: TestContext, script: readonly Step[], start: Start = {}): ShellProcess {
  const root = start.root ?? folder(t);
  const [temp, cwd] = [join(root, "temp"), join(root, "work")];
  for (const path of [temp, cwd]) mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries(start.before ?? {})) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const at = (name: string): string => join(root, name);
  writeFileSync(at("script.json"), JSON.stringify(script));
  writeFileSync(at("preload.cjs"), start.preload ?? "");
  for (const name of ["output", "state", "summary", "record"]) writeFileSync(at(name), "");
  const { platform = "actions", argv = [] } = start;
  const runner = {
    GITHUB_OUTPUT: at("output"),
    GITHUB_STATE: at("state"),
    GITHUB_STEP_SUMMARY: at("summary"),
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_REPOSITORY: "acme/tasks",
    GITHUB_RUN_ID: "42",
    GITHUB_JOB: "deploy",
    RUNNER_TEMP: temp,
  };
  const env = { PATH: process.env.PATH, TMPDIR: temp, ...(platform === "command-line" ? {} : runner), ...start.env };
  const command = ["--require", at("preload.cjs"), join(__dirname, "scripted-main.cjs")];
  const child = spawn(process.execPath, [...command, platform, at("script.json"), at("record"), ...argv], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  const heard: ShellProcess["heard"] = () => lines(at("record")).map((line) => JSON.parse(line));
  return {
    child,
    root,
    temp,
    cwd,
    heard,
    begin: () => {
      const first = heard()[0]?.input;
      if (first?.type !== "begin") throw new Error("the run has not begun");
      return first;
    },
    file: (name) => readFileSync(at(name), "utf8"),
    ended: endOf(child),
  };
}

function endOf(child: ChildProcess): ShellProcess["ended"] {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stdout, stderr })));
}

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}
