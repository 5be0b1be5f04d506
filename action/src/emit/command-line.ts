/** A person or a script on a command line: the log on standard error, the answer alone on standard output. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
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
  const files = [FOR_SHELLS, FOR_READERS].map((name) => join(reports, name));
  // A run that is killed leaves none, rather than those of the run before it.
  for (const file of files) forget(file);
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
      if (outputs.size === 0) return true;
      const assignments = [...outputs].map(([name, value]) => assignment(name, value));
      const texts = [assignments.map(({ shell }) => shell), assignments.map(({ plain }) => plain)];
      try {
        mkdirSync(reports, { recursive: true });
        for (const [at, file] of files.entries()) writeFileSync(file, (texts[at] ?? []).join(""));
      } catch (error) {
        // What was done is done, and was said: that it cannot be written down does not undo it.
        const fault = error instanceof Error ? error.message : String(error);
        say("warning", `the outputs are not in ${files.join(" and ")}: ${fault}`);
      }
      return true;
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
 * One output, as `CD_PREVIOUS_DIGEST=sha256:…`, in one line: the lines of a value become words, so that `for tag in $CD_TAGS` goes
 * through them.
 *
 * For a shell, a value of other characters than these stands in double quotes, with a backslash before `"`, `\`, `$` and `` ` ``. For
 * readers that take quotes for a part of the value, as GitLab's of a dotenv report does, it stands as it is.
 */
function assignment(name: string, value: string): { readonly shell: string; readonly plain: string } {
  const line = value.replace(/\r\n|[\n\r]/g, " ");
  const quoted = /^[\w./:@%+,=-]*$/.test(line) ? line : `"${line.replace(/["\\$`]/g, "\\$&")}"`;
  const variable = `CD_${name.toUpperCase().replaceAll("-", "_")}`;
  return { shell: `${variable}=${quoted}\n`, plain: `${variable}=${line}\n` };
}

function forget(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // What cannot be removed cannot be written either, and that is said at the end.
  }
}

const FOR_SHELLS = "outputs.env";
const FOR_READERS = "outputs.dotenv";

const COLOURS: Readonly<Record<Level, string>> = {
  debug: "\u001b[2m$&\u001b[0m",
  info: "",
  warning: "\u001b[33m$&\u001b[0m",
  error: "\u001b[31m$&\u001b[0m",
};
