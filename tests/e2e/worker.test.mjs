// Workers: services without a port, which nobody asks. What replaces what, who works when by the engine's own events, what
// proves them, and the way back.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { docker, ENV, everythingOf, image, place, run, sleep, until } from './lib.mjs';
import { assertSettled } from './bin/settled.mjs';

/** A place in which v1 works. */
async function working(t, name, { replicas = 1, env = {}, ...config } = {}) {
  const here = place(name, { worker: true }).config({
    ...config,
    run: { replicas, ...config.run },
    env: { lease: '30s', drain: '5s', ...env },
  });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stdout + first.stderr);
  return { here, first };
}

/** Does something, and gives what the engine saw of instances meanwhile: `{ result, most, least, versions, deaths }`. */
async function seen(here, work) {
  const running = new Set((await here.containers()).filter((it) => it.state === 'running').map((it) => it.generation + '-' + it.index));
  // As they come: of what is over an engine remembers the last few hundred events only, all tests' together.
  const events = spawn('docker', ['events', '--filter', `label=cd-action.service=${here.service}`, '--filter', 'label=cd-action.role=instance',
    '--filter', 'event=start', '--filter', 'event=die', '--format', '{{json .}}'], { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  events.stdout.on('data', (data) => { text += data; });
  const closed = new Promise((resolve) => events.on('close', resolve));
  await sleep(500);
  const result = await work().finally(() => sleep(500));
  events.kill();
  await closed;
  let [most, least, versions, deaths] = [running.size, running.size, 1, []];
  for (const event of text.split('\n').filter(Boolean).map((line) => JSON.parse(line))) {
    const of = event.Actor.Attributes;
    const id = `${of['cd-action.generation']}-${of['cd-action.index']}`;
    if (event.Action === 'start') running.add(id);
    else {
      running.delete(id);
      deaths.push({ id, code: Number(of.exitCode) });
    }
    most = Math.max(most, running.size);
    least = Math.min(least, running.size);
    versions = Math.max(versions, new Set([...running].map((it) => it.split('-')[0])).size);
  }
  return { result, most, least, versions, deaths };
}

/** What speaks of users, where there are none. */
const OF_USERS = /traffic|router|rout(e|ed|ing)\b|weight|request|\busers?\b/i;

/** All that a run says of itself, without words of the engine, of images and of paths. */
function sentences({ report, stdout, stderr }) {
  const { plan, decisions, acts, phases, because, next, troubles } = report;
  const told = [...because, ...next, ...troubles, ...acts.map((it) => it.what), ...phases.map((it) => it.name),
    ...decisions.flatMap((it) => [it.decision, ...it.because])];
  const planned = plan ? [...plan.steps.flatMap((it) => [it.name, it.does, it['on-failure']]), plan.rollback, plan.interruption ?? '', ...plan.notes] : [];
  return [...told, ...planned, ...(stdout + stderr).split('\n')].map((it) => it.replaceAll(/cd-[a-z0-9-]+\.staging-router/g, ''));
}

function assertOfNoUsers(result) {
  for (const sentence of sentences(result)) assert.doesNotMatch(sentence, OF_USERS);
}

test('a worker is replaced by its successor, and at no time do both work', async (t) => {
  const { here, first } = await working(t, 'worker-alone', { run: { env: { STOP_DELAY_MS: '1200' } } });
  assertOfNoUsers(first);
  await assertSettled(here, { version: 'v1' });
  const ports = await docker('inspect', '--format', '{{json .HostConfig.PortBindings}}', `${here.prefix}-router`);
  assert.deepEqual(JSON.parse(ports), {}, 'nothing is published');
  assert.doesNotMatch(await here.state('haproxy.cfg'), /frontend| check |bind/, 'nobody comes in, and nobody is checked');
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.deepEqual([plan.report.plan.strategy, plan.report.plan.peak], ['recreate', 1], plan.stdout);
  assert.match(plan.report.plan.interruption, /nothing works/);
  assertOfNoUsers(plan);
  const good = await seen(here, () => here.cd('deploy', '--image', image('v2')));
  assert.deepEqual([good.result.outcome, good.result.code], ['deployed', 0], good.result.stderr);
  assertOfNoUsers(good.result);
  assert.deepEqual([good.most, good.versions], [1, 1], 'never two at a time');
  // It was asked to end, and had the time to: 1.2 s of work after the signal, and its own exit code.
  assert.deepEqual(good.deaths, [{ id: '1-1', code: 0 }]);
  await assertSettled(here, { version: 'v2' });
  const status = await here.cd('status');
  assertOfNoUsers(status);
  assert.match(status.stdout + status.stderr, /\bworks\b/);
  const back = await seen(here, () => here.cd('rollback'));
  assert.deepEqual([back.result.outcome, back.versions], ['restored', 1], back.result.stderr);
  assertOfNoUsers(back.result);
  await assertSettled(here, { version: 'v1' });
  const again = await here.cd('deploy', '--image', image('v1'));
  assert.equal(again.outcome, 'unchanged', again.stderr);
  assertOfNoUsers(again);
});

test('what takes longer to end than it may is killed', async (t) => {
  const { here } = await working(t, 'worker-slow', { run: { env: { STOP_DELAY_MS: '60000' } }, env: { drain: '1s' } });
  const good = await seen(here, () => here.cd('deploy', '--image', image('v2')));
  assert.equal(good.result.outcome, 'deployed', good.result.stderr);
  assert.deepEqual([good.deaths, good.versions], [[{ id: '1-1', code: 137 }], 1]);
});

test('one that is not well goes back by itself, and not even then do both work', async (t) => {
  const { here } = await working(t, 'worker-bad', { health: { deadline: '4s' } });
  for (const [tag, reasons] of [['exits', ['exited', 'restarted']], ['broken', ['not-proven']]]) {
    const bad = await seen(here, () => here.cd('deploy', '--image', image(tag)));
    const { outcome, report, code, stderr } = bad.result;
    assert.deepEqual([outcome, code], ['rolled-back', 1], stderr);
    assert.ok(reasons.includes(report.reason), `${tag}: ${report.reason}`);
    assertOfNoUsers(bad.result);
    assert.equal(bad.versions, 1, `${tag}: never two versions at a time`);
    await assertSettled(here, { version: 'v1' });
  }
});

test('one that is watched is taken back by a person, and not even then do both work', async (t) => {
  const { here } = await working(t, 'worker-abort');
  here.config({ env: { lease: '30s', drain: '5s', bake: { for: '90s' } } });
  const { result: [aborted, cancelled], versions } = await seen(here, async () => {
    const deploy = here.start('deploy', '--image', image('v2'));
    await until('it is watched', () => /^baking$/m.test(deploy.output()), { seconds: 30 });
    return Promise.all([here.cd('abort'), deploy.ended]);
  });
  assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
  assert.deepEqual([cancelled.outcome, cancelled.report.reason, cancelled.code], ['cancelled', 'aborted', 1], cancelled.stderr);
  assert.equal(versions, 1);
  assert.deepEqual((await here.containers()).map((it) => [it.version, it.state]), [['v1', 'running']]);
});

test('without a check a worker is proven by running on, which the plan calls weak, and watched after it', async (t) => {
  const { here } = await working(t, 'worker-runs', { health: { exec: undefined, runs: '1s', every: '500ms' }, env: { bake: { for: '6s' } } });
  const plan = await here.cd('plan', '--image', image('crashes'));
  assert.match(plan.report.plan.notes.join('\n'), /a weak proof/);
  assert.match(plan.report.plan.steps.find((it) => it.name === 'prove').does, /runs on for 1 s/);
  assertOfNoUsers(plan);
  // It ends by itself after five seconds: past its proof, within its bake.
  const bad = await seen(here, () => here.cd('deploy', '--image', image('crashes')));
  assert.deepEqual([bad.result.outcome, bad.result.code], ['rolled-back', 1], bad.result.stderr);
  assert.ok(['exited', 'restarted'].includes(bad.result.report.reason), bad.result.report.reason);
  assert.ok(bad.result.report.phases.some((it) => it.name === 'baking'), 'it was proven');
  assertOfNoUsers(bad.result);
  await assertSettled(here, { version: 'v1' });
});

test('rolling replaces workers one after the other, and as many work as are to', async (t) => {
  const { here } = await working(t, 'worker-rolling', { replicas: 2, env: { strategy: { rolling: { pause: '1s' } } } });
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.deepEqual([plan.report.plan.strategy, plan.report.plan.peak, plan.report.plan.interruption], ['rolling', 3, null], plan.stdout);
  assertOfNoUsers(plan);
  const good = await seen(here, () => here.cd('deploy', '--image', image('v2')));
  assert.equal(good.result.outcome, 'deployed', good.result.stderr);
  assertOfNoUsers(good.result);
  assert.deepEqual([good.most, good.least], [3, 2], 'one more than are to, and never one less');
  await assertSettled(here, { version: 'v2', replicas: 2 });
  const bad = await seen(here, () => here.cd('deploy', '--image', image('exits')));
  assert.equal(bad.result.outcome, 'rolled-back', bad.result.stderr);
  assertOfNoUsers(bad.result);
  assert.ok(bad.least >= 2, `as many of the old ones as ever: ${bad.least}`);
  await assertSettled(here, { version: 'v2', replicas: 2 });
});

test('what is deployed with a port is not replaced by a worker, nor the other way round', async (t) => {
  const here = place('worker-form').config();
  t.after(() => here.end());
  assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
  const before = await everythingOf(here);
  const worker = place('worker-form', { worker: true, service: here.service });
  worker.config();
  t.after(() => worker.end());
  const refused = await worker.cd('deploy', '--image', image('v2'));
  assert.deepEqual([refused.outcome, refused.report.reason, refused.code], ['failed', 'another-form', 1], refused.stderr);
  assert.match(refused.report.next.join('\n'), /name it otherwise/);
  assert.equal(await everythingOf(here), before, 'nothing was touched');

  // Not by renewing the router either: what it remembers stays as it is, and the right configuration makes it again.
  const remembered = await here.state('haproxy.cfg');
  await docker('rm', '-f', `${here.prefix}-router`);
  const renewed = await worker.cd('deploy', '--image', image('v2'));
  assert.deepEqual([renewed.outcome, renewed.report.reason], ['failed', 'another-form'], renewed.stderr);
  assert.match(renewed.report.next.join('\n'), /put `run\.port` back/);
  const again = await here.cd('deploy', '--image', image('v1'));
  assert.equal(again.code, 0, again.stderr);
  assert.equal(await here.state('haproxy.cfg'), remembered);
  await assertSettled(here, { version: 'v1' });
});

test('what only makes sense with a port is said all at once, and nothing is touched', async (t) => {
  const here = place('worker-wrong', { worker: true }).config({ health: { http: {} }, env: { listen: 8000, strategy: 'canary' } });
  t.after(() => here.end());
  const wrong = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([wrong.outcome, wrong.code], ['invalid', 3], wrong.stderr);
  for (const words of ['a worker has no port to be asked at', 'it listens nowhere', '`canary`']) assert.match(wrong.report.because.join('\n'), new RegExp(words));
  assert.deepEqual(await here.containers(), []);
});

test('recover puts right what somebody stopped, and an engine is asked for nothing else', async (t) => {
  const { here } = await working(t, 'worker-stopped');
  const [{ name }] = await here.containers();
  await docker('stop', '-t', '1', name);
  const status = await here.cd('status');
  assertOfNoUsers(status);
  assert.ok(status.report.status.unfinished, status.stdout);
  const put = await here.cd('recover');
  assert.equal(put.outcome, 'restored', put.stdout + put.stderr);
  assertOfNoUsers(put);
  await until('it to work', async () => (await run(['docker', 'inspect', '--format', '{{.State.Status}}', (await here.containers())[0].name])).stdout.trim() === 'running');
  await assertSettled(here, { version: 'v1' });
});

test('one that is still ending when its deploy was killed works on once it was recovered', async (t) => {
  const { here } = await working(t, 'worker-ending', { run: { env: { STOP_DELAY_MS: '8000' } }, env: { lease: '2s', drain: '60s' } });
  // Its name bears the token of whoever holds it last.
  const state = async (format) => {
    const { name } = (await here.containers()).find((it) => it.generation === 1);
    return (await docker('inspect', '--format', format, name)).trim();
  };
  const before = await state('{{.State.StartedAt}}');
  const deploy = here.start('deploy', '--image', image('v2'));
  // The table is empty once it is asked to end.
  await until('the old one to be asked to end', async () => !/server g1-1/.test(await here.state('haproxy.cfg')));
  await sleep(1_500);
  deploy.child.kill('SIGKILL');
  assert.equal((await deploy.ended).signal, 'SIGKILL');
  assert.equal(await state('{{.State.Status}}'), 'running', 'it is still ending');
  const put = await here.cd('recover', '--wait', '30s');
  assert.equal(put.outcome, 'restored', put.stdout + put.stderr);
  const after = await state('{{.State.StartedAt}}');
  assert.notEqual(after, before, 'it has ended, and was started again');
  await sleep(12_000);
  assert.deepEqual([await state('{{.State.Status}}'), await state('{{.State.StartedAt}}')], ['running', after]);
  await assertSettled(here, { version: 'v1' });
});
