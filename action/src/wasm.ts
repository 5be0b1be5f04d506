/**
 * The core, compiled to WebAssembly.
 *
 * The import is dynamic so that the bundle compiles the module when it is asked for and not while it loads.
 */

import { setFlagsFromString } from "node:v8";
import type { CoreModule } from "./core";

export async function loadCore(): Promise<CoreModule> {
  // Each function is checked when it is first called. All of them at once take a quarter of the time that node itself takes to start.
  setFlagsFromString("--wasm-lazy-validation");
  return await import("./generated/core/cd_wasm.js");
}
