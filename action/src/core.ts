/** What the shell asks of the core: a session of the WebAssembly module, or of whatever stands in for it in a test. */

export interface Core {
  /** Takes in an `Input` and gives a list of `Output`, both as JSON; throws where the contract was broken, and on a panic. */
  handle(now: number, input: string): string;
}
