/** The action: `main`, and `post` where `main` has run before. */

import { CD_ACTION } from "./generated/needs";
import { runShell } from "./shell";
import { loadCore } from "./wasm";

const isPost = process.env.STATE_isPost !== undefined;
const platform = isPost ? "actions-post" : "actions";

void runShell({ program: "cd-action", needs: CD_ACTION, platform, argv: [], hasPost: !isPost }, loadCore);
