/** What the package throws: whose mistake it is says the class, and what it is its members. */
import type { Mistake } from "./types.js";
/** A person wrote something wrong. All of it, each mistake with its code and its place; `message` has a line for each. */
export declare class Mistakes extends Error {
    readonly name = "Mistakes";
    readonly mistakes: readonly Mistake[];
    constructor(mistakes: readonly Mistake[], message: string);
}
/** The program that asks is wrong: its question has another form, or it breaks the contract of a run. */
export declare class Misuse extends Error {
    readonly name = "Misuse";
    /** Where in the question, such as `inputs.images`; empty where it is about the whole. */
    readonly place: string;
    constructor(place: string, message: string, options?: ErrorOptions);
}
/** A bug of the core. The runs that were under way are over; whatever is asked next begins afresh. */
export declare class Panic extends Error {
    readonly name = "Panic";
}
