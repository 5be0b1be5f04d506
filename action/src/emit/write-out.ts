/**
 * Writes to standard output or standard error, and is back when all of it is written: nothing is lost when the process ends.
 *
 * Where nobody listens any more the run goes on without words. Node's own streams would do the same, but take 5 ms to set up.
 */

import { fstatSync, writeSync } from "node:fs";

export function writeOut(stream: 1 | 2, text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(stream, bytes));
    } catch (error) {
      if (!isBusy(error)) return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_PAUSE);
    }
  }
}

/** A terminal, or the null device, which does not care. (Node's own test loads its network modules.) */
export function isTerminal(stream: 1 | 2): boolean {
  try {
    return fstatSync(stream).isCharacterDevice();
  } catch {
    return false; // closed
  }
}

/** A pipe that somebody else has made non-blocking, and whose reader is slow. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EAGAIN";
}

const BUSY_PAUSE = 5;
