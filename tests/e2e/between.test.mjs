// A person between the shares of a canary: the run waits with traffic on the new version, watched as before, and another run says
// whether it gets more.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { docker, image, ledgerOf, place, ROOT, run, sleep, underLoad, until } from './lib.mjs';
import { assertSettled, clear, stateFile } from './bin/settled.mjs';

const STEPS = [{ share: 25, wait: '1m' }, { share: 50, wait: '1m' }, 100];

/** A place in which v1 serves and a person is asked at shares. */
async function served(t, name, { steps = STEPS, pause = '1s', lease = '30s' } = {}) {
  const here = place(name).config({
    health: { deadline: '15s' },
    env: { strategy: { canary: { steps, pause } }, bake: { for: '1s', errors: '5%' }, lease },
  });
  here.env = { USER: 'kim' };
  t.after(() => clear(here));
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return here;
}

/** A deploy that is under way, and waits at this share; with its next look it has written so where others read it. */
async function waitsAt(here, run, share) {
  await until(`it waits at ${share} %`, () => run.output().includes(`waits at ${share} % of the traffic for a person`), { seconds: 30 });
  const written = new RegExp(`^share ${share}\\nasks 1\\nquestion .*"waits":\\[`, 'm');
  await until('it has written so', async () => written.test(await stateFile(here, 'question') ?? ''), { seconds: 15 });
}

const weightsOf = async (here) => (await here.runtime('show servers state app')).split('\n').filter((line) => / app \d/.test(line))
  .map((line) => line.split(' ')).map((words) => `${words[3]}=${words[7]}`).sort().join(' ');
const versions = async (here) => (await here.containers()).map((it) => it.version).sort();

test('promoted at each share by a run of its own: no request is lost, and each says truly how it went', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'between');
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.match(plan.stderr, /this run waits at 25 % until a person promotes v2, 60 s at most/);
  const { users } = await underLoad(here, async () => {
    const deploy = here.start('deploy', '--image', image('v2'));
    await waitsAt(here, deploy, 25);
    const weights = await weightsOf(here);
    const status = await here.cd('status');
    assert.match(status.stderr, /v2 \(g2\) waits at 25 % of the traffic for a person since .*, until .* at most/);
    assert.doesNotMatch(status.stderr, /not whole/, 'it is well, and nothing but the person is missing');
    assert.match(status.stderr, /`cd-action promote --environment staging` gives it more than 25 % until .*, `cd-action abort --environment staging` takes it back/);
    const other = await here.cd('promote', '--version', 'v3');
    assert.deepEqual([other.outcome, other.report.reason, other.code], ['rejected', 'another-waits', 1], other.stderr);
    await sleep(1_500);
    assert.equal(await weightsOf(here), weights, 'it keeps its share');

    const more = await here.cd('promote');
    assert.deepEqual([more.outcome, more.report.reason, more.code], ['waiting', 'asks-again', 0], more.stderr);
    assert.match(more.report.because.join('\n'), /v2 \(g2\) waits at 50 % of the traffic|v2 \(g2\) has 50 % of the traffic/);
    await waitsAt(here, deploy, 50);
    assert.notEqual(await weightsOf(here), weights);

    // What was said of 25 % stands there still, and so may what was said to a run before: neither is for this.
    const old = await stateFile(here, 'word');
    assert.match(old, /^share 25$/m);
    const before = old.replaceAll('share 25', 'share 50').replaceAll('"share":25', '"share":50').replace(/"token":\d+/, '"token":1').replace(/"id":"/, '"id":"x');
    await docker('exec', '-u', '0', `${here.prefix}-router`, 'sh', '-c', `printf %s '${before}' > /var/lib/cd-action/word`);
    await sleep(2_500);
    assert.doesNotMatch(deploy.output(), /promoted it at 50 %/);

    const [promoted, deployed] = await Promise.all([here.cd('promote'), deploy.ended]);
    assert.deepEqual([promoted.outcome, promoted.report.reason, promoted.code], ['deployed', 'proven', 0], promoted.stderr);
    assert.equal(promoted.report.serving.version, 'v2');
    assert.deepEqual([deployed.outcome, deployed.code], ['deployed', 0], deployed.stderr);
    assert.match(deployed.stderr, /take a person's word: kim promoted it at 50 %/);
  });
  assert.equal(users.failed, 0, JSON.stringify(users));
  await assertSettled(here, { version: 'v2' });
  const said = (await ledgerOf(here)).filter((it) => it.kind === 'decided' && it.decision === "take a person's word");
  assert.deepEqual(said.map((it) => it.because), [['kim promoted it at 25 %'], ['kim promoted it at 50 %']]);
  const again = await here.cd('promote');
  assert.deepEqual([again.outcome, again.report.reason], ['failed', 'nothing-waits'], again.stderr);
  assert.deepEqual([await stateFile(here, 'word'), await stateFile(here, 'question')], [null, null], 'who has the lease next clears it away');
});

