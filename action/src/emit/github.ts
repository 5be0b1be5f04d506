/** A workflow runner that speaks GitHub's protocol: GitHub's own, Gitea's, Forgejo's, act. */

import { appendFileSync, writeFileSync } from "node:fs";
import type { Level } from "../generated/protocol";
import { unreachable } from "../unreachable";
import { command, harmless, relayed } from "./commands";
import { assignment, fittingSummary } from "./file-commands";
import type { Voice, Write } from "./voice";

/** The whole log goes to one stream, so that its order holds. What is said in one breath is written in one go. */
export function githubVoice(env: NodeJS.ProcessEnv, writeLog: Write): Voice {
  const missing = new Set<string>();
  const values = new Map<string, string>();
  let log = "";
  let handedOver = true;
  const write: Write = (text) => {
    log += text;
  };

  return {
    emit: (words) => {
      switch (words.type) {
        case "log":
          return write(logged(words.level, words.text));
        case "group":
          return write(command("group", {}, words.title));
        case "end-group":
          return write(command("endgroup", {}, ""));
        case "relay":
          return write(relayed(words.text));
        case "annotation": {
          const { title, file, line, column: col } = words;
          return write(
            command(ANNOTATIONS[words.level], { file, line, col, title }, words.message.slice(0, MESSAGE_LIMIT)),
          );
        }
        case "output":
          return assign("GITHUB_OUTPUT", words);
        case "variable":
          return assign("GITHUB_ENV", words);
        case "state":
          return assign("GITHUB_STATE", words);
        case "summary":
          return summarise(words.markdown);
        case "answer":
          return; // for a command line; here the outputs say the same
        default:
          return unreachable(words);
      }
    },
    mask: (text) => write(command("add-mask", {}, text)),
    flush,
    finish: () => {
      flush();
      return handedOver;
    },
  };

  function flush(): void {
    writeDown();
    for (const [variable, text] of values) {
      const file = env[variable] ?? "";
      const fault = faultOf(() => appendFileSync(file, text));
      if (fault === undefined) continue;
      handedOver = false;
      const sentence = `${variable} cannot be written, so later steps do not get what belongs there; what was done is done: ${fault}`;
      write(command("error", { title: "a file of the runner cannot be written" }, sentence));
    }
    values.clear();
    writeDown();
  }

  function writeDown(): void {
    if (log !== "") writeLog(log);
    log = "";
  }

  function assign(variable: string, { name, value }: { name: string; value: string }): void {
    if (isThere(variable)) values.set(variable, (values.get(variable) ?? "") + assignment(name, value));
  }

  /** For people alone: a run does not fail for it. */
  function summarise(markdown: string): void {
    const variable = "GITHUB_STEP_SUMMARY";
    if (!isThere(variable)) return;
    const fault = faultOf(() => writeFileSync(env[variable] ?? "", fittingSummary(markdown)));
    if (fault !== undefined) write(command("warning", {}, `the summary cannot be written: ${fault}`));
  }

  function isThere(variable: string): boolean {
    if (env[variable]) return true;
    if (!missing.has(variable)) {
      missing.add(variable);
      const sentence = `the runner gives no ${variable}: what belongs there is lost`;
      write(OTHERS_WAIT_FOR.includes(variable) ? command("warning", {}, sentence) : logged("warning", sentence));
    }
    return false;
  }
}

/** What went wrong, where something did; it names the file. */
function faultOf(action: () => void): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** What later steps read. */
const OTHERS_WAIT_FOR: readonly string[] = ["GITHUB_OUTPUT", "GITHUB_STATE"];

function logged(level: Level, text: string): string {
  switch (level) {
    case "debug":
      return command("debug", {}, text);
    case "info":
      return `${harmless(text)}\n`;
    case "warning":
      return `${harmless(text).replace(/^.+$/gm, "\u001b[33m$&\u001b[0m")}\n`;
    case "error":
      return `${harmless(text).replace(/^.+$/gm, "\u001b[31m$&\u001b[0m")}\n`;
    default:
      return unreachable(level);
  }
}

const ANNOTATIONS: Readonly<Record<Level, string>> = {
  debug: "debug",
  info: "notice",
  warning: "warning",
  error: "error",
};
/** A runner cuts at 4096 itself, without saying so. */
const MESSAGE_LIMIT = 4000;
