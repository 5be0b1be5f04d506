/** The values that the core knows by name only. Whoever asks for one has it blotted from then on. */

import { type Blotter, lines } from "./blot";
import { refuse } from "./effects/fault";
import type { Input } from "./generated/protocol";
import type { PlainWords } from "./plain";

export interface Secrets {
  /** The value of an environment variable; refuses where it is missing or empty. */
  readonly reveal: (name: string) => string;
  /** The same; `undefined` where it is missing or empty. */
  readonly find: (name: string) => string | undefined;
  /** Keeps what a process said. */
  readonly keep: (name: string, value: string) => void;
  /** What was kept; refuses where nothing was, or nothing but blanks. */
  readonly kept: (name: string) => string;
  /** These texts are no secret, and neither is a part of them. */
  readonly publish: (texts: readonly string[]) => void;
  /** Is told every input before it is blotted: what stands in it may turn out to be no secret. */
  readonly hear: (input: Input) => void;
}

/** What the rest of the world is told about a secret: what to hide when it is first named, and once that it cannot be hidden. */
export interface Announce {
  readonly mask: (text: string) => void;
  readonly tooShort: (name: string) => void;
  readonly tooCommon: (name: string) => void;
}

export function createSecrets(
  env: NodeJS.ProcessEnv,
  plain: PlainWords,
  blotter: Blotter,
  announce: Announce,
): Secrets {
  const keeping = new Map<string, string>();
  const named = new Map<string, string>();
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
    publish: (texts) => {
      plain.publish(texts);
      review();
    },
    hear: (input) => {
      if (plain.hear(input)) review();
    },
  };

  function review(): void {
    blotter.review();
    for (const [name, value] of named) blot(name, value);
  }

  function blot(name: string, value: string): void {
    named.set(name, value);
    const answer = blotter.add(value);
    if (answer === "new") for (const text of [value, ...lines(value)]) if (!plain.has(text)) announce.mask(text);
    if (answer === "short") warn(name, announce.tooShort);
    if (answer === "plain") warn(name, announce.tooCommon);
  }

  function warn(name: string, say: (name: string) => void): void {
    if (!warned.has(name)) say(name);
    warned.add(name);
  }
}
