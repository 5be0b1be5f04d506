/**
 * The core's doors for programs: objects in, objects out, errors thrown.
 *
 * Decides nothing. To add a door: its line in `Glue`, in `Core`, and in `createCore`.
 */

import { Mistakes, Misuse, Panic } from "./errors.js";
import type {
  Answer,
  Derivation,
  DeriveRequest,
  EvaluateRequest,
  Evaluation,
  Event,
  EventSources,
  Input,
  LedgerReading,
  LedgerSegment,
  Needs,
  Output,
  Program,
  Reading,
  Replay,
  Selection,
  SelectRequest,
  Timestamp,
} from "./types.js";

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
  readonly Session: new () => { handle(now: number, input: string): string };
  /** Makes the instance anew. What belonged to the old one must not be used again. */
  __wbg_reset_state(): void;
}

export function createCore(glue: Glue): Core {
  /** Counts the instances that a panic has ended. */
  let ended = 0;
  let isBroken = false;

  /** Lets the module work. After a panic its memory is in no order: before it works again it is made anew. */
  const guard = <T>(work: () => T): T => {
    if (isBroken) glue.__wbg_reset_state();
    isBroken = false;
    try {
      return work();
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      if (name === "Misuse") throw new Misuse("", message, { cause: error });
      isBroken = true;
      ended += 1;
      throw new Panic(message, { cause: error });
    }
  };

  const ask = <T>(door: (question: string) => string, question: unknown): T => {
    const text = toJson(question);
    return open(JSON.parse(guard(() => door(text))) as Answer<T>);
  };

  return {
    normalise: (sources) => ask(glue.normalise, sources),
    derive: (request) => ask(glue.derive, request),
    evaluate: (request) => ask(glue.evaluate, request),
    readVersion: (text) => ask(glue.read_version, { text }),
    select: (request) => ask(glue.select, request),
    readLedger: (segments) => ask(glue.read_ledger, segments),
    replay: (text) => ask(glue.replay, { text }),
    needs: (program, argv) => JSON.parse(guard(() => glue.needs(toJson(program), toJson(argv)))) as Needs,
    Session: class {
      readonly #session = guard(() => new glue.Session());
      readonly #ended = ended;

      handle(now: Timestamp, input: Input): Output[] {
        if (this.#ended !== ended) throw new Panic("a bug of the core has ended this run");
        const text = toJson(input);
        return JSON.parse(guard(() => this.#session.handle(now, text))) as Output[];
      }
    },
  };
}

/** Also of what JSON does not know: the core says that it is no question. */
function toJson(question: unknown): string {
  return JSON.stringify(question) ?? "null";
}

function open<T>(answer: Answer<T>): T {
  switch (answer.type) {
    case "given":
      return answer.answer;
    case "mistaken":
      throw new Mistakes(answer.mistakes, answer.message);
    case "misused":
      throw new Misuse(answer.place, answer.message);
    default:
      return answer satisfies never;
  }
}
