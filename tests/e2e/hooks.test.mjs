// Hooks: a user's own commands on the way of a rollout, and points of no return. What a plan says of them is what happens.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { docker, image, ledgerOf, place, until } from './lib.mjs';

/** A place in which v1 serves, deployed without a hook. */
async function serving(t, name, env = {}) {
  const here = place(name);
  const config = (hooks = {}, more = {}) => here.config({ env: { bake: { for: '1s', errors: '5%' }, lease: '3s', ...env, hooks, ...more } });
  config();
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return { here, config };
}

/** A hook that is a line of shell. */
const sh = (line, more = {}) => ({ command: ['sh', '-c', line], ...more });
const versions = async (here) => (await here.containers()).map((it) => it.version).sort();
const hooked = async (here) => (await ledgerOf(here)).filter((it) => it.kind === 'hooked');
const steps = (plan) => plan.report.plan.steps.map((it) => `${it.name}: ${it.does}`).join('\n');
const failing = (plan, name) => plan.report.plan.steps.filter((it) => it.name === name).map((it) => it['on-failure']);

test('hooks run in their places, with facts, with named secrets and with nothing else', async (t) => {
  const { here, config } = await serving(t, 'hooks-good');
  const note = (what) => `echo "${what} $CD_HOOK $CD_SERVICE $CD_ENVIRONMENT $CD_PREVIOUS_VERSION-$CD_VERSION \${CD_DIGEST%%:*} key=$KEY other=$OTHER" >> told; echo "the key is $KEY"`;
  config({
    'before-start': [{ name: 'migrate', secrets: ['KEY'], ...sh(note('start')) }],
    'before-switch': [{ name: 'smoke', ...sh(note('switch')) }],
    'after-commit': [{ name: 'tell', ...sh(note('commit')) }],
  });
  here.env = { KEY: 'opensesame-4711', OTHER: 'never-handed-over' };
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.match(steps(plan), /before-start: the hook `migrate` runs here: sh -c .*\nstart: .*\nprove: .*\nbefore-switch: the hook `smoke`.*\nshift: .*\nbake: .*\ncommit: .*\nafter-commit: the hook `tell`.*\nretire: /);
  assert.equal(plan.report.plan['no-return'], undefined, 'there is none');
  assert.ok(!existsSync(join(here.dir, 'told')), 'a plan runs none');

  const result = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([result.outcome, result.code, await here.ask()], ['deployed', 0, { status: 200, version: 'v2' }], result.stderr);
  const told = readFileSync(join(here.dir, 'told'), 'utf8').trim().split('\n');
  assert.deepEqual(told, [
    `start migrate ${here.service} staging v1-v2 sha256 key=opensesame-4711 other=`,
    `switch smoke ${here.service} staging v1-v2 sha256 key= other=`,
    `commit tell ${here.service} staging v1-v2 sha256 key= other=`,
  ]);
  const said = result.report.logs.find((it) => it.instance === 'the hook `migrate`');
  assert.match(said.text, /the key is \*\*\*/);
  assert.ok(!(result.stdout + result.stderr + JSON.stringify(result.report)).includes('opensesame-4711'), 'no secret is told');
  const records = (await hooked(here)).map((it) => `${it.hook} ${it.ended?.how ?? 'begins'}`);
  assert.deepEqual(records, ['migrate begins', 'migrate well', 'smoke begins', 'smoke well', 'tell begins', 'tell well']);

  rmSync(join(here.dir, 'told'));
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, await here.ask(), existsSync(join(here.dir, 'told'))], ['restored', { status: 200, version: 'v1' }, false], back.stderr);
});

