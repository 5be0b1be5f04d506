/** What the shell asks of the core: the exports of the WebAssembly module, or of whatever stands in for it in a test. */

export interface Core {
  /** Takes in an `Input` and gives a list of `Output`, both as JSON; throws where the contract was broken, and on a panic. */
  handle(now: number, input: string): string;
}

export interface CoreModule {
  readonly Session: new () => Core;
  /** JSON of `Needs`: the names of what `Begin` is to hold, for the JSON of a `Program` and of a command line's arguments. */
  needs(program: string, argv: string): string;
}
