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

export function __wbg_reset_state(): void;

/**
 * A `DeriveRequest` to its `Derivation`.
 */
export function derive(question: string): string;

/**
 * An `EvaluateRequest` to its `Evaluation`.
 */
export function evaluate(question: string): string;

/**
 * Lets panics be heard: without it they are traps without a word.
 */
export function hear_panics(): void;

/**
 * The names of the environment variables and inputs that `Begin` is to hold, as the JSON of `Needs`. `program` is the JSON
 * of a `Program`, `argv` that of a command line's arguments.
 *
 * # Errors
 * A `Misuse` where one of them is not.
 */
export function needs(program: string, argv: string): string;

/**
 * An `EventSources` to its `Event`.
 */
export function normalise(question: string): string;

/**
 * A list of `LedgerSegment`s to a `LedgerReading`.
 */
export function read_ledger(question: string): string;

/**
 * A `VersionText` to its `Reading`.
 */
export function read_version(question: string): string;

/**
 * A `JournalText` to a `Replay`.
 */
export function replay(question: string): string;

/**
 * A `SelectRequest` to its `Selection`.
 */
export function select(question: string): string;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_session_free: (a: number, b: number) => void;
    readonly derive: (a: number, b: number) => [number, number];
    readonly evaluate: (a: number, b: number) => [number, number];
    readonly hear_panics: () => void;
    readonly needs: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly normalise: (a: number, b: number) => [number, number];
    readonly read_ledger: (a: number, b: number) => [number, number];
    readonly read_version: (a: number, b: number) => [number, number];
    readonly replay: (a: number, b: number) => [number, number];
    readonly select: (a: number, b: number) => [number, number];
    readonly session_handle: (a: number, b: number, c: number, d: number) => [number, number, number, number];
    readonly session_new: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
