// Runs `metadata` as a workflow runner does: inputs and event in the environment, the log on standard output, values in files.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { readFileCommands, readLog } from '../../action/tests/support/runner.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
export const ROOT = join(HERE, '../..');
const ACTION = readFileSync(join(ROOT, 'metadata/action.yml'), 'utf8');
/** The file that a runner would start. */
export const MAIN = join(ROOT, 'metadata', /^ {2}main: (.+)$/m.exec(ACTION)[1]);
/** The command line. */
export const CLI = join(ROOT, 'dist/cli.cjs');

/** What a step's `with:` leaves to `action.yml`. */
const DEFAULTS = Object.fromEntries(
  [...ACTION.matchAll(/^ {2}([a-z-]+):\n {4}description: .*\n {4}required: false\n(?: {4}default: (.+)\n)?/gm)]
    .map(([, name, value]) => [name, value === undefined ? '' : JSON.parse(value)])
    .map(([name, value]) => [name, value.startsWith('${{') ? '' : value]),
);

/** Processes at a time; each waits now and then. */
export const CONCURRENCY = 2 * availableParallelism();

/** A folder that goes with the test. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), 'cd-metadata-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Runs a program; never for more than a minute. */
export function run(argv, { env, cwd }) {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000, killSignal: 'SIGKILL' });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        said[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, ...said }));
  });
}

/** Runs shell commands one after the other, with nobody's settings of git. */
export async function shell(cwd, commands, env = {}) {
  const script = ['set -eu', ...commands].join('\n');
  const result = await run(['sh', '-c', script], { cwd, env: { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', ...env } });
  assert.equal(result.code, 0, `${script}\n${result.stderr}`);
  return result.stdout;
}

/** As the vectors' own repositories were made. */
export const GIT_IDENTITY = {
  GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b',
  GIT_AUTHOR_DATE: '2023-01-01T13:42:28Z', GIT_COMMITTER_DATE: '2023-01-01T13:42:28Z',
};

/**
 * One step of a job: `event` is `{ name, ref, sha, payload, repository }`, `inputs` are those of `with:`. Lists are joined by line ends.
 * `omit` names variables that this runner does not set, `over` has those that it sets to something else; `git` makes the checkout; `temp` is the job's folder where it has had a step before.
 */
export async function step(t, { event, inputs, env = {}, now = '2020-01-10T00:30:00.000Z', git, omit = [], temp, prepare, over = {} }) {
  const at = folder(t);
  const workspace = join(at, 'work');
  const file = (name) => join(at, name);
  mkdirSync(workspace);
  mkdirSync(file('temp'));
  for (const name of ['output', 'env', 'state', 'summary']) writeFileSync(file(name), '');
  if (event.payload !== undefined) writeFileSync(file('event.json'), typeof event.payload === 'string' ? event.payload : JSON.stringify(event.payload, null, 2));
  if (git) await shell(workspace, git, GIT_IDENTITY);
  prepare?.({ at, workspace, file });
  const given = Object.entries({ ...DEFAULTS, ...inputs }).map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, Array.isArray(value) ? value.join('\n') : value]);
  const all = {
    ...env,
    PATH: env.PATH ?? process.env.PATH, HOME: workspace, GIT_CONFIG_NOSYSTEM: '1', FROZEN_CLOCK: now,
    ...Object.fromEntries(given),
    CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: event.name, GITHUB_EVENT_PATH: file('event.json'), GITHUB_REF: event.ref, GITHUB_SHA: event.sha,
    GITHUB_REPOSITORY: event.repository ?? 'octocat/Hello-World', GITHUB_SERVER_URL: 'https://github.com', GITHUB_API_URL: 'http://127.0.0.1:1',
    GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temp ?? file('temp'),
    GITHUB_OUTPUT: file('output'), GITHUB_ENV: file('env'), GITHUB_STATE: file('state'), GITHUB_STEP_SUMMARY: file('summary'),
  };
  Object.assign(all, over);
  for (const name of omit) delete all[name];
  const preloads = ['frozen-clock.cjs', 'no-network.cjs'].flatMap((name) => ['--require', join(HERE, name)]);
  const ended = await run([process.execPath, ...preloads, MAIN], { env: all, cwd: workspace });
  const { commands, shown } = readLog(ended.stdout);
  const annotations = (name) => commands.filter((command) => command.name === name);
  const read = (name) => readFileSync(file(name), 'utf8');
  return {
    ...ended, temp: temp ?? file('temp'), commands, shown,
    errors: annotations('error'), warnings: annotations('warning').map(({ data }) => data),
    outputs: Object.fromEntries(readFileCommands(read('output'))), variables: Object.fromEntries(readFileCommands(read('env'))),
    state: read('state'), summary: read('summary'),
  };
}

/** The command line in a folder of its own: `{ code, stdout, stderr, told, outputs }`, where `told` is what `--json` says. */
export async function commandLine(t, args, { env = {}, cwd = folder(t), payload } = {}) {
  const all = { PATH: process.env.PATH, HOME: cwd, GIT_CONFIG_NOSYSTEM: '1', GIT_CEILING_DIRECTORIES: tmpdir(), FROZEN_CLOCK: '2020-01-10T00:30:00.000Z', ...env };
  if (payload !== undefined) {
    all.GITHUB_EVENT_PATH = join(folder(t), 'event.json');
    writeFileSync(all.GITHUB_EVENT_PATH, JSON.stringify(payload));
  }
  const preloads = ['frozen-clock.cjs', 'no-network.cjs'].flatMap((name) => ['--require', join(HERE, name)]);
  const ended = await run([process.execPath, ...preloads, CLI, 'metadata', '--json', ...args], { env: all, cwd });
  return { ...ended, cwd, told: ended.stdout === '' ? undefined : JSON.parse(ended.stdout) };
}
