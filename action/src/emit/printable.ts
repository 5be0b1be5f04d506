/** Foreign text as lines that can be printed: no escape sequences, no other control characters, one way to end a line. */
export function printable(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(ESCAPE_SEQUENCES, "")
    .replace(/(?![\t\n])\p{Cc}/gu, "");
}

const ESC = "\u001b";
const BEL = "\u0007";
/** Colours and cursors; titles, links and clipboards. */
const ESCAPE_SEQUENCES = new RegExp(
  `${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BEL}${ESC}\\n]*(?:${BEL}|${ESC}\\\\)?`,
  "g",
);
