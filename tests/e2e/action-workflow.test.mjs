// The action in real workflows, run by act on this very host.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ENV, image, place, ROOT, run, sleep, until } from './lib.mjs';
import { gitIn, skip, startAct } from './bin/act.mjs';
import { lives, relatives } from './bin/docker.mjs';
import { assertSettled, clear, leaseOf } from './bin/settled.mjs';

const WORKFLOWS = join(ROOT, 'tests', 'e2e', 'workflows');

/** A repository of a team with its configuration, and the action beside it or in it; v1 serves. */
async function team(t, name, { env = {}, local = false } = {}) {
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
  const git = gitIn(repository);
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/tasks');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A service');

  const act = (workflow, tag) => {
    const variables = { IMAGE: image(tag), TEAM: here.service, DOCKER_HOST: ENV.DOCKER_HOST, DOCKER_CONFIG: ENV.DOCKER_CONFIG };
    const more = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const all = startAct({ workflow: join(WORKFLOWS, workflow), repository, action, cache: here.dir, more, env: { TEAM: here.service } });
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
