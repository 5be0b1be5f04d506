/**
 * Which values are plain: what this run has to read, and what anybody would guess. Blotted, they would make what the core is told
 * unreadable; so they are not, in no form. To add a rule: `has`.
 */

import type { Input } from "./generated/protocol";

export interface PlainWords {
  /** Whether a text is plain, the blanks around it aside. What once is stays so. */
  readonly has: (text: string) => boolean;
  /** Words that the core looks for in what it is told; parts of them are plain, too. */
  readonly learn: (words: readonly string[]) => void;
  /** Takes in whole texts that are public. */
  readonly publish: (texts: readonly string[]) => void;
  /** Takes in what an input makes public, and says whether that is anything. */
  readonly hear: (input: Input) => boolean;
}

export function createPlainWords(): PlainWords {
  let words: string[] = [];
  /** The arguments and the configuration: what stands there is no secret, however long it is. */
  const written: string[] = [];
  /** The inputs, the platform's facts and the holder's name: something long in there may be a secret that an expression put there. */
  const given: string[] = [];

  const stands = (text: string): boolean =>
    written.some((whole) => whole.includes(text)) ||
    (text.length < TOO_LONG_FOR_A_FACT && given.some((whole) => whole.includes(text)));

  /** Whether the core makes it of what stands there: `cd-SERVICE.ENVIRONMENT-router`, or a part of that. */
  const isName = (text: string): boolean => {
    const pieces = text
      .replace(/^cd-/, "")
      .replace(/-router$/, "")
      .split(".");
    return pieces.length <= 2 && pieces.every(stands);
  };

  return {
    has: (text) => {
      const bare = text.trim();
      const lower = bare.toLowerCase();
      return NUMBERS.test(bare) || words.some((word) => word.includes(lower)) || stands(bare) || isName(bare);
    },
    learn: (more) => {
      words = [...words, ...more.map((word) => word.toLowerCase())];
    },
    publish: (texts) => {
      written.push(...texts);
    },
    hear: (input) => {
      if (input.type === "begin") {
        const inputs = Object.entries(input.inputs).filter(([name]) => !SECRET_INPUTS.includes(name));
        written.push(...input.argv);
        given.push(...inputs.map(([, value]) => value), ...Object.values(input.env), input.holder);
        return true;
      }
      if (input.type !== "completed" || input.completion.type !== "read") return false;
      written.push(input.completion.text);
      return true;
    },
  };
}

/**
 * Parts of digests and ids, addresses and ports. Of a digest's 57 runs of eight hex digits one is a given value once in 75 million
 * times; of its 61 runs of four, once in a thousand.
 */
const NUMBERS = /^(?:[0-9a-f]{0,7}|[0-9.:]{0,11})$/;
const TOO_LONG_FOR_A_FACT = 20;
const SECRET_INPUTS = ["github-token"];
