/** Who carries out which effect. To add one: a file in `effects/`, a line here. */

import type { Blotter } from "./blot";
import { failed } from "./effects/fault";
import { fetch } from "./effects/fetch";
import { findUnset } from "./effects/find-unset";
import { fingerprint } from "./effects/fingerprint";
import type { Child } from "./effects/process";
import { readTextFile } from "./effects/read-file";
import { run } from "./effects/run";
import { writeFile } from "./effects/write-file";
import type { Completion, Effect } from "./generated/protocol";
import type { Secrets } from "./secrets";
import { unreachable } from "./unreachable";

/** What effects act on. */
export interface World {
  readonly env: NodeJS.ProcessEnv;
  readonly blotter: Blotter;
  readonly secrets: Secrets;
  /** The processes that run. */
  readonly children: Set<Child>;
}

export async function perform(effect: Effect, world: World, signal: AbortSignal): Promise<Completion> {
  try {
    switch (effect.type) {
      case "run":
        return await run(effect, world, signal);
      case "read-file":
        return readTextFile(effect.path, effect.limit);
      case "write-file":
        return writeFile(effect, world.secrets);
      case "fetch":
        return await fetch(effect, world, signal);
      case "find-unset":
        return findUnset(effect.names, world.env);
      case "fingerprint":
        return fingerprint(effect.names, effect.key, world.secrets);
      default:
        return unreachable(effect);
    }
  } catch (error) {
    return failed(error);
  }
}

/** Ends whatever still runs, and waits for it. */
export async function endAll(world: World): Promise<void> {
  const children = [...world.children];
  for (const child of children) child.end();
  await Promise.all(children.map((child) => child.closed));
}
