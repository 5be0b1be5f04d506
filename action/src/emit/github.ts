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
          return toFile("GITHUB_STEP_SUMMARY", (file) => writeFileSync(file, fittingSummary(words.markdown)));
        case "answer":
          return; // for a command line; here the outputs say the same
        default:
          return unreachable(words);
      }
    },
    mask: (text) => write(command("add-mask", {}, text)),
    flush,
    finish: flush,
  };

  function flush(): void {
    if (log !== "") writeLog(log);
    log = "";
    for (const [file, text] of values) appendFileSync(file, text);
    values.clear();
  }

  function assign(variable: string, { name, value }: { name: string; value: string }): void {
    toFile(variable, (file) => values.set(file, (values.get(file) ?? "") + assignment(name, value)));
  }

  function toFile(variable: string, action: (file: string) => void): void {
    const file = env[variable];
    if (file) action(file);
    else if (!missing.has(variable)) {
      missing.add(variable);
      write(logged("warning", `the runner gives no ${variable}: what belongs there is lost`));
    }
  }
}

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
