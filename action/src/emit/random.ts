/** 32 hexadecimal digits that nobody can guess: from the system itself, since node's crypto takes 5 ms to load. */

import { closeSync, openSync, readSync } from "node:fs";

export function randomDigits(): string {
  const bytes = Buffer.alloc(16);
  const source = openSync("/dev/urandom", "r");
  try {
    if (readSync(source, bytes) !== bytes.length) throw new Error("/dev/urandom gives too few bytes");
  } finally {
    closeSync(source);
  }
  return bytes.toString("hex");
}
