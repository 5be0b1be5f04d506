/** The last bytes of a stream. */

import type { Blotter } from "../blot";

export interface Tail {
  readonly push: (chunk: Buffer) => void;
  /** As it came. */
  readonly text: () => string;
  /** Without secrets; one that the limit has cut in two is no secret the less. */
  readonly blotted: () => string;
}

export function createTail(limit: number, blotter: Blotter): Tail {
  let chunks: Buffer[] = [];
  let size = 0;

  // Before the tail lies as much as a secret may reach back, and a character.
  const most = (): number => limit + blotter.longest() + 4;
  const kept = (): Buffer => {
    const bytes = Buffer.concat(chunks, size).subarray(Math.max(0, size - most()));
    chunks = [bytes];
    size = bytes.length;
    return bytes;
  };

  return {
    push: (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > 2 * (most() + chunk.length)) kept();
    },
    text: () => {
      const bytes = kept();
      return bytes.subarray(cut(bytes, limit)).toString();
    },
    blotted: () => {
      const bytes = kept();
      const at = cut(bytes, limit);
      const before = bytes.subarray(0, at).toString();
      return blotter.blotFrom(before + bytes.subarray(at).toString(), before.length);
    },
  };
}

/** Where the last `limit` bytes begin; not within a character. */
function cut(bytes: Buffer, limit: number): number {
  let at = Math.max(0, bytes.length - limit);
  for (let step = 0; at > 0 && step < 3 && isContinuation(bytes[at]); step += 1) at += 1;
  return at;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
