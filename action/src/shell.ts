/**
 * One run, from the start of the process to its end: lays the table for `drive` and clears it.
 *
 * The process ends by itself when nothing is left to do. Until the core has said its exit code it has that of a crash.
 */

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findFacts, findPlaces, type Places, type Start } from "./begin";
import { type Blotter, createBlotter } from "./blot";
import { blotWords } from "./blot-boundary";
import type { Core } from "./core";
import { drive, type Hands } from "./drive";
import { endAll, perform, type World } from "./effects";
import { commandLineVoice } from "./emit/command-line";
import { githubVoice } from "./emit/github";
import { randomDigits } from "./emit/random";
import type { Voice } from "./emit/voice";
import { isTerminal, writeOut } from "./emit/write-out";
import type { Input, Platform } from "./generated/protocol";
import { createInbox, type Inbox } from "./inbox";
import { createJournal, type Journal } from "./journal";
import { createPlainWords, type PlainWords } from "./plain";
import { hideReports, putBack, takeAway } from "./reports";
import { createSecrets, type Secrets } from "./secrets";

export async function runShell(start: Start, load: () => Promise<Core>): Promise<void> {
  process.exitCode = CRASHED;
  const loading = load();
  loading.catch(() => {}); // it is waited for below, and its failure is a crash there
  const { platform } = start;
  const now = steadyClock();
  const places = findPlaces(platform, process.env, now());
  const voice = findVoice(platform, places);
  if (process.platform === "win32") return refuseWindows(voice);
  if (start.hasPost) voice.emit({ type: "state", name: "isPost", value: "true" });
  voice.flush();

  const plain = createPlainWords();
  const blotter = createBlotter(plain.has);
  const secrets = findSecrets(plain, blotter, voice);
  const warn = warner(blotter, voice);
  const onCommandLine = platform === "command-line";
  let away: string | undefined;
  const journalNow = (): string => (away === undefined ? places.journal : join(away, basename(places.journal)));
  const journal = createJournal(journalNow, blotter.blot, warn);
  const world: World = { env: process.env, blotter, secrets, children: new Set() };
  const inbox = createInbox<Input>();
  listen(inbox);
  let scratch: string | undefined;
  try {
    const { needs } = start;
    plain.learn(needs.plain);
    if (needs.scratch) scratch = makeScratch(start, places, voice);
    const builds = onCommandLine && needs.builds.includes(start.argv[0] ?? "");
    if (builds && scratch !== undefined) away = takeAway(places.reports, scratch, warn);
    const own = { scratch: scratch ?? unmadeScratch(places), leg: findLeg(start, voice) };
    const begin = findFacts(start, process.env, { ...places, ...own });
    const done = await drive(loading, begin, findHands(now, world, voice, journal), inbox);
    const handedOver = voice.finish();
    process.exitCode = done.exitCode === 0 && !handedOver ? FAILED : done.exitCode;
  } catch (error) {
    crash(error, { voice, blotter, journal, path: places.journal });
  }
  await endAll(world);
  journal.close();
  const back = away === undefined || putBack(away, places.reports, warn);
  if (onCommandLine) hideReports(places.reports);
  if (scratch !== undefined) removeScratch(scratch, back ? undefined : away);
}

/** All of it but what could not be put back: keys may lie there. */
function removeScratch(scratch: string, kept: string | undefined): void {
  const paths = kept === undefined ? [scratch] : readdirSync(scratch).map((name) => join(scratch, name));
  for (const path of paths) if (path !== kept) rmSync(path, { recursive: true, force: true });
}

/** `Date.now`, but it never goes back. */
function steadyClock(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last, Date.now());
    return last;
  };
}

function findVoice(platform: Platform, places: Places): Voice {
  if (platform !== "command-line") return githubVoice(process.env, (text) => writeOut(1, text));
  const terminal = {
    stdout: (text: string) => writeOut(1, text),
    stderr: (text: string) => writeOut(2, text),
    colours: () => !process.env.NO_COLOR && isTerminal(2),
    debug: process.env.RUNNER_DEBUG === "1",
  };
  return commandLineVoice(terminal, places.reports);
}

function refuseWindows(voice: Voice): void {
  process.exitCode = INVALID;
  const message = "It runs on Linux and macOS; run this job there, or in WSL.";
  voice.emit({
    type: "annotation",
    level: "error",
    title: "cd-action does not run on Windows",
    message,
    file: null,
    line: null,
    column: null,
  });
  voice.finish();
}

function findSecrets(plain: PlainWords, blotter: Blotter, voice: Voice): Secrets {
  const warn = warner(blotter, voice);
  const secrets = createSecrets(process.env, plain, blotter, {
    mask: voice.mask,
    tooShort: (name) => warn(`the value of ${name} is shorter than 4 characters: it cannot be kept out of the log`),
    tooCommon: (name) =>
      warn(`the value of ${name} is too common a word (or stands in the configuration) to be kept out of the log`),
  });
  for (const name of PLATFORM_SECRETS) secrets.find(name);
  return secrets;
}

