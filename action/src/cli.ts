#!/usr/bin/env node
/** The command line. */

import { CD_ACTION, METADATA } from "./generated/needs";
import { runShell } from "./shell";
import { loadCore, loadMetadata } from "./wasm";

const argv = process.argv.slice(2);
const [needs, load] = argv[0] === "metadata" ? [METADATA, loadMetadata] : [CD_ACTION, loadCore];

void runShell({ program: "cd-action", needs, platform: "command-line", argv, hasPost: false }, load);
