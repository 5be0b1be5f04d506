#!/usr/bin/env node
/** The command line. */

import { runShell } from "./shell";
import { loadCore, loadMetadata } from "./wasm";

const argv = process.argv.slice(2);
const load = argv[0] === "metadata" ? loadMetadata : loadCore;

void runShell({ program: "cd-action", platform: "command-line", argv, hasPost: false }, load);
