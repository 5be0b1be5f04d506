/** 32 hexadecimal digits that nobody can guess: from the system itself, since node's crypto takes 5 ms to load. */

import { closeSync, openSync, readSync } from "node:fs";

let drawn: Buffer = Buffer.alloc(0);

export function randomDigits(): string {
  if (drawn.length === 0) drawn = draw();
  const digits = drawn.toString("hex", 0, BYTES);
  drawn = drawn.subarray(BYTES);
  return digits;
}

/** Enough for all that most runs need, in one go. */
function draw(): Buffer {
  const bytes = Buffer.alloc(32 * BYTES);
  const source = openSync("/dev/urandom", "r");
  try {
    if (readSync(source, bytes) !== bytes.length) throw new Error("/dev/urandom gives too few bytes");
  } finally {
    closeSync(source);
  }
  return bytes;
}

const BYTES = 16;
