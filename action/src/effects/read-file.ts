import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { Completion } from "../generated/protocol";
import { refuse } from "./fault";

/** Reads a text file of at most `limit` bytes. */
export function readTextFile(path: string, limit: number): Completion {
  // Not blocking, or opening a pipe that nobody writes to would hold up the whole run.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(file).isFile()) refuse("other", `${path} is not a file`);
    const bytes = readUpTo(file, limit + 1);
    if (bytes.length > limit) refuse("too-large", `${path} is larger than ${limit} bytes`);
    return { type: "read", text: decode(path, bytes) };
  } finally {
    closeSync(file);
  }
}

function readUpTo(file: number, most: number): Buffer {
  const chunks: Buffer[] = [];
  for (let left = most; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(left, CHUNK));
    const count = readSync(file, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    left -= count;
  }
  return Buffer.concat(chunks);
}

function decode(path: string, bytes: Buffer): string {
  if (!isUtf8(bytes)) refuse("not-text", `${path} is not UTF-8`);
  return bytes.toString();
}

const CHUNK = 65_536;
