/** A core that answers by a script, to drive the shell without deciding anything. */

import { appendFileSync } from "node:fs";
import type { Core } from "../../src/core";
import type { Input, Needs, Output } from "../../src/generated/protocol";

/** What to answer to the first input that fits; each step is used once, in any order. */
export interface Step {
  readonly on: Input["type"];
  /** Of a completion; any where it is left out. */
  readonly id?: number;
  /** In texts, `{{scratch}}` and the like stand for what `begin` said. */
  readonly answer?: readonly Output[];
  /** Throw this instead. */
  readonly fail?: string;
}

/** `heard` gets every input as the shell handed it in. */
export function scriptedCore(script: readonly Step[], heard: (now: number, input: Input) => void): Core {
  const steps = [...script];
  let words: Record<string, unknown> = {};

  return {
    handle(now: number, json: string): string {
      const input = JSON.parse(json) as Input;
      heard(now, input);
      if (input.type === "begin") words = { ...input };
      const at = steps.findIndex(
        ({ on, id }) => on === input.type && (input.type !== "completed" || id === undefined || id === input.id),
      );
      const [step] = at < 0 ? [] : steps.splice(at, 1);
      if (step?.fail !== undefined) throw Object.assign(new Error(step.fail), { name: "Panic" });
      const outputs = JSON.stringify(step?.answer ?? [idle()]);
      return outputs.replace(/\{\{(\w+)\}\}/g, (_, name: string) => JSON.stringify(String(words[name])).slice(1, -1));
    },
  };
}

/** What the scripted core wants to be told. */
export const NEEDS: Needs = {
  env: ["GITHUB_REPOSITORY", "HOME", "NOT_SET"],
  inputs: ["command", "dry-run", "github-token", "with space", "not-set"],
  plain: ["created", "running"],
  scratch: true,
  builds: ["release"],
};

/** Writes every input to `file`, one a line. */
export function recordTo(file: string): (now: number, input: Input) => void {
  return (now, input) => appendFileSync(file, `${JSON.stringify({ now, input })}\n`);
}

export function idle(wakeAt: number | null = null): Output {
  return { type: "idle", wakeAt, reason: "the script says so" };
}

export function done(exitCode = 0): Output {
  return { type: "done", outcome: exitCode === 0 ? "deployed" : "failed", exitCode };
}
