/** Failures of the world, as data. Anything else that is thrown is a bug of ours and stays one. */

import type { Completion, Fault } from "../generated/protocol";

/** Ends an effect that cannot be carried out. */
export function refuse(fault: Fault, message: string): never {
  throw Object.assign(new Error(message), { fault });
}

/** The completion of an effect that `error` ended; rethrows what is no failure of the world. */
export function failed(error: unknown): Completion {
  if (!(error instanceof Error)) throw error;
  if ("fault" in error) return { type: "failed", fault: error.fault as Fault, message: error.message };
  if ("code" in error) return { type: "failed", fault: faultOf(String(error.code)), message: error.message };
  throw error;
}

function faultOf(code: string): Fault {
  switch (code) {
    case "ENOENT":
      return "not-found";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "denied";
    case "E2BIG":
      return "too-large";
    default:
      return "other";
  }
}
