// The action in real workflows, run by act (https://github.com/nektos/act) on this very host: no image is pulled, no network
// is used. act comes as a Python package; where it cannot be had these tests are skipped, loudly.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ENV, image, place, ROOT, run, sleep, until } from './lib.mjs';
import { lives, relatives } from './bin/docker.mjs';
import { assertSettled, clear, leaseOf } from './bin/settled.mjs';
import { findAct, without } from './bin/tools.mjs';

const WORKFLOWS = join(ROOT, 'tests', 'e2e', 'workflows');

const ACT = findAct();
const skip = without(ACT);

/** A repository of a team with its configuration, and the action beside it or in it; v1 serves. */
async function team(t, name, { env = {}, local = false } = {}) {
  assert.ok(ACT, 'there is act; the continuous integration requires it');
  const here = place(name);
  const own = { bake: { for: '0s' }, drain: '0s', lease: '60s', url: 'https://staging.example', ...env };
  here.config({ env: own });
  const started = [];
  t.after(async () => {
    for (const pid of started.flatMap((act) => [act.child.pid, ...relatives(here.service)]).filter(lives)) process.kill(pid, 'SIGKILL');
    await clear(here);
  });
  assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');

  const repository = mkdtempSync(join(here.dir, 'repository-'));
  // What is published: nothing else of this repository is there.
  const action = local ? repository : mkdtempSync(join(here.dir, 'action-'));
  cpSync(join(ROOT, 'action.yml'), join(action, 'action.yml'));
  cpSync(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true });
  cpSync(join(here.dir, 'cd.yml'), join(repository, 'cd.yml'));
  const git = (...args) => execFileSync('git', ['-C', repository, '-c', 'user.name=anna', '-c', 'user.email=anna@example.org', ...args], { env: ENV, stdio: 'pipe' });
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/tasks');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A service');

  /** Runs a workflow: `{ child, ended, lines }`; the lines are what act says, as data. */
  const act = (workflow, tag) => {
    const argv = [
      'push', '--workflows', join(WORKFLOWS, workflow), '--directory', repository, '--platform', 'ubuntu-latest=-self-hosted',
      '--local-repository', `org/cd-action@v1=${action}`, '--no-cache-server', '--action-cache-path', join(here.dir, 'act-cache'),
      '--json', '--env', `IMAGE=${image(tag)}`, '--env', `TEAM=${here.service}`,
      ...['DOCKER_HOST', 'DOCKER_CONFIG'].flatMap((variable) => ['--env', `${variable}=${ENV[variable]}`]),
    ];
    const env = { ...ENV, XDG_CACHE_HOME: join(here.dir, 'cache'), TEAM: here.service };
    const child = spawn(ACT[0], [...ACT.slice(1), ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => { text += data; });
    const lines = () => text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const all = { child, lines, text: () => text, said: (words) => lines().some((line) => words.test(line.msg ?? '')) };
    all.ended = new Promise((resolve) => child.on('close', (code) => resolve({ code, ...all })));
    started.push(all);
    return all;
  };
  return { here, act };
}

const summaries = (result) => result.lines().filter((line) => line.command === 'summary').map((line) => line.content);

test('a workflow deploys with the action of its own repository, and later steps read the outputs', { skip, timeout: 120_000 }, async (t) => {
  const { here, act } = await team(t, 'local', { local: true });
  const result = await act('local.yml', 'v2').ended;
  assert.equal(result.code, 0, result.text());
  assert.ok(result.said(/later: outcome=deployed version=v2 digest=sha256:[0-9a-f]{64} url=https:\/\/staging\.example/), result.text());
  assert.ok(result.said(/later: report says 1/), result.text());
  assert.ok(summaries(result).some((it) => it.includes(here.service) && it.includes('v2')), result.text());
  await assertSettled(here, { version: 'v2' });
});

test('a workflow deploys with the published action, and later jobs read the outputs', { skip, timeout: 120_000 }, async (t) => {
  const { here, act } = await team(t, 'published');
  const result = await act('published.yml', 'v2').ended;
  assert.equal(result.code, 0, result.text());
  assert.ok(result.said(/afterwards: step=success outcome=deployed reason=proven/), result.text());
  assert.ok(result.said(/next: result=success outcome=deployed/), result.text());
  await assertSettled(here, { version: 'v2' });
});

test('a deploy that fails fails the job, and its outputs can be read all the same', { skip, timeout: 120_000 }, async (t) => {
  const { here, act } = await team(t, 'failing');
  const result = await act('published.yml', 'exits').ended;
  assert.notEqual(result.code, 0);
  assert.ok(result.said(/afterwards: step=failure outcome=rolled-back reason=\S+/), result.text());
  assert.ok(result.said(/next: result=failure outcome=rolled-back/), result.text());
  assert.ok(summaries(result).some((it) => /rolled back/i.test(it)), result.text());
  await assertSettled(here, { version: 'v1' });
});

test('a job may go on after a deploy that failed', { skip, timeout: 120_000 }, async (t) => {
  const { here, act } = await team(t, 'goingon');
  const result = await act('going-on.yml', 'exits').ended;
  assert.equal(result.code, 0, result.text());
  assert.ok(result.said(/afterwards: step=failure outcome=rolled-back/), result.text());
  await assertSettled(here, { version: 'v1' });
});

test('where main is killed in the bake, post puts things right at once', { skip, timeout: 120_000 }, async (t) => {
  const { here, act } = await team(t, 'killedmain', { env: { bake: { for: '90s', errors: '5%' } } });
  const load = await here.load();
  const workflow = act('published.yml', 'v2');
  await until('the bake', () => workflow.said(/baking/) || workflow.child.exitCode !== null, { every: 50 });
  await sleep(500);
  const mains = relatives(here.service).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dist/main.cjs'));
  assert.equal(mains.length, 1, workflow.text());
  process.kill(mains[0], 'SIGKILL');
  const killed = Date.now();
  const { until: expires } = await leaseOf(here);
  const result = await workflow.ended;
  t.diagnostic(`the job ended ${Date.now() - killed} ms after its main was killed`);
  const summary = await load.stop();
  assert.notEqual(result.code, 0);
  const { stdout } = await run(['docker', 'exec', `${here.prefix}-router`, 'cat', '/proc/uptime']);
  assert.ok(Number(stdout.split(' ')[0].replace('.', '')) < expires, 'it did not wait for the lease');
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  await assertSettled(here, { version: 'v1' });
});
