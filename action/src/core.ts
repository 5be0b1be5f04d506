/** What the shell asks of the core: the exports of the WebAssembly module, or of whatever stands in for it in a test. */

export interface Core {
  /** Takes in an `Input` and gives a list of `Output`, both as JSON; throws where the contract was broken, and on a panic. */
  handle(now: number, input: string): string;
}

export interface CoreModule {
  readonly Session: new () => Core;
  /** JSON list of the environment variables that `Begin` is to hold. */
  env_names(): string;
  /** JSON list of the action's inputs. */
  input_names(): string;
  /** JSON list of the words that the core looks for in what it is told. */
  plain_words?(): string;
}
