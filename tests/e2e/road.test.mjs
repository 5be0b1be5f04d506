// The whole road once, under load: what every change must keep. The other files go into every corner of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { image, place } from './lib.mjs';

test('a first, a good, a bad and a repeated deploy, and a rollback: no request is lost, and each ends as it should', async (t) => {
  const here = place('road').config({
    health: { deadline: '15s' },
    env: { bake: { for: '1s', errors: '5%' }, lease: '30s' },
  });
  t.after(() => here.end());

  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  const load = await here.load();

  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });

  const bad = await here.cd('deploy', '--image', image('broken'));
  assert.deepEqual([bad.outcome, bad.code], ['rolled-back', 1], bad.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });

  const rejected = await here.cd('deploy', '--image', image('broken'));
  assert.deepEqual([rejected.outcome, rejected.code], ['rejected', 1], rejected.stderr);
  const unchanged = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([unchanged.outcome, unchanged.code], ['unchanged', 0], unchanged.stderr);

  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });

  const summary = await load.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v1'], 'nothing is left behind');
  const status = await here.cd('status');
  assert.deepEqual([status.outcome, status.report.status['ledger-sound']], ['shown', true], status.stderr);
});
