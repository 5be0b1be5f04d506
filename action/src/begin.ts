/** What is known at the start of a run, read from the process. */

import { join } from "node:path";
import type { Begin, Needs, Platform, Program } from "./generated/protocol";
import { os } from "./late";

/** How a run was started. */
export interface Start {
  readonly program: Program;
  /** What the core wants to be told of the process, from `generated/needs`. */
  readonly needs: Needs;
  readonly platform: Platform;
  /** The arguments of the command line; none for an action. */
  readonly argv: readonly string[];
  /** Whether the action has a `post` step, which is to know of this one. */
  readonly hasPost: boolean;
}

/** Where a run keeps what. Known before the core is, so that a crash can name the journal. */
export interface Places {
  /** The folder in which the run makes its own. */
  readonly temporary: string;
  readonly workspace: string;
  readonly reports: string;
  readonly journal: string;
  /** When the run started. */
  readonly startedAt: number;
}

export function findPlaces(platform: Platform, env: NodeJS.ProcessEnv, startedAt: number): Places {
  const temporary = env.RUNNER_TEMP || os().tmpdir();
  const onCommandLine = platform === "command-line";
  const reports = onCommandLine ? join(process.cwd(), ".cd-action") : join(temporary, "cd-action");
  const utc = new Date(startedAt).toISOString().slice(0, SECONDS).replaceAll("-", "").replaceAll(":", "");
  return {
    temporary,
    workspace: (onCommandLine ? undefined : env.GITHUB_WORKSPACE) || process.cwd(),
    reports,
    journal: join(reports, `journal-${utc}Z-${process.pid}.jsonl`),
    startedAt,
  };
}

/** The facts of a run, whose own folder is `scratch`. */
export function findFacts(
  { program, needs, platform, argv }: Start,
  env: NodeJS.ProcessEnv,
  places: Places & { readonly scratch: string; readonly leg: string },
): Begin {
  const { workspace, scratch, reports, journal, leg } = places;
  return {
    program,
    argv: [...argv],
    inputs: platform === "command-line" ? {} : { ...given(needs.inputs, env, inputVariable), ...states(env) },
    env: given(needs.env, env, (name) => name),
    platform,
    workspace,
    scratch,
    reports,
    holder: platform === "command-line" ? localHolder(places.startedAt) : jobHolder(env, leg),
    journal,
  };
}

/** What is set of what is needed, by its name. */
function given(
  names: readonly string[],
  env: NodeJS.ProcessEnv,
  variableOf: (name: string) => string,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const value = env[variableOf(name)];
    if (value !== undefined) values[name] = value;
  }
  return values;
}

/** A runner hands in `my-input` as `INPUT_MY-INPUT`. */
function inputVariable(name: string): string {
  return `INPUT_${name.toUpperCase().replaceAll(" ", "_")}`;
}

/** What `main` left for `post`: the state `lease` is the input `state-lease`. */
function states(env: NodeJS.ProcessEnv): Record<string, string> {
  const found = Object.entries(env).filter(([name]) => name.startsWith(STATE) && !OWN_STATES.includes(name));
  return Object.fromEntries(found.map(([name, value]) => [`state-${name.slice(STATE.length)}`, value ?? ""]));
}

/** The same for `main` and `post` of one job; behind `#` what tells its attempts, and the legs of its matrix, apart. */
function jobHolder(env: NodeJS.ProcessEnv, leg: string): string {
  const server = env.GITHUB_SERVER_URL?.replace(/^[a-z]+:\/\//i, "").replace(/\/+$/, "");
  const parts = [server, env.GITHUB_REPOSITORY, env.GITHUB_RUN_ID, env.GITHUB_JOB];
  return holder(`github:${parts.map((part) => part || "-").join("/")}#${env.GITHUB_RUN_ATTEMPT || "1"}.${leg}`);
}

function localHolder(startedAt: number): string {
  return holder(`local:${user()}@${os().hostname()}:${process.pid}-${startedAt}`);
}

function user(): string {
  try {
    return os().userInfo().username;
  } catch {
    return String(process.getuid?.()); // a user that no account file names
  }
}

function holder(text: string): string {
  return text.replace(/[^A-Za-z0-9._:/@#-]/g, "_");
}

/** Of an ISO date, up to its seconds. */
const SECONDS = 19;
const STATE = "STATE_";
/** What the shell leaves for itself. */
const OWN_STATES = ["STATE_isPost", "STATE_scratch", "STATE_leg"];
