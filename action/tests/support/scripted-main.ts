/** The shell in a process of its own with a scripted core: `node scripted-main.cjs PLATFORM SCRIPT RECORD [ARG…]`. */

import { readFileSync } from "node:fs";
import type { Platform } from "../../src/generated/protocol";
import { runShell } from "../../src/shell";
import { NEEDS, recordTo, type Step, scriptedCore } from "./scripted";

const [platform, script, record, ...argv] = process.argv.slice(2) as [Platform, string, string, ...string[]];
const steps = JSON.parse(readFileSync(script, "utf8")) as Step[];

const hasPost = platform === "actions";

const start = { program: "cd-action", needs: NEEDS, platform, argv, hasPost } as const;

void runShell(start, async () => scriptedCore(steps, recordTo(record)));