test('a hook that fails before any point of no return: what served serves, and nothing is held against the version', async (t) => {
  const { here, config } = await serving(t, 'hooks-before');
  const load = await here.load();
  for (const where of ['before-start', 'before-switch']) {
    config({ [where]: [sh('echo no such column >&2; exit 3')], 'after-commit': [sh('touch never')] });
    const plan = await here.cd('plan', '--image', image('v2'));
    const wanted = where === 'before-start' ? /nothing else is done, and what serves is as it was/ : /the new instances are removed, and what serves is as it was/;
    assert.match(failing(plan, where)[0], wanted);
    const result = await here.cd('deploy', '--image', image('v2'));
    assert.deepEqual([result.outcome, result.report.reason, result.code], ['failed', 'hook-failed', 1], result.stderr);
    assert.match(result.report.because[0], /the hook `before-.*` did not end well: `sh` ended with 3: no such column/);
    assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
  }
  config({ 'before-switch': [sh('sleep 60', { deadline: '1s' })] });
  const late = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([late.outcome, late.report.reason], ['failed', 'hook-failed'], late.stderr);
  assert.match(late.report.because[0], /did not end in its time/);
  config();
  const well = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([well.outcome, existsSync(join(here.dir, 'never'))], ['deployed', false], well.stderr);
  const summary = await load.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
});

test('a hook after the commit that fails: the new version serves, and the run says that the hook did not end well', async (t) => {
  const { here, config } = await serving(t, 'hooks-after');
  config({ 'after-commit': [sh('exit 1', { name: 'tell' }), sh('touch never', { name: 'last' })] });
  const result = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([result.outcome, result.report.reason, result.code], ['deployed', 'hook-failed', 0], result.stderr);
  assert.match(result.report.because[0], /the hook `tell` did not end well/);
  assert.deepEqual([await versions(here), await here.ask(), existsSync(join(here.dir, 'never'))], [['v2'], { status: 200, version: 'v2' }, false]);
});

test('a migration that fails past its point of no return: nothing is undone, as the plan says; a fixed one goes forward', async (t) => {
  const { here, config } = await serving(t, 'hooks-past');
  const migrate = (line) => ({ 'before-start': [{ name: 'migrate', irreversible: true, ...sh(line) }] });
  config(migrate('echo half of it; exit 4'));
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.match(steps(plan), /the hook `migrate` runs here: .*; a point of no return: nothing is undone from here on/);
  assert.match(plan.report.plan['no-return'][0], /`migrate` \(before-start\): once it has begun, nothing is undone without a person/);
  assert.match(failing(plan, 'before-start')[0], /nothing is undone: g1 keeps the traffic, and a person goes on from there/);
  assert.match(failing(plan, 'start')[0], /nothing is undone: g1 keeps the traffic/);
  assert.match(failing(plan, 'bake')[0], /nothing is undone: whoever has the traffic keeps it/);

  const result = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([result.outcome, result.report.reason, result.code], ['stranded', 'past-no-return', 2], result.stderr);
  assert.match(result.stdout + result.stderr, /past a point of no return, so nothing was undone; v1 keeps the traffic/);
  assert.match(result.report.next.join('\n') + result.stdout + result.stderr, /rollback .*--version v1 --override no-return/);
  assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
  assert.equal((await here.cd('recover')).outcome, 'unchanged', 'it is recorded, and nothing is left');

  config(migrate('echo the rest of it'));
  const fixed = await here.cd('deploy', '--image', image('v3'));
  assert.deepEqual([fixed.outcome, await here.ask()], ['deployed', { status: 200, version: 'v3' }], fixed.stderr);

  const refused = await here.cd('rollback');
  assert.deepEqual([refused.outcome, refused.report.reason, refused.code], ['rejected', 'no-target', 1], refused.stderr);
  assert.match(refused.stdout + refused.stderr, /beyond a point of no return: the hook `migrate` of v3 passed it/);
  const unnamed = await here.cd('rollback', '--override', 'no-return', '--reason', 'any of them');
  assert.deepEqual([unnamed.outcome, unnamed.report.reason], ['rejected', 'no-target'], unnamed.stderr);
  const named = await here.cd('rollback', '--version', 'v1');
  assert.deepEqual([named.outcome, await here.ask()], ['rejected', { status: 200, version: 'v3' }], named.stderr);
  const forced = await here.cd('rollback', '--version', 'v1', '--override', 'no-return', '--reason', 'the columns are back');
  assert.deepEqual([forced.outcome, await here.ask()], ['restored', { status: 200, version: 'v1' }], forced.stderr);
  const overrides = (await ledgerOf(here)).filter((it) => it.kind === 'overridden').map((it) => `${it.what}: ${it.reason}`);
  assert.deepEqual(overrides, ['no-return: the columns are back']);
});

