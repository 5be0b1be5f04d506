/** The core, compiled to WebAssembly: one module for the bundles and for the package that it lies in. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import type { CoreModule } from "./core";
import { env_names, initSync, input_names, plain_words, Session } from "./generated/core/cd_wasm.js";

export async function loadCore(): Promise<CoreModule> {
  // Each function is checked when it is first called. All of them at once take a quarter of the time that node itself takes to start.
  setFlagsFromString("--wasm-lazy-validation");
  initSync({ module: readFileSync(join(__dirname, "core/core.wasm")) });
  return { Session, env_names, input_names, plain_words };
}
