/**
 * Lines that a workflow runner obeys, and lines that it must not.
 *
 * A runner reads `::name …::` at the start of a line, after blanks, and `##[name …]` anywhere in it. Lines end at CR too.
 */

import { randomDigits } from "./random";

export function command(
  name: string,
  properties: Readonly<Record<string, string | number | null>>,
  data: string,
): string {
  const pairs = Object.entries(properties).filter(([, value]) => value !== null && value !== "");
  const list = pairs.map(([key, value]) => `${key}=${escapeProperty(String(value))}`).join(",");
  return `::${name}${list === "" ? "" : ` ${list}`}::${escapeData(data)}\n`;
}

/** Lines of our own, in which the core may quote somebody. */
export function harmless(text: string): string {
  return withoutHashes(text).replace(/^(?=\s*::)/gm, BAR);
}

/** Somebody else's lines: the runner is told not to listen, and could not make out a command if it did. */
export function relayed(text: string): string {
  const token = randomDigits();
  const lines = withoutHashes(text.replace(/\n$/, "")).replace(/^/gm, BAR);
  return `::stop-commands::${token}\n${lines}\n::${token}::\n`;
}

function withoutHashes(text: string): string {
  return text.replaceAll("##[", "##\\[");
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** Marks a line as a quotation. */
export const BAR = "│ ";