test('a version that is not well past the point keeps the traffic; what comes next goes forward from it', async (t) => {
  const { here, config } = await serving(t, 'hooks-bake', { bake: { for: '20s', errors: '5%' } });
  config({ 'before-switch': [{ name: 'migrate', irreversible: true, ...sh('true') }] });
  const load = await here.load();
  const result = await here.cd('deploy', '--image', image('breaks-later'));
  await load.stop();
  assert.deepEqual([result.outcome, result.report.reason, result.code], ['stranded', 'past-no-return', 2], result.stderr);
  assert.deepEqual(await versions(here), ['breaks-later', 'v1'], 'nothing was removed');
  assert.match(result.stdout + result.stderr, /breaks-later keeps the traffic/);
  const status = await here.cd('status');
  assert.match(status.stdout + status.stderr, /breaks-later \(g2\) has the traffic since .* the point of no return `migrate` was passed/);
  assert.equal((await here.cd('recover')).outcome, 'unchanged', 'a recovery undoes nothing either');
  assert.deepEqual(await versions(here), ['breaks-later', 'v1']);
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, back.report.reason], ['rejected', 'no-target'], back.stderr);

  config();
  const forward = await here.cd('deploy', '--image', image('v3'));
  assert.deepEqual([forward.outcome, await here.ask(), await versions(here)], ['deployed', { status: 200, version: 'v3' }, ['v3']], forward.stderr);
  assert.equal((await here.cd('recover')).outcome, 'unchanged');
});

test('a run that is killed during an irreversible hook: the next one undoes nothing and does not begin it again before a person has looked', async (t) => {
  const { here, config } = await serving(t, 'hooks-killed');
  config({ 'before-start': [{ name: 'migrate', irreversible: true, ...sh('touch begun; sleep 4') }] });
  const dies = here.start('deploy', '--image', image('v2'));
  await until('the hook', () => existsSync(join(here.dir, 'begun')));
  dies.child.kill('SIGKILL');
  await dies.ended;
  const recovered = await here.cd('recover', '--wait', '30s');
  assert.deepEqual([recovered.outcome, recovered.code], ['restored', 0], recovered.stderr);
  assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
  const again = await here.cd('deploy', '--image', image('v2'), '--wait', '30s');
  assert.deepEqual([again.outcome, again.report.reason, again.code], ['rejected', 'hook-unfinished', 1], again.stderr);
  assert.match(again.report.because[0], /the hook `migrate` was begun for g2 on .*, and nobody knows how far it got/);
  const looked = await here.cd('deploy', '--image', image('v2'), '--override', 'hook', '--reason', 'it had not begun to write');
  assert.deepEqual([looked.outcome, await here.ask()], ['deployed', { status: 200, version: 'v2' }], looked.stderr);
});

