/**
 * The core, compiled to WebAssembly: two modules that decide alike. Which one is loaded changes nothing but how soon that is done.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Core } from "./core";
import { initSync, Session } from "./generated/core/cd_wasm.js";
import { v8 } from "./late";

/** Node has it; its types leave it to those of browsers. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

/** The whole core; it lies in the package for other tools. */
export async function loadCore(): Promise<Core> {
  // Each function is checked when it is first called. All of them at once take a quarter of the time that node itself takes to start.
  v8().setFlagsFromString("--wasm-lazy-validation");
  // What the quick compiler makes is good enough: a run decides a few times and then ends or waits. Better code, made in the background, comes too
  // late and takes the processor from what is to be done now.
  v8().setFlagsFromString("--liftoff-only");
  return load("core/core.wasm");
}

/** No more of it than `metadata` needs. It is checked in the time that it takes node to find out how to set a flag. */
export async function loadMetadata(): Promise<Core> {
  return load("metadata.wasm");
}

/** A session of a module, from its file beside the bundle. Other threads look through it meanwhile. */
async function load(file: string): Promise<Core> {
  initSync({ module: await WebAssembly.compile(readFileSync(join(__dirname, file))) });
  return new Session();
}
