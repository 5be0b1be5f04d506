/** Where the words of the core go. They arrive printable and blotted; a voice only knows the place and its escapes. */

import type { Emit } from "../generated/protocol";

/** All but `mask`, which is no word but an order. */
export type Words = Exclude<Emit, { type: "mask" }>;

export interface Voice {
  readonly emit: (words: Words) => void;
  /** Tells the log's own keeper that a text is secret. */
  readonly mask: (text: string) => void;
  /** Nothing more will be said. */
  readonly finish: () => void;
}

export type Write = (text: string) => void;