test('a run that is killed with the traffic moved past the point: the next one leaves the traffic where it is', async (t) => {
  const { here, config } = await serving(t, 'hooks-moved', { bake: { for: '30s', errors: '5%' } });
  config({ 'before-switch': [{ name: 'migrate', irreversible: true, retry: 'safe', ...sh('true') }] });
  const dies = here.start('deploy', '--image', image('v2'));
  await until('the bake', () => /baking/.test(dies.output()));
  dies.child.kill('SIGKILL');
  await dies.ended;
  const recovered = await here.cd('recover', '--wait', '30s');
  assert.deepEqual([recovered.outcome, recovered.report.reason, recovered.code], ['stranded', 'past-no-return', 2], recovered.stderr);
  assert.deepEqual([await versions(here), await here.ask()], [['v1', 'v2'], { status: 200, version: 'v2' }]);
  config({}, { bake: { for: '1s', errors: '5%' } });
  const forward = await here.cd('deploy', '--image', image('v2'), '--wait', '30s');
  assert.deepEqual([forward.outcome, await here.ask(), await versions(here)], ['deployed', { status: 200, version: 'v2' }, ['v2']], forward.stderr);
});

test('a run that is asked to stop ends a hook that can be gone back from', async (t) => {
  const { here, config } = await serving(t, 'hooks-stop');
  config({ 'before-switch': [sh('echo $$ > begun; sleep 300; touch ended')] });
  const run = here.start('deploy', '--image', image('v2'));
  await until('the hook', () => existsSync(join(here.dir, 'begun')));
  run.child.kill('SIGINT');
  const result = await run.ended;
  assert.deepEqual([result.outcome, existsSync(join(here.dir, 'ended'))], ['cancelled', false], result.stderr);
  const pid = Number(readFileSync(join(here.dir, 'begun'), 'utf8'));
  assert.ok(pid > 1, 'it said who it is');
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' }, 'it does not run on');
  assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
});

test('a run whose lease another one has taken ends its hook, and changes nothing more', async (t) => {
  const { here, config } = await serving(t, 'hooks-fenced');
  config({ 'before-switch': [sh('echo $$ > begun; sleep 300; touch ended')] });
  const run = here.start('deploy', '--image', image('v2'));
  await until('the hook', () => existsSync(join(here.dir, 'begun')));
  await docker('exec', '-u', '0', `${here.prefix}-router`, 'sed', '-i', 's/^token .*/token 99/', '/var/lib/cd-action/lease');
  const result = await run.ended;
  assert.deepEqual([result.outcome, result.report.reason, existsSync(join(here.dir, 'ended'))], ['busy', 'lease-lost', false], result.stderr);
  assert.match(result.stderr, /the hook `before-switch` is ended: another run took over/);
  assert.throws(() => process.kill(Number(readFileSync(join(here.dir, 'begun'), 'utf8')), 0), { code: 'ESRCH' }, 'it does not run on');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('a run that is killed after its commit: the next one runs none of its hooks, and says so', async (t) => {
  const { here, config } = await serving(t, 'hooks-committed');
  config({ 'after-commit': [sh('touch begun; sleep 4', { name: 'tell' })] });
  const dies = here.start('deploy', '--image', image('v2'));
  await until('the hook', () => existsSync(join(here.dir, 'begun')));
  dies.child.kill('SIGKILL');
  await dies.ended;
  const recovered = await here.cd('recover', '--wait', '30s');
  assert.deepEqual([recovered.outcome, await versions(here), await here.ask()], ['restored', ['v2'], { status: 200, version: 'v2' }], recovered.stderr);
  assert.match(recovered.report.troubles.join('\n'), /died after its commit, and no other runs its hooks: look whether `tell` ran/);
});

test('mistakes in hooks are told all at once, with their places', async (t) => {
  const here = place('hooks-wrong');
  t.after(() => here.end());
  here.config({ env: { hooks: { 'before-start': [{ name: 'a' }, { command: ['true'], session: 'x' }, sh('true', { retry: 'maybe' })], 'before-end': [sh('true')] } } });
  const result = await here.cd('plan', '--image', image('v1'));
  assert.deepEqual([result.outcome, result.code], ['invalid', 3], result.stderr);
  const told = result.stdout + result.stderr;
  for (const words of [/does not say what it runs/, /runs two things/, /maybe/, /before-end/]) assert.match(told, words);
});
