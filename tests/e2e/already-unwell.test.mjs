// What serves is unwell, or what it stands on is gone: the way out stays open, and nothing is told that is not known.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedOf, docker, image, place, serversOf, strayOf, until } from './lib.mjs';

const bake = { for: '1s', errors: '5%' };

async function run(here, outcome, ...args) {
  const result = await here.cd(...args);
  assert.equal(result.outcome, outcome, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

const deploy = (here, tag, outcome = 'deployed') => run(here, outcome, 'deploy', '--image', image(tag));
const containerOf = async (here, version) => (await here.containers()).find((it) => it.version === version)?.name;

/** v1 is known-good, and v2 serves, is known-good too, and then makes trouble. */
async function serving(t, name, trouble, env = {}) {
  const here = place(name).config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  here.config({ run: { env }, env: { bake } });
  await deploy(here, 'v2');
  await trouble(here);
  return here;
}

/** Its health page says 503 from some seconds on. */
const breaks = [async (here) => {
  await until('it to be unwell', async () => (await here.ask('/health')).status === 503, { seconds: 30 });
}, { BREAK_AFTER_MS: '6000' }];
/** It is there, and says nothing. */
const pauses = [async (here) => { await docker('pause', await containerOf(here, 'v2')); }];

for (const [what, trouble] of [['unwell', breaks], ['paused', pauses]]) {
  test(`where what serves is ${what}, another version can be brought, and a rollback goes back`, { timeout: 240_000 }, async (t) => {
    const here = await serving(t, `out-${what}`, ...trouble);
    await t.test('a version that is no better is turned away, and leaves nothing behind', async () => {
      const bad = await here.cd('deploy', '--image', image('broken'));
      assert.equal(bad.code, 1, bad.stdout + bad.stderr);
      assert.equal(bad.outcome, 'rolled-back', bad.stdout + bad.stderr);
      assert.equal((await here.containers()).length, 1);
    });
    await t.test('a rollback goes to the version before', async () => {
      await run(here, 'restored', 'rollback');
      assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
      assert.deepEqual(await strayOf(here), []);
    });
  });
}

test('a run that died while what serves is unwell does not keep a fix away', { timeout: 240_000 }, async (t) => {
  const here = await serving(t, 'out-dead', ...breaks);
  const begun = here.start('deploy', '--image', image('slow-start'));
  t.after(() => begun.child.kill('SIGKILL'));
  await until('the new instance', async () => (await here.containers()).length === 2, { every: 50 });
  begun.child.kill('SIGKILL');
  await begun.ended;
  const recovered = await here.cd('recover', '--wait', '30s');
  assert.deepEqual([recovered.outcome, recovered.code, recovered.report.reason], ['stranded', 2, 'does-not-answer'], recovered.stderr);
  assert.ok(recovered.report.next.length > 0, 'what to do stands in the file, too');
  await deploy(here, 'v3');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v3' });
  assert.deepEqual(await strayOf(here), []);
  assert.deepEqual((await here.cd('status')).report.status.unfinished, null);
});

test('without its router nothing is told that is not known, and recover brings it back', { timeout: 240_000 }, async (t) => {
  const here = place('out-router').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await deploy(here, 'v2');
  for (const [what, act] of [['stopped', 'stop'], ['gone', 'rm']]) {
    await t.test(`the router is ${what}`, async () => {
      await docker(act, ...(act === 'rm' ? ['-f'] : ['-t', '1']), `${here.prefix}-router`);
      for (const args of [['status'], ['plan', '--image', image('v3')]]) {
        const result = await run(here, 'failed', ...args);
        assert.equal(result.report.reason, 'router-away', result.stderr);
        assert.match(result.report.because.join('\n'), /cannot be read/);
        assert.match(result.report.next.join('\n'), /cd-action recover/);
        assert.doesNotMatch(result.stdout + result.stderr, /nothing was ever/);
      }
      const back = await here.cd('recover');
      assert.equal(back.code, 0, back.stdout + back.stderr);
      assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
      assert.deepEqual(await strayOf(here), []);
    });
  }
  await t.test('a rollback makes the router, too', async () => {
    await docker('rm', '-f', `${here.prefix}-router`);
    await run(here, 'restored', 'rollback');
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  });
  await t.test('a paused router is called ours, and how it goes on is said', async () => {
    await docker('pause', `${here.prefix}-router`);
    const result = await run(here, 'failed', 'deploy', '--image', image('v3'));
    assert.equal(result.report.reason, 'router-away', result.stderr);
    assert.match(result.report.next.join('\n'), /docker unpause/);
    await docker('unpause', `${here.prefix}-router`);
  });
});

test('what is brought where all was taken away is watched like any other, before it is called known-good', { timeout: 240_000 }, async (t) => {
  const here = place('out-bake').config({ env: { bake: { for: '4s', errors: '5%' } } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await docker('rm', '-f', await containerOf(here, 'v1'));
  const load = await here.load();
  try {
    const result = await here.cd('deploy', '--image', image('errors'));
    assert.equal(result.code, 1, result.stdout + result.stderr);
    assert.deepEqual(await committedOf(here), ['v1'], 'a version that fails a third of its users is not proven');
  } finally {
    await load.stop();
  }
});

test('with health that is a connection no route is refused at first', { timeout: 120_000 }, async (t) => {
  const here = place('out-tcp').config({ health: { http: undefined, tcp: true }, env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const second = await deploy(here, 'v2');
  assert.deepEqual(second.report.troubles.filter((it) => /refused/.test(it)), []);
  const third = await deploy(here, 'v3');
  assert.deepEqual(third.report.troubles.filter((it) => /refused/.test(it)), []);
});

test('a cancel is not held up by instances that hang', { timeout: 120_000 }, async (t) => {
  const here = place('out-cancel').config({ run: { replicas: 3 }, env: { bake: { for: '60s', errors: '5%' } } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const begun = here.start('deploy', '--image', image('v2'));
  t.after(() => begun.child.kill('SIGKILL'));
  await until('the bake', () => /^baking$/m.test(begun.output()));
  for (const it of (await here.containers()).filter((one) => one.version === 'v2')) await docker('pause', it.name);
  begun.child.kill('SIGINT');
  const result = await begun.ended;
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1], result.stdout + result.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('what the router calls down is nowhere said to be well, and the way out is said', { timeout: 120_000 }, async (t) => {
  const here = place('out-hung').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await docker('kill', '-s', 'STOP', await containerOf(here, 'v1'));
  await until('the router to see it', async () => (await serversOf(here)).some((it) => it.name === 'g1-1' && !it.usable));
  const { report, stdout, stderr } = await run(here, 'shown', 'status');
  assert.match(stdout + stderr, /v1 has the traffic, and the router calls it down; one thing needs attention/);
  assert.match(stdout + stderr, /the router calls g1-1 down: nobody is answered by it/);
  assert.deepEqual([report.status.down, report.status.silent, report.status.unfinished], [['g1-1'], true, null]);
  assert.match(report.next.join(), /deploy the same again/);
  const planned = await run(here, 'shown', 'plan', '--image', image('v1'));
  assert.doesNotMatch(planned.stdout + planned.stderr, /is well/);
  assert.match(planned.report.troubles.join(), /not all of it answers/);
  const recovered = await run(here, 'failed', 'recover');
  assert.deepEqual([recovered.code, recovered.report.reason, recovered.report.serving], [1, 'does-not-answer', null]);
  await deploy(here, 'v1');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  const after = (await here.cd('status')).report.status;
  assert.deepEqual([after.down, after.silent, after.unfinished], [[], false, null]);
});
