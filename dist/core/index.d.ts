/**
 * The core of cd-action as a package: what it decides, for programs in node, in a bundle and in a page.
 *
 * Nothing is fetched but `core.wasm`, which lies beside this file.
 */
import { type Core } from "./core.js";
export type { Core, Session } from "./core.js";
export { Mistakes, Misuse, Panic } from "./errors.js";
export type * from "./types.js";
/**
 * Loads the core, once: later calls give the same one. Without `wasm` it loads `core.wasm` from beside this file; a bundler that
 * does not carry that file along can hand in its bytes.
 */
export declare function load(wasm?: ArrayBuffer | ArrayBufferView): Promise<Core>;
