/** The action: `main`, and `post` where `main` has run before. */

import { runShell } from "./shell";
import { loadCore } from "./wasm";

const platform = process.env.STATE_isPost === undefined ? "actions" : "actions-post";

void runShell(platform, [], loadCore);
