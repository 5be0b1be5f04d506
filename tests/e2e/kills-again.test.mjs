// Runs that die again and again, and a version that dies when no run is left to see it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { image, place, sleep, until } from './lib.mjs';
import { countingDocker, seeded } from './bin/docker.mjs';
import { ALL, QUICK } from './bin/killing.mjs';
import { assertSettled, clear, countPeak } from './bin/settled.mjs';

for (const seed of ALL ? [1, 2, 3, 4, 5] : [1]) {
  test(`five runs killed in a row never make more instances than one would, and the sixth converges (seed ${seed})`, { timeout: 240_000 }, async (t) => {
    const chance = seeded(seed);
    const here = place('five').config({ run: { replicas: 2 }, env: QUICK });
    t.after(() => clear(here));
    const first = await here.cd('deploy', '--image', image('v1'));
    assert.equal(first.outcome, 'deployed', first.stderr);
    const { plan } = (await here.cd('plan', '--image', image('v2'))).report;
    assert.equal(plan.peak, 4);

    const [peak, load] = [countPeak(here), await here.load()];
    let killed = 0;
    // A call that a run never comes to kills nobody: then the next run is to die.
    for (let at = 0; killed < 5; at += 1) {
      assert.ok(at < 15, `only ${killed} of ${at} runs were killed`);
      const call = `changes#${4 + Math.floor(chance() * 16)}`;
      const way = ['before', 'during', 'torn', 'after'][Math.floor(chance() * 4)];
      const docker = countingDocker(here, `${call} ${way} kill${way === 'torn' ? ' 2' : ''}`);
      const run = await docker.start('deploy', '--image', image(at % 2 === 0 ? 'v2' : 'v3'), '--wait', '30s').ended;
      t.diagnostic(`killed ${docker.reached().join() || `nowhere: ${run.outcome}`}`);
      assert.ok(run.signal === 'SIGKILL' || run.code === 0, run.stderr);
      killed += run.signal === 'SIGKILL' ? 1 : 0;
    }
    const last = await here.cd('deploy', '--image', image('v2'), '--wait', '30s');
    const [most, summary] = [await peak.stop(), await load.stop()];
    assert.ok(['deployed', 'unchanged'].includes(last.outcome), last.stderr);
    assert.ok(most.length <= plan.peak, `at most ${plan.peak} at once, there were ${most}`);
    assert.equal(summary.failed, 0, JSON.stringify(summary));
    await assertSettled(here, { version: 'v2', replicas: 2 });
  });
}

test('a version that crashes under traffic when its run is dead already leaves the users to the old one', { timeout: 120_000 }, async (t) => {
  const here = place('alone').config({ env: { ...QUICK, bake: { for: '60s', errors: '5%' } } });
  t.after(() => clear(here));
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stderr);

  const load = await here.load();
  const run = here.start('deploy', '--image', image('crashes'));
  await until('it to get the traffic', async () => (await here.ask()).version === 'crashes' || run.child.exitCode !== null, { every: 50 });
  run.child.kill('SIGKILL');
  assert.equal((await run.ended).signal, 'SIGKILL');
  const killed = Date.now();
  await sleep(9000); // it crashes 5 s after its start, and each time that it was started again
  const requests = readFileSync(load.record, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).filter((it) => it.at >= killed);
  const byOld = requests.filter((it) => it.version === 'v1').length;
  const byNew = requests.filter((it) => it.version === 'crashes').length;

  const next = await here.cd('recover', '--wait', '30s');
  const summary = await load.stop();
  t.diagnostic(`with no run alive: ${byNew} answers of the new version, then it crashed; ${byOld} of the old one; ${summary.failed} failed requests in all`);
  assert.equal(next.outcome, 'restored', next.stderr);
  assert.ok(byNew > 0, 'the new version had the traffic when its run died');
  assert.ok(byOld > 0, 'the old one took over by itself');
  assert.ok(summary.failed <= 2, `what was under way in the new one when it crashed: ${JSON.stringify(summary)}`);
  await assertSettled(here, { version: 'v1' });
});
