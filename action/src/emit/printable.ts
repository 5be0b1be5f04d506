/** Foreign text as lines that can be printed: no escape sequences, no other control characters, one way to end a line. */
export function printable(text: string): string {
  if (!CONTROLS.test(text)) return text;
  return text.replace(/\r\n?/g, "\n").replace(escapeSequences(), "").replace(new RegExp(CONTROLS, "gu"), "");
}

const ESC = "\u001b";
const BEL = "\u0007";
const CONTROLS = /(?![\t\n])\p{Cc}/u;

/** Colours and cursors; titles, links and clipboards. */
function escapeSequences(): RegExp {
  return new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BEL}${ESC}\\n]*(?:${BEL}|${ESC}\\\\)?`, "g");
}
