/** The files through which a step hands values to its runner. */

import { randomDigits } from "./random";

/** One value, as its file is to hold it. */
export function assignment(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} is no name for an output, a variable or a state`);
  const delimiter = `cd_${randomDigits()}`;
  if (value.includes(delimiter)) throw new Error("a value holds a delimiter that was drawn after it");
  return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
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
