/**
 * The journal: every input and every output of a run, one JSON document a line.
 *
 * `{"now":…,"input":…}`, then `{"outputs":[…]}`, and so on; after a crash `{"crash":"…"}`. The line of the beginning bears the version as well.
 * Replaying the inputs gives the outputs: `cd-action replay FILE`. Nothing in it is secret: inputs are blotted before the core sees them, outputs here.
 *
 * The file is made when the run first acts (or crashes), so that asking for help leaves nothing behind; until then lines are held. A journal that
 * cannot be written is said once and does not stop a run: a rollout that is half done is worse than one without a record.
 */

import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { VERSION } from "./generated/needs";
import type { Input, Output } from "./generated/protocol";

export interface Journal {
  readonly input: (now: number, input: Input) => void;
  readonly outputs: (outputs: readonly Output[]) => void;
  readonly crash: (words: string) => void;
  /** Makes the file; from here on a line is written before the call returns. */
  readonly open: () => void;
  readonly close: () => void;
}

export function createJournal(
  findPath: () => string,
  blot: (text: string) => string,
  warn: (text: string) => void,
): Journal {
  let held: string[] = [];
  let file: number | undefined;
  let broken = false;

  return {
    input: (now, input) => append(input.type === "begin" ? { version: VERSION, now, input } : { now, input }),
    // The tags stay: a secret that happens to read "effect" must not make the journal unreadable.
    outputs: (outputs) =>
      append({ outputs }, (key, value) => (typeof value === "string" && key !== "type" ? blot(value) : value)),
    crash: (words) => append({ crash: blot(words) }),
    open: () =>
      attempt(() => {
        if (file !== undefined) return;
        const path = findPath();
        mkdirSync(dirname(path), { recursive: true });
        file = openSync(path, "a", 0o600);
        writeLines(file, held);
        held = [];
      }),
    close: () =>
      attempt(() => {
        if (file !== undefined) closeSync(file);
        file = undefined;
      }),
  };

  function append(entry: object, replacer?: (key: string, value: unknown) => unknown): void {
    const line = `${JSON.stringify(entry, replacer)}\n`;
    if (file === undefined) held.push(line);
    else attempt(() => writeLines(file, [line]));
  }

  function attempt(action: () => void): void {
    if (broken) return;
    try {
      action();
    } catch (error) {
      broken = true;
      warn(`the journal cannot be written: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function writeLines(file: number | undefined, lines: readonly string[]): void {
  if (file === undefined) return;
  let bytes = Buffer.from(lines.join(""));
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(file, bytes));
}
