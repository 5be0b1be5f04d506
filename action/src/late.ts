/**
 * Parts of node that take milliseconds to load and that a run needs late or never.
 *
 * The whole start of the process is to cost little more than node's own; `import` would load them all at once.
 */

export const childProcess = () => require("node:child_process") as typeof import("node:child_process");
export const os = () => require("node:os") as typeof import("node:os");
export const v8 = () => require("node:v8") as typeof import("node:v8");
export const crypto = () => require("node:crypto") as typeof import("node:crypto");
export const http = () => require("node:http") as typeof import("node:http");
export const https = () => require("node:https") as typeof import("node:https");
