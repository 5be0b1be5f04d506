// A candidate that waits for a person: proven and without traffic, promoted by a second run or aborted by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { docker, image, place } from './lib.mjs';

/** A place in which v1 serves and new versions wait for a person. */
async function waiting(t, name, strategy = { 'blue-green': { wait: '1h' } }) {
  const here = place(name).config({
    health: { deadline: '15s' },
    env: { strategy, bake: { for: '1s', errors: '5%' }, lease: '30s' },
  });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return here;
}

const versions = async (here) => (await here.containers()).map((it) => it.version).sort();

test('what is proven waits without traffic, and a second run promotes it: no request is lost', async (t) => {
  const here = await waiting(t, 'wait-promote');
  const load = await here.load();
  const green = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([green.outcome, green.report.reason, green.code], ['waiting', 'proven', 0], green.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  assert.deepEqual(await versions(here), ['v1', 'v2'], 'both are up');

  const status = await here.cd('status');
  assert.match(status.stdout + status.stderr, /v2 \(g2\) waits for a person since .* until .* at most/);
  assert.match(status.stdout + status.stderr, /cd-action promote --environment staging.*cd-action abort/s);
  const recovered = await here.cd('recover');
  assert.deepEqual([recovered.outcome, await versions(here)], ['unchanged', ['v1', 'v2']], 'nobody died');
  const again = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([again.outcome, again.report.reason, again.code], ['waiting', 'waits-already', 0], again.stderr);
  const other = await here.cd('promote', '--version', 'v3');
  assert.deepEqual([other.outcome, other.report.reason], ['rejected', 'another-waits'], other.stderr);

  const promoted = await here.cd('promote');
  assert.deepEqual([promoted.outcome, promoted.code], ['deployed', 0], promoted.stderr);
  const summary = await load.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  assert.deepEqual(await versions(here), ['v2']);
  const twice = await here.cd('promote');
  assert.deepEqual([twice.outcome, twice.report.reason, twice.code], ['failed', 'nothing-waits', 1], twice.stderr);
});

test('one is aborted, one is replaced, and a rollback puts one away', async (t) => {
  const here = await waiting(t, 'wait-abort');
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'waiting');
  const aborted = await here.cd('abort');
  assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
  assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
  const nothing = await here.cd('abort');
  assert.deepEqual([nothing.outcome, nothing.report.reason, nothing.code], ['unchanged', 'nothing-waits', 0], nothing.stderr);

  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'waiting');
  const replaced = await here.cd('deploy', '--image', image('v3'));
  assert.deepEqual([replaced.outcome, await versions(here)], ['waiting', ['v1', 'v3']], replaced.stderr);
  const promoted = await here.cd('promote', '--version', 'v3');
  assert.deepEqual([promoted.outcome, await versions(here)], ['deployed', ['v3']], promoted.stderr);

  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'waiting');
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, await versions(here)], ['restored', ['v1']], back.stderr);
});

test('what is not well any more when it is promoted goes back, and the stop button holds a promotion', async (t) => {
  const here = await waiting(t, 'wait-bad', { canary: { steps: [10, 100], pause: '1s', wait: '1h' } });
  assert.equal((await here.cd('deploy', '--image', image('breaks-later'))).outcome, 'waiting');
  assert.equal((await here.cd('stop', '--reason', 'the database is being moved')).outcome, 'stopped');
  const held = await here.cd('promote');
  assert.deepEqual([held.outcome, held.report.reason, await versions(here)], ['held', 'stopped', ['breaks-later', 'v1']], held.stderr);
  assert.equal((await here.cd('resume')).outcome, 'resumed');
  await new Promise((resolve) => setTimeout(resolve, 9_000));
  const bad = await here.cd('promote');
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'not-proven', 1], bad.stderr);
  assert.deepEqual([await versions(here), await here.ask()], [['v1'], { status: 200, version: 'v1' }]);
  const status = await here.cd('status');
  assert.equal(status.report.status.unfinished, null, status.stderr);
});

test('whose time is over is put away by the next run', async (t) => {
  const here = await waiting(t, 'wait-over', { 'blue-green': { wait: '2s' } });
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'waiting');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const late = await here.cd('promote');
  assert.deepEqual([late.outcome, late.report.reason], ['failed', 'nothing-waits'], late.stderr);
  assert.match(late.stdout + late.stderr, /waited for a person until .*, and nobody promoted it/);
  assert.deepEqual(await versions(here), ['v1']);
});

test('where what serves is gone a candidate is not put away for it: a promotion gives it the traffic, and another deploy goes on', async (t) => {
  const here = await waiting(t, 'wait-gone');
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'waiting');
  await docker('rm', '-f', (await here.containers()).find((it) => it.version === 'v1').name);
  const kept = await here.cd('abort');
  assert.deepEqual([kept.outcome, kept.report.reason, kept.code], ['failed', 'instances-gone', 1], kept.stderr);
  assert.deepEqual(await versions(here), ['v2'], 'it is all that is left');
  const promoted = await here.cd('promote');
  assert.deepEqual([promoted.outcome, await here.ask()], ['deployed', { status: 200, version: 'v2' }], promoted.stderr);

  assert.equal((await here.cd('deploy', '--image', image('v3'))).outcome, 'waiting');
  await docker('rm', '-f', (await here.containers()).find((it) => it.version === 'v2').name);
  const other = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([other.outcome, await here.ask(), await versions(here)], ['deployed', { status: 200, version: 'v1' }, ['v1']], other.stderr);
});
