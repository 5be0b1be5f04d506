/**
 * A tar archive in the ustar format: the same bytes for the same files.
 *
 * The folders above the files are entries of their own (mode 0755, owner 0), so that unpacking does not depend on the umask.
 */

import { refuse } from "./fault";

/** One file of the archive. */
export interface Entry {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly body: Buffer;
}

export function tar(entries: readonly Entry[]): Buffer {
  const blocks: Buffer[] = [];
  const made = new Set<string>();
  for (const entry of entries) {
    for (const folder of foldersAbove(entry.path)) {
      if (made.has(folder)) continue;
      made.add(folder);
      blocks.push(header(folder, { mode: 0o755, uid: 0, gid: 0, size: 0 }, FOLDER));
    }
    blocks.push(
      header(entry.path, { ...entry, size: entry.body.length }, FILE),
      entry.body,
      padding(entry.body.length),
    );
  }
  blocks.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(blocks);
}

function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => `${parts.slice(0, depth + 1).join("/")}/`);
}

function header(path: string, facts: { mode: number; uid: number; gid: number; size: number }, kind: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  text(block, path, 0, 100);
  octal(block, facts.mode, 100, 8);
  octal(block, facts.uid, 108, 8);
  octal(block, facts.gid, 116, 8);
  octal(block, facts.size, 124, 12);
  octal(block, 0, 136, 12); // changed at the epoch
  block.write(kind, 156);
  block.write("ustar\x0000", 257);
  block.fill(" ", 148, 156); // the checksum counts itself as blanks
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function text(block: Buffer, value: string, at: number, room: number): void {
  if (Buffer.byteLength(value) > room) refuse("too-large", `the path ${value} is longer than ${room} bytes`);
  block.write(value, at);
}

function octal(block: Buffer, value: number, at: number, room: number): void {
  const digits = value.toString(8).padStart(room - 1, "0");
  if (digits.length >= room) refuse("too-large", `${value} does not fit a field of ${room - 1} octal digits`);
  block.write(digits, at);
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

const BLOCK = 512;
const FILE = "0";
const FOLDER = "5";