test('two promote at one share: the next share waits for a word of its own', { timeout: 90_000 }, async (t) => {
  const here = await served(t, 'between-two', { pause: '3s' });
  const deploy = here.start('deploy', '--image', image('v2'));
  await waitsAt(here, deploy, 25);
  const both = await Promise.all([here.cd('promote'), here.cd('promote')]);
  for (const one of both) {
    assert.deepEqual([one.outcome, one.report.reason, one.code], ['waiting', 'asks-again', 0], one.stderr);
  }
  await waitsAt(here, deploy, 50);
  const weights = await weightsOf(here);
  await sleep(4_000);
  assert.equal(await weightsOf(here), weights, 'nobody has promoted 50 %');
  assert.doesNotMatch(deploy.output(), /promoted it at 50 %/);
  const [aborted, cancelled] = await Promise.all([here.cd('abort'), deploy.ended]);
  assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
  assert.deepEqual([cancelled.outcome, cancelled.report.reason], ['cancelled', 'aborted'], cancelled.stderr);
  await assertSettled(here, { version: 'v1' });
});

test('aborted at its share it goes back at once, and nothing is held against it', { timeout: 90_000 }, async (t) => {
  const here = await served(t, 'between-abort');
  const { users } = await underLoad(here, async () => {
    const deploy = here.start('deploy', '--image', image('v2'));
    await waitsAt(here, deploy, 25);
    const [aborted, cancelled] = await Promise.all([here.cd('abort'), deploy.ended]);
    assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
    assert.deepEqual([cancelled.outcome, cancelled.report.reason, cancelled.code], ['cancelled', 'aborted', 1], cancelled.stderr);
    assert.match(cancelled.report.because.join('\n'), /kim aborted it at 25 %/);
  });
  assert.equal(users.failed, 0, JSON.stringify(users));
  await assertSettled(here, { version: 'v1' });
  const again = await here.cd('deploy', '--image', image('v1'));
  assert.equal(again.outcome, 'unchanged', 'nothing is held against anybody');
});

test('nobody says anything, or it turns bad while it waits: it goes back', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'between-back', { steps: [{ share: 25, wait: '3s' }] });
  const { users } = await underLoad(here, async () => {
    const late = await here.cd('deploy', '--image', image('v2'));
    assert.deepEqual([late.outcome, late.report.reason, late.code], ['rolled-back', 'not-promoted', 1], late.stderr);
    assert.match(late.report.because.join('\n'), /nobody promoted it at 25 % of the traffic in 3 s/);
  });
  assert.equal(users.failed, 0, JSON.stringify(users));
  assert.deepEqual(await versions(here), ['v1']);

  here.config({ health: { deadline: '15s' }, env: { strategy: { canary: { steps: STEPS, pause: '1s' } }, bake: { for: '1s', errors: '5%' }, lease: '30s' } });
  const deploy = here.start('deploy', '--image', image('breaks-later'));
  await until('it waits', () => deploy.output().includes('waits at 25 % of the traffic for a person'), { seconds: 30 });
  const bad = await deploy.ended;
  assert.deepEqual([bad.outcome, bad.code], ['rolled-back', 1], bad.stderr);
  assert.ok(['probe-failed', 'errors'].includes(bad.report.reason), bad.report.reason);
  await assertSettled(here, { version: 'v1' });
  const status = await here.cd('status');
  assert.equal(status.report.status.quarantine.length, 1, 'only what was bad');
});

