#!/usr/bin/env node
/** The command line. */

import { CD_ACTION, METADATA, REPLAY } from "./generated/needs";
import { runShell } from "./shell";
import { loadCore, loadMetadata } from "./wasm";

const argv = process.argv.slice(2);
/** What else the first word may start. */
const programs = new Map([
  ["metadata", { needs: METADATA, load: loadMetadata }],
  ["replay", { needs: REPLAY, load: loadCore }],
]);
const { needs, load } = programs.get(argv[0] ?? "") ?? { needs: CD_ACTION, load: loadCore };

void runShell({ program: "cd-action", needs, platform: "command-line", argv, hasPost: false }, load);
