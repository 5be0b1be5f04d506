/**
 * The core's doors for programs: objects in, objects out, errors thrown.
 *
 * Decides nothing. To add a door: its line in `Glue`, in `Core`, and in `createCore`.
 */
import type { Derivation, DeriveRequest, EvaluateRequest, Evaluation, Event, EventSources, Input, LedgerReading, LedgerSegment, Needs, Output, Program, Reading, Replay, Selection, SelectRequest, Timestamp } from "./types.js";
/** What can be asked. Each throws `Misuse` where the question has not the form of its type, and `Panic` on a bug. */
export interface Core {
    /** One form for the events of every system. */
    readonly normalise: (sources: EventSources) => Event;
    /** Tags, labels and annotations, with the rule that made each, and why a rule made none. Throws `Mistakes`. */
    readonly derive: (request: DeriveRequest) => Derivation;
    /** Whether what is derived may be published, given what the registry has. Throws `Mistakes`. */
    readonly evaluate: (request: EvaluateRequest) => Evaluation;
    /** A version as SemVer and PEP 440 read it; `null`: it is one by neither. */
    readonly readVersion: (text: string) => Reading | null;
    /** Where a rollback goes, with a verdict on every candidate. */
    readonly select: (request: SelectRequest) => Selection;
    /** Verifies a ledger, all its segments, the oldest first, and says what it comes to. */
    readonly readLedger: (segments: readonly LedgerSegment[]) => LedgerReading;
    /**
     * Decides a recorded run again, from the text of its journal: whether every decision is the same, where not, and why each was
     * made. A text that is no journal is an answer, too: `unreadable`, with what is wrong and where.
     */
    readonly replay: (journal: string) => Replay;
    /** A run that has not begun. */
    readonly Session: new () => Session;
    /** The names of what the input `begin` of a run is to hold, for a program and the arguments of a command line. */
    readonly needs: (program: Program, argv: readonly string[]) => Needs;
}
/** One run without its acts: whoever holds it carries them out. */
export interface Session {
    /**
     * Takes in what happened and says what to do next; the last output is `idle` or `done`. `now` never goes back.
     *
     * `begin` comes first. Carry out every `effect`, side by side, and hand in what came of each as `completed`, in any order; hand in
     * `tick` when the time has come that an `idle` names. After `done` nothing more is accepted.
     *
     * Throws `Misuse` where the contract is broken, and is of no use after it.
     */
    handle(now: Timestamp, input: Input): Output[];
}
/** What the module exports: JSON in, JSON out. */
export interface Glue {
    normalise(question: string): string;
    derive(question: string): string;
    evaluate(question: string): string;
    read_version(question: string): string;
    select(question: string): string;
    read_ledger(question: string): string;
    replay(question: string): string;
    needs(program: string, argv: string): string;
    readonly Session: new () => {
        handle(now: number, input: string): string;
    };
    /** Makes the instance anew. What belonged to the old one must not be used again. */
    __wbg_reset_state(): void;
}
export declare function createCore(glue: Glue): Core;
