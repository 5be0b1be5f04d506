/** Ends a `switch` over a type of the boundary: tsc points here when the core has learnt a word that the shell has not. */
export function unreachable(value: never): never {
  throw new Error(`the shell does not know ${JSON.stringify(value)}`);
}
