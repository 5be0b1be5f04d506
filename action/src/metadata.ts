/** The action in `metadata/`. */

import { runShell } from "./shell";
import { loadMetadata } from "./wasm";

void runShell({ program: "metadata", platform: "actions", argv: [], hasPost: false }, loadMetadata);
