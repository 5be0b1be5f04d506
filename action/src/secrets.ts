/** The values that the core knows by name only. Whoever asks for one has it blotted from then on. */

import type { Blotter } from "./blot";
import { refuse } from "./effects/fault";

export interface Secrets {
  /** The value of an environment variable; refuses where it is missing or empty. */
  readonly reveal: (name: string) => string;
  /** The same; `undefined` where it is missing or empty. */
  readonly find: (name: string) => string | undefined;
  /** Keeps what a process said. */
  readonly keep: (name: string, value: string) => void;
  /** What was kept; refuses where nothing was, or nothing but blanks. */
  readonly kept: (name: string) => string;
}

/** What the rest of the world is told about a secret when it is first named. */
export interface Announce {
  readonly mask: (value: string) => void;
  readonly tooShort: (name: string) => void;
}

export function createSecrets(env: NodeJS.ProcessEnv, blotter: Blotter, announce: Announce): Secrets {
  const keeping = new Map<string, string>();
  const warned = new Set<string>();

  const find = (name: string): string | undefined => {
    const value = env[name];
    if (value === undefined || value === "") return undefined;
    blot(name, value);
    return value;
  };

  return {
    find,
    reveal: (name) => find(name) ?? refuse("secret-missing", `the environment variable ${name} is not set, or empty`),
    keep: (name, value) => {
      keeping.set(name, value);
      if (value !== "") blot(name, value);
    },
    kept: (name) => keeping.get(name) || refuse("secret-missing", `nothing is kept under the name ${name}`),
  };

  function blot(name: string, value: string): void {
    const answer = blotter.add(value);
    if (answer === "new") announce.mask(value);
    if (answer === "short" && !warned.has(name)) {
      warned.add(name);
      announce.tooShort(name);
    }
  }
}
