/* tslint:disable */
/* eslint-disable */

/**
 * One run of the action.
 */
export class Session {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Hands in what happened, as the JSON of an `Input`, and gives back what to do next, as the JSON of a list of
     * `Output`s whose last one is `idle` or `done`. `now` is in milliseconds since the Unix epoch.
     *
     * # Errors
     * A `Misuse` where the JSON is no `Input`, or the core does not take it.
     */
    handle(now: number, input: string): string;
    /**
     * A run that has not begun.
     */
    constructor();
}

/**
 * The environment variables that `Begin` is to hold, as a JSON list.
 */
export function env_names(): string;

/**
 * The names of the action's inputs, as a JSON list.
 */
export function input_names(): string;

/**
 * Words that the core reads in what it is told, as a JSON list: a secret that is one of them cannot be blotted.
 */
export function plain_words(): string;
