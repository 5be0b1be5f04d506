/** The files through which a step hands values to its runner. */

import { appendFileSync } from "node:fs";
import { randomDigits } from "./random";

/** Appends one value, in one write: a runner reads the file also when the process was killed. */
export function appendValue(file: string, name: string, value: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} is no name for an output or a state`);
  const delimiter = `cd_${randomDigits()}`;
  if (value.includes(delimiter)) throw new Error("a value holds a delimiter that was drawn after it");
  appendFileSync(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

/** Markdown that a runner accepts: it refuses a summary above 1 MiB as a whole. */
export function fittingSummary(markdown: string): string {
  const bytes = Buffer.from(markdown);
  if (bytes.length <= SUMMARY_LIMIT) return markdown;
  const text = bytes
    .subarray(0, SUMMARY_LIMIT)
    .toString()
    .replace(/\ufffd+$/, "");
  return `${text}\n\n… cut here: the summary is longer than a runner accepts. The report has all of it.\n`;
}

const SUMMARY_LIMIT = 900 * 1024;
