// A canary under load: the share grows while both versions are watched, and what is bad goes back before it gets more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { docker, image, place } from './lib.mjs';

/** A place in which v1 serves, and users come. */
async function canary(t, name, strategy, more = {}) {
  const here = place(name).config({
    health: { deadline: '15s' },
    env: { strategy: { canary: strategy }, bake: { for: '2s', errors: '5%' }, lease: '30s' },
    ...more,
  });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return { here, load: await here.load({ rate: 100 }) };
}

/** The tables that were written, in order. */
const shifts = (result) => result.report.acts.map((it) => it.what).filter((it) => it.startsWith('route '));

test('a good version gets its shares one after the other, and no request is lost', async (t) => {
  const { here, load } = await canary(t, 'canary-good', { steps: [5, 25, 50, 100], pause: '3s' });
  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  const summary = await load.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  assert.deepEqual(shifts(good), [
    'route g1-1=256 g2-1=0',
    'route g1-1=19 g2-1=1',
    'route g1-1=3 g2-1=1',
    'route g1-1=1 g2-1=1',
    'route g1-1=0 g1-1=fallback g2-1=256',
  ]);
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v2'], 'nothing is left behind');
});

test('one with errors goes back at its first share, and no more users than that share saw them', async (t) => {
  const { here, load } = await canary(t, 'canary-errors', { steps: [5, 50, 100], pause: '20s' });
  const bad = await here.cd('deploy', '--image', image('errors'));
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'errors', 1], bad.stderr);
  const summary = await load.stop();
  assert.equal(shifts(bad).some((it) => it.includes('g2-1=256')), false, shifts(bad).join('\n'));
  assert.equal(shifts(bad).includes('route g1-1=1 g2-1=1'), false, 'back before its second share');
  assert.ok(summary.failed <= summary.sent * 0.05, JSON.stringify(summary));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v1']);
});

test('one that turns bad only at half of the traffic goes back from there', async (t) => {
  const { here, load } = await canary(t, 'canary-later', { steps: [5, 50, 100], pause: '6s' });
  const bad = await here.cd('deploy', '--image', image('errors-later'));
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'errors', 1], bad.stderr);
  await load.stop();
  assert.ok(shifts(bad).includes('route g1-1=1 g2-1=1'), shifts(bad).join('\n'));
  assert.equal(shifts(bad).some((it) => it.includes('g2-1=256')), false, shifts(bad).join('\n'));
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('with an analysis each share ends with evidence, and one that is worse goes back by the comparison', async (t) => {
  // Ten percentage points at 95 %: what 100 requests a second can prove within seconds. The guard of the bake is out of the way.
  const analysis = { errors: { 'worse-by': '10pp', confidence: '95%' }, deadline: '60s' };
  const strategy = { steps: [25, 100], pause: '2s', analysis };
  const { here, load } = await canary(t, 'canary-analysis', strategy, { env: { strategy: { canary: strategy }, bake: { for: '1s', errors: '100%' }, lease: '30s' } });
  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  const step = good.report.decisions.find((it) => it.decision === 'give it more traffic');
  assert.match(step.because.join('\n'), /0 of \d+ \(0\.0 %\) of the new version's requests .* in the same seconds .* 100 % of the evidence that it is not worse/);
  const worse = await here.cd('deploy', '--image', image('errors'));
  assert.deepEqual([worse.outcome, worse.report.reason, worse.code], ['rolled-back', 'worse', 1], worse.stderr);
  assert.match(worse.report.because.join('\n'), /the evidence that it is worse by more than is tolerated \(10\.0 points, at 95\.0 %\)/);
  await load.stop();
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
});

for (const router of ['2.6', '3.2']) {
  test(`HAProxy ${router} counts how long answers take: three times as long goes back at its first share, as long passes`, async (t) => {
    const analysis = { errors: { 'worse-by': '20pp', confidence: '95%' }, latency: { confidence: '95%' }, deadline: '90s' };
    const env = { strategy: { canary: { steps: [25, 100], pause: '2s', analysis } }, bake: { for: '1s', errors: '100%' }, lease: '30s' };
    const here = place(`canary-latency-${router.replace('.', '')}`, { router });
    const takes = (millis) => here.config({ health: { deadline: '15s' }, env, run: { env: { DELAY_MS: String(millis) } } });
    t.after(() => here.end());
    takes(40);
    const first = await here.cd('deploy', '--image', image('v1'));
    assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
    const load = await here.load({ rate: 100 });
    takes(120);
    const slow = await here.cd('deploy', '--image', image('v2'));
    assert.deepEqual([slow.outcome, slow.report.reason, slow.code], ['rolled-back', 'slower', 1], slow.stderr);
    assert.match(slow.report.because.join('\n'), /\d+ of \d+ \([\d.]+ %\) of the new version's answers .* took longer than \d+ ms/);
    assert.equal(shifts(slow).some((it) => it.includes('g2-1=256')), false, shifts(slow).join('\n'));
    takes(40);
    const good = await here.cd('deploy', '--image', image('v3'));
    assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
    const step = good.report.decisions.find((it) => it.decision === 'give it more traffic');
    assert.match(step.because.join('\n'), /got no good answer; 100 % of the evidence .*\n.* took longer than \d+ ms.* 100 % of the evidence that it is not slower/);
    const summary = await load.stop();
    assert.equal(summary.failed, 0, JSON.stringify(summary));
    assert.deepEqual(await here.ask(), { status: 200, version: 'v3' });
  });
}

test('a router that counts no times is told before anything is touched, and a new one counts them', async (t) => {
  const analysis = { errors: { 'worse-by': '20pp', confidence: '95%' }, latency: { confidence: '95%' }, deadline: '90s' };
  const here = place('canary-uncounted').config({ health: { deadline: '15s' }, env: { strategy: { canary: { steps: [50, 100], pause: '2s', analysis } }, bake: { for: '1s', errors: '100%' }, lease: '30s' } });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  // As an earlier version has made it.
  const router = `${here.prefix}-router`;
  await docker('exec', '-u', '0', router, 'sed', '-i', '/http-response/d; /^backend times/d; /stick-table/d', '/var/lib/cd-action/haproxy.cfg');
  await docker('restart', router);
  const told = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([told.outcome, told.report.reason, told.code], ['failed', 'router-outdated', 1], told.stderr);
  assert.match(told.stderr + told.stdout, new RegExp(`docker rm -f ${router}`));
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v1']);
  await docker('rm', '-f', router);
  const load = here.load({ rate: 100 });
  const renewed = await here.cd('deploy', '--image', image('v2'));
  await (await load).stop();
  assert.deepEqual([renewed.outcome, renewed.code], ['deployed', 0], renewed.stderr);
});
