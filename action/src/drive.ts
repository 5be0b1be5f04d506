/**
 * The loop: hand in an input, carry out what comes back, hand in what came of it.
 *
 * Decides nothing. Every input is in the journal before the core sees it, and every output before it is carried out.
 */

import { blotInput } from "./blot-boundary";
import type { Core } from "./core";
import type { Begin, Completion, Effect, EffectId, Emit, Input, Output } from "./generated/protocol";
import type { Inbox } from "./inbox";
import type { Journal } from "./journal";
import { unreachable } from "./unreachable";

/** What the loop does things with. */
export interface Hands {
  /** Milliseconds since the epoch; never goes back. */
  readonly now: () => number;
  /** Is told every input before it is blotted. */
  readonly hear: (input: Input) => void;
  readonly blot: (text: string) => string;
  readonly journal: Journal;
  readonly emit: (emit: Emit) => void;
  /** Lets everything that was said be heard: before something is done, and before something is waited for. */
  readonly flush: () => void;
  /** Carries an effect out. A rejection is a bug of ours: the world's failures are completions. */
  readonly perform: (effect: Effect, signal: AbortSignal) => Promise<Completion>;
}

export type Done = Extract<Output, { type: "done" }>;

/** Runs the core to its end; what it begins with is made ready while it is loaded. Rejects where the core or the shell has a bug. */
export async function drive(loading: Promise<Core>, begin: Begin, hands: Hands, inbox: Inbox<Input>): Promise<Done> {
  const aborts = new Map<EffectId, AbortController>();
  let underWay = 0;
  let told = takeIn({ type: "begin", ...begin }, hands);
  const core = await loading;
  for (;;) {
    let wakeAt: number | null = null;
    for (const output of decide(core, told, hands)) {
      switch (output.type) {
        case "effect":
          underWay += 1;
          hands.flush();
          start(output.id, output.effect);
          break;
        case "abort":
          aborts.get(output.id)?.abort();
          break;
        case "emit":
          hands.emit(output.emit);
          break;
        case "idle":
          wakeAt = output.wakeAt;
          break;
        case "done":
          return output;
        default:
          unreachable(output);
      }
    }
    hands.flush();
    if (wakeAt === null && underWay === 0) throw new Error("the core waits, but nothing is under way");
    const input: Input = (await inbox.take(wakeAt, hands.now)) ?? { type: "tick" };
    if (input.type === "completed") underWay -= 1;
    told = takeIn(input, hands);
  }

  function start(id: EffectId, effect: Effect): void {
    const abort = new AbortController();
    aborts.set(id, abort);
    hands.perform(effect, abort.signal).then((completion) => {
      inbox.put({ type: "completed", id, completion });
    }, inbox.fail);
  }
}

/** An input as the core is to be told it, and when. */
interface Told {
  readonly now: number;
  readonly json: string;
}

function takeIn(input: Input, hands: Hands): Told {
  const now = hands.now();
  hands.hear(input);
  const blotted = blotInput(input, hands.blot);
  hands.journal.input(now, blotted);
  return { now, json: JSON.stringify(blotted) };
}

function decide(core: Core, { now, json }: Told, hands: Hands): Output[] {
  const outputs = JSON.parse(core.handle(now, json)) as Output[];
  hands.journal.outputs(outputs);
  return outputs;
}
