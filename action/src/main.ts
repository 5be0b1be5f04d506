/** The action: `main`, and `post` where `main` has run before. */

import { runShell } from "./shell";
import { loadCore } from "./wasm";

const isPost = process.env.STATE_isPost !== undefined;
const platform = isPost ? "actions-post" : "actions";

void runShell({ program: "cd-action", platform, argv: [], hasPost: !isPost }, loadCore);