test('a word before the evidence waits for it, and the stop button ends a wait', { timeout: 90_000 }, async (t) => {
  const here = await served(t, 'between-early', { steps: [{ share: 25, wait: '1m' }], pause: '6s' });
  const deploy = here.start('deploy', '--image', image('v2'));
  await until('it has its share', () => deploy.output().includes('pausing'), { seconds: 30 });
  await until('it can be told', async () => /^asks 1$/m.test(await stateFile(here, 'question') ?? ''), { seconds: 6 });
  const short = await here.cd('promote', '--wait', '0s');
  assert.deepEqual([short.outcome, short.report.reason, short.code], ['held', 'told', 0], short.stderr);
  assert.match(short.report.because.join('\n'), /kim promoted v2 at 25 %/);
  const deployed = await deploy.ended;
  assert.deepEqual([deployed.outcome, deployed.code], ['deployed', 0], deployed.stderr);
  assert.doesNotMatch(deployed.stderr, /waits at 25 %/, 'the word was there when its evidence was');

  // Seldom looked at: the promotion comes before the next look, by which it ends.
  here.config({
    health: { deadline: '40s', every: '8s' },
    env: { strategy: { canary: { steps: STEPS, pause: '2m' } }, bake: { for: '1s', errors: '5%' }, lease: '30s' },
  });
  const other = here.start('deploy', '--image', image('v3'));
  await until('it can be told', async () => /^asks 1$/m.test(await stateFile(here, 'question') ?? ''), { seconds: 40 });
  const stopped = await here.cd('stop', '--reason', 'the database is being moved');
  assert.equal(stopped.outcome, 'stopped', stopped.stderr);
  const held = await here.cd('promote');
  assert.deepEqual([held.outcome, held.report.reason, held.code], ['held', 'stopped', 0], held.stderr);
  const back = await other.ended;
  assert.deepEqual([back.outcome, back.report.reason, back.code], ['cancelled', 'stopped', 1], back.stderr);
  assert.equal((await here.cd('resume')).outcome, 'resumed');
  await assertSettled(here, { version: 'v2' });
});

