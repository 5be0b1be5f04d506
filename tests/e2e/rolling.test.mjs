// Rolling under load: a few instances after the other, each in the place of an old one, and the way back from the middle.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { image, place } from './lib.mjs';

/** A place in which four instances of v1 serve, and users come. */
async function rolling(t, name, strategy) {
  const here = place(name).config({
    run: { replicas: 4 },
    health: { deadline: '15s' },
    env: { strategy: { rolling: strategy }, bake: { for: '2s', errors: '5%' }, lease: '30s', drain: '5s' },
  });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return { here, load: await here.load({ rate: 100 }) };
}

/** What was done to instances and to the table, in order. */
const acts = (result) => result.report.acts.map((it) => it.what).filter((it) => /^(route|start|stop) /.test(it));

/** The most instances that ran at a time. */
function peak(result, before) {
  let [now, most] = [before, before];
  for (const act of acts(result)) {
    if (act.startsWith('start ')) now += 1;
    if (act.startsWith('stop ')) now -= 1;
    most = Math.max(most, now);
  }
  return most;
}

test('four are replaced one after the other, with room for five, and no request is lost', async (t) => {
  const { here, load } = await rolling(t, 'rolling-good', { pause: '1s' });
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.equal(plan.report.plan.peak, 5, plan.stdout);
  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  const summary = await load.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  assert.equal(peak(good, 4), 5, acts(good).join('\n'));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  assert.deepEqual((await here.containers()).map((it) => it.version), Array(4).fill('v2'), 'nothing is left behind');
});

test('one that turns bad between two waves goes back, and what was stopped serves again', async (t) => {
  // Its errors begin eight seconds after its first instance was started: after the first pause, before the last.
  const { here, load } = await rolling(t, 'rolling-later', { pause: '2s' });
  const bad = await here.cd('deploy', '--image', image('errors-later'));
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'errors', 1], bad.stderr);
  const summary = await load.stop();
  assert.ok(summary.failed <= summary.sent * 0.05, JSON.stringify(summary));
  const done = acts(bad);
  const of = (words) => done.map((it) => words.exec(it)?.[1]).filter(Boolean).sort();
  assert.ok(done.includes('stop g1-4'), done.join('\n'));
  assert.deepEqual(of(/^start (\S+) again$/), of(/^stop (\S+)$/), done.join('\n'));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  const there = await here.containers();
  assert.deepEqual(there.map((it) => [it.version, it.state]), Array(4).fill(['v1', 'running']), JSON.stringify(there));
});

test('one with errors goes back from its first wave, and no old instance was stopped', async (t) => {
  const { here, load } = await rolling(t, 'rolling-errors', { batch: 2, pause: '20s' });
  const bad = await here.cd('deploy', '--image', image('errors'));
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'errors', 1], bad.stderr);
  const summary = await load.stop();
  assert.equal(acts(bad).some((it) => it.startsWith('stop ')), false, acts(bad).join('\n'));
  assert.ok(summary.failed <= summary.sent * 0.03, JSON.stringify(summary));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});
