import type { Completion } from "../generated/protocol";

/** Which of the variables are not set, or empty. Their values go nowhere. */
export function findUnset(names: readonly string[], env: NodeJS.ProcessEnv): Completion {
  return { type: "unset", names: names.filter((name) => !env[name]) };
}
