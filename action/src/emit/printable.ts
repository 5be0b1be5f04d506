/** Foreign text as lines that can be printed: no escape sequences, no other control characters, one way to end a line. */
export function printable(text: string): string {
  if (!CONTROLS.test(text)) return text;
  return text.replace(/\r\n?/g, "\n").replace(escapeSequences(), "").replace(new RegExp(CONTROLS, "g"), "");
}

const ESC = "\u001b";
const BEL = "\u0007";
/** Control characters but tabs and ends of lines, by what they are not: `\p{Cc}` says the same and takes ten times as long to set up. */
const CONTROLS = /[^\t\n -~\u00a0-\uffff]/;

/** Colours and cursors; titles, links and clipboards. */
function escapeSequences(): RegExp {
  return new RegExp(`${ESC}\\[[0-?]*[ -/]*[@-~]|${ESC}\\][^${BEL}${ESC}\\n]*(?:${BEL}|${ESC}\\\\)?`, "g");
}