test('a deploy that asks nobody is aborted from anywhere: in its proof, and in its bake', { timeout: 120_000 }, async (t) => {
  const here = place('between-no');
  here.env = { USER: 'kim' };
  t.after(() => clear(here));
  const first = here.config({ env: { bake: { for: '1s', errors: '5%' }, lease: '30s' } });
  assert.equal((await first.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
  const nothing = await here.cd('abort');
  assert.deepEqual([nothing.outcome, nothing.report.reason, nothing.report.serving.version], ['unchanged', 'nothing-waits', 'v1'], nothing.stderr);
  const cases = [
    { phase: 'proving', run: { env: { START_DELAY_MS: '60000' } }, health: { deadline: '90s' } },
    { phase: 'baking', run: {}, health: {} },
  ];
  for (const { phase, run, health } of cases) {
    here.config({ run, health, env: { bake: { for: '90s', errors: '5%' }, lease: '30s' } });
    const { users } = await underLoad(here, async () => {
      const deploy = here.start('deploy', '--image', image('v2'));
      await until(`it is ${phase}`, () => deploy.output().includes(phase), { seconds: 30 });
      assert.match((await here.cd('status')).stderr, /`cd-action abort --environment staging` takes v2 back/);
      const before = Date.now();
      const [aborted, cancelled] = await Promise.all([here.cd('abort'), deploy.ended]);
      assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
      assert.match(aborted.stderr, /v2 \(g\d\) is being brought/);
      assert.deepEqual([cancelled.outcome, cancelled.report.reason, cancelled.code], ['cancelled', 'aborted', 1], cancelled.stderr);
      assert.match(cancelled.report.because.join('\n'), /^kim aborted it$/m);
      assert.ok(Date.now() - before < 30_000, 'nobody waits for the end of the phase');
    });
    assert.equal(users.failed, 0, JSON.stringify(users));
    await assertSettled(here, { version: 'v1' });
    const status = await here.cd('status');
    assert.deepEqual(status.report.status.quarantine, [], 'nothing is held against it');
  }
});

test('what a run has left that died is put away by an abort that was told to it', { timeout: 90_000 }, async (t) => {
  const here = await served(t, 'between-gone', { lease: '5s' });
  here.config({ env: { bake: { for: '90s', errors: '5%' }, lease: '5s' } });
  const { users } = await underLoad(here, async () => {
    const deploy = here.start('deploy', '--image', image('v2'));
    await until('it is baking', () => /^baking$/m.test(deploy.output()), { seconds: 30 });
    deploy.child.kill('SIGKILL');
    await deploy.ended;
    const aborted = await here.cd('abort');
    assert.deepEqual([aborted.outcome, aborted.report.reason, aborted.code], ['restored', 'aborted', 0], aborted.stderr);
    assert.match(aborted.stderr, /v2 \(g2\) is left by a run that is gone, and is put away/);
    assert.equal(aborted.report.serving.version, 'v1');
  });
  assert.equal(users.failed, 0, JSON.stringify(users));
  await assertSettled(here, { version: 'v1' });
});

test('past a point of no return nobody takes it back, and what is committed neither', { timeout: 90_000 }, async (t) => {
  const here = place('between-past').config({ env: { bake: { for: '1s', errors: '5%' }, lease: '30s' } });
  t.after(() => clear(here));
  assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
  const hook = { name: 'migrate', command: ['true'], irreversible: true };
  here.config({ env: { bake: { for: '8s', errors: '5%' }, drain: '10s', lease: '30s', hooks: { 'before-start': [hook] } } });
  const deploy = here.start('deploy', '--image', image('v2'));
  await until('it is baking', () => /^baking$/m.test(deploy.output()), { seconds: 30 });
  const past = await here.cd('abort');
  assert.deepEqual([past.outcome, past.report.reason, past.code], ['failed', 'past-no-return', 1], past.stderr);
  assert.match(past.stderr, /^failed: what is being brought has passed a point of no return, and is not put away in staging: the run at work goes on$/m);
  assert.doesNotMatch((await here.cd('status')).stderr, /takes v2 back/);
  const deployed = await deploy.ended;
  assert.deepEqual([deployed.outcome, deployed.code], ['deployed', 0], deployed.stderr);

  here.config({ env: { bake: { for: '1s', errors: '5%' }, drain: '20s', lease: '30s' } });
  // Somebody stays with v2, so that it is put away at leisure.
  const client = join(ROOT, 'tests', 'e2e', 'bin', 'long-client.mjs');
  const stays = run([join(ROOT, 'tests', 'parts', 'exec'), 'node', client, 'download', here.url, '64000', '15000']);
  const next = here.start('deploy', '--image', image('v3'));
  await until('it is committed', () => /^retiring$/m.test(next.output()), { seconds: 30 });
  await until('that is told', async () => /"became":"kept"/.test(await stateFile(here, 'question') ?? ''), { seconds: 10 });
  const late = await here.cd('abort');
  assert.deepEqual([late.outcome, late.report.reason, late.report.serving?.version], ['failed', 'too-late', 'v3'], late.stderr);
  assert.doesNotMatch((await here.cd('status')).stderr, /takes v3 back/);
  assert.equal((await next.ended).outcome, 'deployed');
  assert.match((await stays).stdout, /"whole":true/);
});

test('a run that died while it waited is recovered as any other, and what was said to it is void', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'between-dead', { lease: '5s' });
  const deploy = here.start('deploy', '--image', image('v2'));
  await waitsAt(here, deploy, 25);
  deploy.child.kill('SIGKILL');
  await deploy.ended;
  const late = await here.cd('promote');
  assert.deepEqual([late.outcome, late.report.reason, late.code], ['failed', 'run-gone', 1], late.stderr);
  const recovered = await here.cd('recover');
  assert.deepEqual([recovered.outcome, recovered.code], ['restored', 0], recovered.stderr);
  assert.deepEqual([await stateFile(here, 'word'), await stateFile(here, 'question')], [null, null]);
  await assertSettled(here, { version: 'v1' });
});
