import { accessSync, constants, existsSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import type { World } from "../effects";
import type { Completion, Run, Stdin } from "../generated/protocol";
import { clampDelay } from "../inbox";
import type { Secrets } from "../secrets";
import { unreachable } from "../unreachable";
import { textOf } from "./content";
import { refuse } from "./fault";
import { type Child, type Exit, startProcess } from "./process";
import { tar } from "./tar";

/** Runs a process to its end, or until what it holds open is there. */
export async function run(effect: Run, world: World, signal: AbortSignal): Promise<Completion> {
  const child = startProcess(
    {
      program: findProgram(effect.argv[0] ?? "", world.env.PATH ?? ""),
      argv: effect.argv,
      env: environment(effect, world),
      input: input(effect.stdin, world.secrets),
      outputLimit: effect.outputLimit,
    },
    world.blotter,
  );
  world.children.add(child);
  void child.closed.then(() => world.children.delete(child));
  signal.addEventListener("abort", child.end);
  await child.started;

  let late = false;
  const timer = setTimeout(() => {
    late = !signal.aborted;
    child.end();
  }, clampDelay(effect.timeout));
  const exit = await (effect.hold === null ? child.closed : opened(child, effect.hold));
  clearTimeout(timer);

  if (exit === "opened") return { type: "opened" };
  if (effect.recall && !late && exit.code === 0) return { type: "recalled", stdout: child.stdout.text() };
  const said = { stdout: stdout(child, effect, world.secrets), stderr: child.stderr.blotted() };
  return late ? { type: "timed-out", ...said } : { type: "exited", ...exit, ...said };
}

/** As `execvp` does it, but in the run's `PATH` and not in the child's. */
function findProgram(name: string, path: string): string {
  if (name.includes("/")) return name;
  const candidates = path
    .split(":")
    .filter(isAbsolute)
    .map((folder) => join(folder, name));
  const files = candidates.filter(isFile);
  return files.find(isExecutable) ?? files[0] ?? refuse("not-found", `there is no program ${name} in PATH`);
}

/** A folder that may not be entered holds nothing. */
function isFile(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function environment(effect: Run, world: World): NodeJS.ProcessEnv {
  const inherited = [...effect.inherit, ...(effect.hold === null ? [] : [TRACKING])]
    .flatMap((name) => (name.endsWith("*") ? beginning(name.slice(0, -1), world.env) : [name]))
    .map((name) => [name, world.env[name]] as const)
    .filter(([, value]) => value !== undefined);
  const own = Object.entries(effect.env).map(([name, content]) => [name, textOf(content, world.secrets)] as const);
  return Object.fromEntries([...inherited, ...own]);
}

function beginning(name: string, env: NodeJS.ProcessEnv): string[] {
  return Object.keys(env).filter((variable) => variable.startsWith(name));
}

function input(stdin: Stdin | null, secrets: Secrets): string | Buffer | null {
  if (stdin === null) return null;
  switch (stdin.type) {
    case "text":
      return stdin.text;
    case "tar":
      return tar(stdin.files.map((file) => ({ ...file, body: Buffer.from(textOf(file.content, secrets)) })));
    default:
      return unreachable(stdin);
  }
}

/** Resolves when `path` exists, or the process has ended. */
function opened(child: Child, path: string): Promise<"opened" | Exit> {
  return new Promise((resolve) => {
    const poll = setInterval(() => {
      if (existsSync(path)) settle("opened");
    }, POLL);
    const settle = (outcome: "opened" | Exit): void => {
      clearInterval(poll);
      resolve(outcome);
    };
    void child.closed.then(settle);
  });
}

function stdout(child: Child, effect: Run, secrets: Secrets): string {
  if (effect.keepAs === null) return child.stdout.blotted();
  secrets.keep(effect.keepAs, child.stdout.text().trim());
  return "";
}

const POLL = 20;
/** By this a runner knows the processes of a job: it ends those that a run that was killed has left open. */
const TRACKING = "RUNNER_TRACKING_ID";
