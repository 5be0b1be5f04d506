/** Where the words of the core go. They arrive printable and blotted; a voice only knows the place and its escapes. */

import type { Emit } from "../generated/protocol";

/** All but `mask` and `public`, which are no words but orders. */
export type Words = Exclude<Emit, { type: "mask" | "public" }>;

export interface Voice {
  readonly emit: (words: Words) => void;
  /** Tells the log's own keeper that a text is secret. */
  readonly mask: (text: string) => void;
  /** Brings what was said to where it is to be heard, if it is not there yet. A runner reads its files also when the process was killed. */
  readonly flush: () => void;
  /** Nothing more will be said. `false`: values did not get to those who wait for them, and it was said which. */
  readonly finish: () => boolean;
}

export type Write = (text: string) => void;
