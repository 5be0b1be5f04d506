/** A person or a script on a command line: the log on standard error, the answer alone on standard output. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Level } from "../generated/protocol";
import { unreachable } from "../unreachable";
import { BAR } from "./commands";
import type { Voice, Words, Write } from "./voice";

export interface Terminal {
  readonly stdout: Write;
  readonly stderr: Write;
  /** Asked only where there is something to colour. */
  readonly colours: () => boolean;
  readonly debug: boolean;
}

export function commandLineVoice(terminal: Terminal, reports: string): Voice {
  const outputs = new Map<string, string>();
  const say = (level: Level, text: string): void => {
    if (level !== "debug" || terminal.debug) terminal.stderr(`${paint(level, text)}\n`);
  };
  const paint = (level: Level, text: string): string =>
    COLOURS[level] !== "" && terminal.colours() ? text.replace(/^.+$/gm, COLOURS[level]) : text;

  return {
    emit: (words) => {
      switch (words.type) {
        case "log":
          return say(words.level, words.text);
        case "group":
          return say("info", words.title);
        case "relay":
          return say("info", words.text.replace(/\n$/, "").replace(/^/gm, BAR));
        case "annotation":
          return say(words.level, annotated(words));
        case "output":
          outputs.set(words.name, words.value);
          return;
        case "answer":
          return terminal.stdout(`${words.json}\n`);
        case "end-group":
        case "variable": // the outputs hold the same
        case "state": // no other process of this run will come
        case "summary": // the report has the same
          return;
        default:
          return unreachable(words);
      }
    },
    mask: () => {},
    flush: () => {},
    finish: () => {
      if (outputs.size === 0) return;
      const text = [...outputs].map(([name, value]) => assignment(name, value)).join("");
      const file = join(reports, "outputs.env");
      try {
        mkdirSync(reports, { recursive: true });
        writeFileSync(file, text);
      } catch (error) {
        // What was done is done, and was said: that it cannot be written down does not undo it.
        say("warning", `the outputs are not in ${file}: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

/** The title, the place and the message below it; without a title the message alone. */
function annotated(words: Extract<Words, { type: "annotation" }>): string {
  const { level, title, message } = words;
  if (title === "") return `${level}: ${message}${place(words)}`;
  return `${level}: ${title}${place(words)}\n${message.replace(/^(?=.)/gm, "  ")}`;
}

function place({ file, line, column }: { file: string | null; line: number | null; column: number | null }): string {
  const parts = [file, line, column].filter((part) => part !== null);
  return file === null ? "" : `\n  --> ${parts.join(":")}`;
}

/**
 * One line of the dotenv file: `CD_PREVIOUS_DIGEST=sha256:…`.
 *
 * A value of other characters than these stands in double quotes, with `\n` and `\r` for line ends and a backslash before `"`, `\`, `$` and `` ` ``.
 */
function assignment(name: string, value: string): string {
  const quoted = value
    .replace(/["\\$`]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r");
  return `CD_${name.toUpperCase().replaceAll("-", "_")}=${/^[\w./:@%+,=-]*$/.test(value) ? value : `"${quoted}"`}\n`;
}

const COLOURS: Readonly<Record<Level, string>> = {
  debug: "\u001b[2m$&\u001b[0m",
  info: "",
  warning: "\u001b[33m$&\u001b[0m",
  error: "\u001b[31m$&\u001b[0m",
};
