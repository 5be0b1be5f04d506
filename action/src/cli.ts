#!/usr/bin/env node
/** The command line. */

import { runShell } from "./shell";
import { loadCore } from "./wasm";

void runShell("command-line", process.argv.slice(2), loadCore);
