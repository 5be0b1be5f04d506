/** The action in `metadata/`. */

import { METADATA } from "./generated/needs";
import { runShell } from "./shell";
import { loadMetadata } from "./wasm";

void runShell({ program: "metadata", needs: METADATA, platform: "actions", argv: [], hasPost: false }, loadMetadata);
