// act (https://github.com/nektos/act) runs real workflows on this very host: no image is pulled, no network is used. It comes as a Python
// package; where it cannot be had the tests that need it are skipped, loudly.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';

import { ENV } from '../lib.mjs';
import { findAct, without } from './tools.mjs';

const ACT = findAct();

/** What a test says of itself that cannot be run here; the continuous integration requires act. */
export const skip = without(ACT);

/**
 * Runs the workflow in the file on a push: `{ child, ended, lines, said }`; the lines are what act says, as data. `action` is the folder
 * that counts as the published `org/cd-action@v1`, `cache` one of the test's own.
 */
export function startAct({ workflow, repository, action, cache, more = [], env = {} }) {
  assert.ok(ACT, 'there is act; the continuous integration requires it');
  const argv = [
    'push', '--workflows', workflow, '--directory', repository, '--platform', 'ubuntu-latest=-self-hosted',
    '--local-repository', `org/cd-action@v1=${action}`, '--no-cache-server', '--action-cache-path', join(cache, 'act-cache'), '--json', ...more,
  ];
  const child = spawn(ACT[0], [...ACT.slice(1), ...argv], { env: { ...ENV, XDG_CACHE_HOME: join(cache, 'cache'), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => { text += data; });
  const lines = () => text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  const all = { child, lines, text: () => text, said: (words) => lines().some((line) => words.test(line.msg ?? '')) };
  all.ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, ...all })));
  return all;
}

/** Git in a repository of somebody. */
export function gitIn(repository, env = {}) {
  return (...args) => execFileSync('git', ['-C', repository, '-c', 'user.name=anna', '-c', 'user.email=anna@example.org', ...args], { env: { ...ENV, ...env }, encoding: 'utf8', stdio: 'pipe' });
}
