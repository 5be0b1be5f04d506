// The test's side of the counting docker beside this file.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { ENV, until } from '../lib.mjs';

const WRAPPER = join(dirname(fileURLToPath(import.meta.url)), 'docker');
const REAL = execFileSync('sh', ['-c', 'command -v docker'], { env: ENV, encoding: 'utf8' }).trim();

/**
 * A counting docker for one run: `env` puts it first in PATH. `plan` is lines as the wrapper understands them, such as
 * `route#2 torn kill`.
 */
export function countingDocker(here, plan = '') {
  mkdirSync(here.dir, { recursive: true });
  const dir = mkdtempSync(join(here.dir, 'docker-'));
  symlinkSync(WRAPPER, join(dir, 'docker'));
  writeFileSync(join(dir, 'real'), `${REAL}\n`);
  writeFileSync(join(dir, 'plan'), plan === '' ? '' : `${plan}\n`);
  const lines = (file) => (existsSync(join(dir, file)) ? readFileSync(join(dir, file), 'utf8').split('\n').filter(Boolean) : []);
  const it = {
    dir,
    env: { PATH: `${dir}:${ENV.PATH}` },
    /** Every call so far, in the order they came: `{ name: 'route#2', change: 7 | null, words }`. */
    calls: () => lines('calls').map((line) => {
      const [name, change, ...words] = line.split(' ');
      return { name, change: change === '-' ? null : Number(change.split('#')[1]), words: words.join(' ') };
    }),
    /** Those that change something, in order. */
    changes: () => it.calls().filter((call) => call.change !== null).map((call) => call.name),
    /** Calls of the plan that have come. */
    reached: () => lines('reached'),
    has: (file) => existsSync(join(dir, file)),
    /** Waits for a file, or for as long as it may take. */
    async waitFor(file, seconds = 30) {
      await until(`the counting docker's file ${file}`, () => it.has(file), { seconds, every: 20 });
    },
    /** Waits for a call: `stop#1`. */
    async waitForCall(name, seconds = 60) {
      await until(`the call ${name}`, () => it.calls().some((call) => call.name === name), { seconds, every: 20 });
    },
    /** Lets the call be made before which the caller was stopped, or the paused one of this name. */
    go: (name) => existsSync(dir) && writeFileSync(join(dir, name ? `go-${name}` : 'go'), ''),
    /** Starts the shipped command line with it. The report is this run's own, also where several run in one place. */
    start(...args) {
      const before = here.env;
      here.env = { ...before, ...it.env };
      try {
        return withOwnReport(here, here.start(...args));
      } finally {
        here.env = before;
      }
    },
  };
  return it;
}

/** A run that was started, with the report that is its own: reports name their journals, and those the process. */
export function withOwnReport(here, run) {
  const own = (report) => report.journal?.endsWith(`-${run.child.pid}.jsonl`);
  const ended = run.ended.then((result) => {
    const report = existsSync(here.dir) ? here.reports().findLast(own) ?? null : null;
    return { ...result, report, outcome: report?.outcome };
  });
  return { ...run, ended };
}

/** Whether a process is there (a zombie is not). */
export function lives(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Processes whose environment names this value, such as a folder of a test's: the children of a run, wherever they went. */
export function relatives(value) {
  const found = execFileSync('sh', ['-c', `grep -lsaF -- "$1" /proc/[0-9]*/environ || true`, 'sh', value], { encoding: 'utf8' });
  return found.split('\n').filter(Boolean).map((file) => Number(file.split('/')[2])).filter((pid) => pid !== process.pid && lives(pid));
}

/** A generator of numbers in [0, 1) that gives the same for the same seed. */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
