/**
 * The core of cd-action as a package: what it decides, for programs in node, in a bundle and in a page.
 *
 * Nothing is fetched but `core.wasm`, which lies beside this file.
 */

import initialise, * as glue from "../src/generated/core/cd_wasm.js";
import { type Core, createCore } from "./core.js";

export type { Core, Session } from "./core.js";
export { Mistakes, Misuse, Panic } from "./errors.js";
export type * from "./types.js";

let loaded: Promise<Core> | undefined;

/**
 * Loads the core, once: later calls give the same one. Without `wasm` it loads `core.wasm` from beside this file; a bundler that
 * does not carry that file along can hand in its bytes.
 */
export function load(wasm?: ArrayBuffer | ArrayBufferView): Promise<Core> {
  loaded ??= begin(wasm).catch((error) => {
    // What was not there may be there the next time.
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function begin(wasm?: ArrayBuffer | ArrayBufferView): Promise<Core> {
  const bytes = wasm ?? (await read(new URL("./core.wasm", import.meta.url)));
  await initialise({ module_or_path: bytes as BufferSource });
  return createCore(glue);
}

async function read(url: URL): Promise<ArrayBuffer | ArrayBufferView> {
  if (url.protocol === "file:") {
    // Node's own `fetch` reads no files; named like this, no bundler looks for it in a page.
    const files = "node:fs/promises";
    const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ files);
    return readFile(url);
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} cannot be loaded: ${response.status} ${response.statusText}`);
  // Not streamed: that needs a server which knows the type of such files, and many do not.
  return response.arrayBuffer();
}
