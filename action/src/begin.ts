/** What is known at the start of a run, read from the process. */

import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { CoreModule } from "./core";
import type { Begin, Platform } from "./generated/protocol";

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
  const temporary = env.RUNNER_TEMP || tmpdir();
  const onCommandLine = platform === "command-line";
  const reports = onCommandLine ? join(process.cwd(), ".cd-action") : join(temporary, "cd-action");
  const utc = new Date(startedAt).toISOString().replace(/[-:]|\.\d+/g, "");
  return {
    temporary,
    workspace: (onCommandLine ? undefined : env.GITHUB_WORKSPACE) || process.cwd(),
    reports,
    journal: join(reports, `journal-${utc}-${process.pid}.jsonl`),
    startedAt,
  };
}

/** The facts of a run on `platform`, whose own folder is `scratch`. */
export function findFacts(
  platform: Platform,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  core: CoreModule,
  places: Places & { readonly scratch: string; readonly leg: string },
): Begin {
  const { workspace, scratch, reports, journal, leg } = places;
  const names = JSON.parse(core.env_names()) as string[];
  return {
    argv: [...argv],
    inputs: platform === "command-line" ? {} : { ...inputs(env, core), ...states(env) },
    env: Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    platform,
    workspace,
    scratch,
    reports,
    holder: platform === "command-line" ? localHolder(places.startedAt) : jobHolder(env, leg),
    journal,
  };
}

/** A runner hands in `my-input` as `INPUT_MY-INPUT`. */
function inputs(env: NodeJS.ProcessEnv, core: CoreModule): Record<string, string> {
  const names = JSON.parse(core.input_names()) as string[];
  const values = names.map((name): [string, string] => [
    name,
    env[`INPUT_${name.toUpperCase().replaceAll(" ", "_")}`]?.trim() ?? "",
  ]);
  return Object.fromEntries(values.filter(([, value]) => value !== ""));
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
  return holder(`local:${user()}@${hostname()}:${process.pid}-${startedAt}`);
}

function user(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.()); // a user that no account file names
  }
}

function holder(text: string): string {
  return text.replace(/[^A-Za-z0-9._:/@#-]/g, "_");
}

const STATE = "STATE_";
/** What the shell leaves for itself. */
const OWN_STATES = ["STATE_isPost", "STATE_scratch", "STATE_leg"];