function warner(blotter: Blotter, voice: Voice): (text: string) => void {
  return (text) => voice.emit(blotWords({ type: "log", level: "warning", text }, blotter.blot));
}

function findHands(now: () => number, world: World, voice: Voice, journal: Journal): Hands {
  const { blot } = world.blotter;
  return {
    now,
    hear: world.secrets.hear,
    blot,
    journal,
    emit: (emit) => {
      if (emit.type === "mask") world.secrets.find(emit.name);
      else if (emit.type === "public") world.secrets.publish(emit.texts);
      else voice.emit(blotWords(emit, blot));
    },
    flush: voice.flush,
    perform: (effect, signal) => {
      journal.open();
      return perform(effect, world, signal);
    },
  };
}

/** What the folder would be called that a run does not need. */
function unmadeScratch({ temporary }: Places): string {
  return join(temporary, SCRATCH_PREFIX + randomDigits());
}

/** The run's own folder. `post` removes that of a `main` that did not live to do so. */
function makeScratch({ platform, hasPost }: Start, { temporary }: Places, voice: Voice): string {
  const left = process.env[`STATE_${SCRATCH}`] ?? "";
  const isOurs = dirname(left) === temporary && basename(left).startsWith(SCRATCH_PREFIX);
  if (platform === "actions-post" && isOurs) rmSync(left, { recursive: true, force: true });
  const scratch = mkdtempSync(join(temporary, SCRATCH_PREFIX));
  if (hasPost) voice.emit({ type: "state", name: SCRATCH, value: scratch });
  voice.flush();
  return scratch;
}

/**
 * What tells the legs of a job's matrix apart. GitHub's runner makes one up for each; where a runner does not, `main` does, and
 * leaves it for `post`.
 */
function findLeg({ platform, hasPost }: Start, voice: Voice): string {
  const given = process.env.RUNNER_TRACKING_ID?.slice(-8);
  const leg = given || process.env[`STATE_${LEG}`] || randomDigits().slice(-8);
  if (platform === "actions" && hasPost && !given) voice.emit({ type: "state", name: LEG, value: leg });
  return leg;
}

/** Signals are inputs; what nobody caught is a crash, with everything that belongs to one. */
function listen(inbox: Inbox<Input>): void {
  let interrupted = false;
  process.on("SIGINT", () => {
    // A runner's second one would say nothing new; a person's does.
    if (!interrupted || isTerminal(2)) inbox.put({ type: "cancel", grace: GRACE_AFTER_SIGINT });
    interrupted = true;
  });
  for (const signal of ["SIGTERM", "SIGHUP"]) {
    process.on(signal, () => inbox.put({ type: "cancel", grace: GRACE_AFTER_SIGTERM }));
  }
  process.on("uncaughtException", inbox.fail);
  process.on("unhandledRejection", inbox.fail);
}

interface Wreck {
  readonly voice: Voice;
  readonly blotter: Blotter;
  readonly journal: Journal;
  readonly path: string;
}

/** Says the one sentence that the core cannot say any more. Each step is tried: what broke may be one of them. */
function crash(error: unknown, { voice, blotter, journal, path }: Wreck): void {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const steps: Array<() => void> = [
    () => journal.open(),
    () => journal.crash(stack ?? message),
    () => {
      const sentence = `${name}: ${message}\nThis is a bug of cd-action. What serves now is unknown; nothing further was done. Journal: ${path}`;
      const words = { type: "annotation", level: "error", title: "cd-action crashed", message: sentence } as const;
      voice.emit(blotWords({ ...words, file: null, line: null, column: null }, blotter.blot));
    },
    () => voice.emit({ type: "output", name: "outcome", value: "crashed" }),
    () => voice.emit({ type: "output", name: "reason", value: "crashed" }),
    () => void voice.finish(),
  ];
  for (const step of steps) {
    try {
      step();
    } catch (next) {
      writeOut(2, blotter.blot(`cd-action crashed: ${String(next)}\n`));
    }
  }
}

/** What was done is done, but those who wait for its outputs do not get them. */
const FAILED = 1;
const CRASHED = 4;
const INVALID = 3;
const LEG = "leg";
const SCRATCH = "scratch";
const SCRATCH_PREFIX = "cd-action-";
/** A runner waits this long between SIGINT and SIGTERM, and between SIGTERM and SIGKILL. */
const GRACE_AFTER_SIGINT = 7500;
const GRACE_AFTER_SIGTERM = 2500;
/** What a runner gives to every job: secrets before anybody has named them. */
const PLATFORM_SECRETS = [
  "GITHUB_TOKEN",
  "INPUT_GITHUB-TOKEN",
  "ACTIONS_RUNTIME_TOKEN",
  "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
];
