/** A process in a group of its own, so that it can be ended with all of that group and the terminal's ^C does not reach it. */

import type { ChildProcess } from "node:child_process";
import type { Blotter } from "../blot";
import { childProcess } from "../late";
import { createTail, type Tail } from "./tail";

export interface Spec {
  readonly program: string;
  /** With the name that the program is to see as its own, first. */
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** `null`: its input is closed. */
  readonly input: string | Buffer | null;
  readonly outputLimit: number;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Child {
  /** Rejects where it could not be started; then nothing has been. */
  readonly started: Promise<void>;
  readonly stdout: Tail;
  readonly stderr: Tail;
  /** The process has ended, and nobody holds its pipes any more. */
  readonly closed: Promise<Exit>;
  /** Ends the group: SIGTERM, and SIGKILL two seconds later. May be called again. */
  readonly end: () => void;
}

export function startProcess(spec: Spec, blotter: Blotter): Child {
  const child = childProcess().spawn(spec.program, spec.argv.slice(1), {
    ...(spec.argv[0] === undefined ? {} : { argv0: spec.argv[0] }),
    env: spec.env,
    detached: true,
    stdio: [spec.input === null ? "ignore" : "pipe", "pipe", "pipe"],
  });
  const stdout = createTail(spec.outputLimit, blotter);
  const stderr = createTail(spec.outputLimit, blotter);
  child.stdout?.on("data", stdout.push);
  child.stderr?.on("data", stderr.push);
  child.stdin?.on("error", () => {}); // a child need not read all of its input
  child.stdin?.end(spec.input);
  const started = new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  return { started, stdout, stderr, ...watch(child) };
}

/** Waits for the end of a process, and brings it about. */
function watch(child: ChildProcess): Pick<Child, "closed" | "end"> {
  const timers: NodeJS.Timeout[] = [];
  const after = (milliseconds: number, action: () => void): void => {
    timers.push(setTimeout(action, milliseconds));
  };
  let ending = false;
  let gone = false;
  let close: (exit: Exit) => void;
  const closed = new Promise<Exit>((resolve) => {
    close = (exit) => {
      gone = true;
      for (const timer of timers) clearTimeout(timer);
      for (const pipe of child.stdio) pipe?.destroy();
      child.unref();
      resolve(exit);
    };
  });

  child.once("exit", (code, signal) => {
    // Whoever holds the pipes now is not the process that was asked for.
    after(PIPES_AFTER_EXIT, () => {
      signalGroup(child, "SIGKILL");
      close({ code, signal });
    });
  });
  child.once("error", () => close({ code: null, signal: null }));
  child.once("close", (code, signal) => {
    if (ending) signalGroup(child, "SIGKILL"); // what is left of the group when it was to end
    close({ code, signal });
  });

  return {
    closed,
    end: () => {
      if (ending || gone) return; // the group's number may be somebody else's by now
      ending = true;
      signalGroup(child, "SIGTERM");
      after(KILL_AFTER, () => {
        signalGroup(child, "SIGKILL");
        // A process that the kernel does not let go of must not hold up the run.
        after(PIPES_AFTER_EXIT, () => close({ code: null, signal: "SIGKILL" }));
      });
    },
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Nobody is left.
  }
}

/** Time enough for a pipe to drain; a daemon that a child left behind would hold it for ever. */
const PIPES_AFTER_EXIT = 1000;
/** The runner itself gives 2.5 s between SIGTERM and SIGKILL. */
const KILL_AFTER = 2000;
