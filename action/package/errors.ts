/** What the package throws: whose mistake it is says the class, and what it is its members. */

import type { Mistake } from "./types.js";

/** A person wrote something wrong. All of it, each mistake with its code and its place; `message` has a line for each. */
export class Mistakes extends Error {
  override readonly name = "Mistakes";
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[], message: string) {
    super(message);
    this.mistakes = mistakes;
  }
}

/** The program that asks is wrong: its question has another form, or it breaks the contract of a run. */
export class Misuse extends Error {
  override readonly name = "Misuse";
  /** Where in the question, such as `inputs.images`; empty where it is about the whole. */
  readonly place: string;

  constructor(place: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.place = place;
  }
}

/** A bug of the core. The runs that were under way are over; whatever is asked next begins afresh. */
export class Panic extends Error {
  override readonly name = "Panic";
}
