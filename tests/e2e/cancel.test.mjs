// A run that is asked to stop: SIGINT to its process alone, as a runner does it. The runner ends it by force 10 s later, so
// by then the service is as it was, or the commit is recorded.

import assert from 'node:assert/strict';
import test from 'node:test';

import { image, place, sleep, until } from './lib.mjs';
import { countingDocker, lives, relatives, withOwnReport } from './bin/docker.mjs';
import { assertSettled, chainOf, clear, leaseOf } from './bin/settled.mjs';

const ALL = process.env.KILLS === 'all' || process.env.CD_TEST_ALL === 'true';

/** What a runner gives: 7.5 s until SIGTERM, 2.5 s more until SIGKILL. */
const WINDOW = 10_000;

/** A place where v1 serves, under load until `users()` is asked. */
async function served(t, name, { env = {}, health = {} } = {}) {
  const here = place(name).config({ env: { bake: { for: '0s' }, drain: '0s', lease: '3s', ...env }, health });
  const runs = [];
  let load = null;
  t.after(async () => {
    for (const run of runs) if (lives(run.child.pid)) run.child.kill('SIGKILL');
    await load?.stop();
    await clear(here);
  });
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stderr);
  load = await here.load();
  const users = async () => {
    const [summary, over] = [await load.stop(), load];
    load = null;
    assert.equal(summary.failed, 0, `${JSON.stringify(summary)} ${over.record}`);
  };
  return { here, users, keep: (run) => { runs.push(run); return run; } };
}

/** Asks a run to stop as a runner does, and says how that went. */
async function cancel(t, run, signals = ['SIGINT']) {
  const asked = Date.now();
  run.child.kill('SIGINT');
  const timers = signals.includes('SIGTERM') ? [setTimeout(() => run.child.kill('SIGTERM'), 7500)] : [];
  const result = await Promise.race([run.ended, sleep(WINDOW + 500).then(() => null)]);
  timers.forEach(clearTimeout);
  const took = Date.now() - asked;
  assert.ok(result && took <= WINDOW, `it ends within ${WINDOW} ms: ${result ? took : 'not at all'}\n${run.output()}`);
  t.diagnostic(`ended ${took} ms after it was asked to: ${result.outcome}`);
  return result;
}

const said = (run, words) => until(`a run to say ${words}`, () => words.test(run.output()) || run.child.exitCode !== null, { every: 20 });

/** What was left for the next run, if anything, is put right by it. */
async function next(here, version) {
  const result = await here.cd('recover', '--wait', '30s');
  assert.ok(['restored', 'unchanged'].includes(result.outcome), result.stderr);
  await assertSettled(here, { version });
}

test('cancelled while it waits for the lease it touches nothing, and the other run goes on', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'waits', { env: { bake: { for: '8s', errors: '5%' } } });
  const first = keep(withOwnReport(here, here.start('deploy', '--image', image('v2'))));
  await until('a run to hold the lease', async () => (await leaseOf(here)).holder !== '-', { every: 20 });
  const docker = countingDocker(here);
  const run = keep(docker.start('deploy', '--image', image('v3'), '--wait', '60s'));
  await said(run, /waiting for the lease/);
  const result = await cancel(t, run);
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1]);
  assert.deepEqual(relatives(docker.dir), []);
  assert.equal((await first.ended).outcome, 'deployed');
  await users();
  await assertSettled(here, { version: 'v2' });
});

test('cancelled while it pulls it touches nothing', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'pulls');
  const docker = countingDocker(here, 'pull#1 before hang');
  const run = keep(docker.start('deploy', '--image', image('v2')));
  await docker.waitForCall('pull#1');
  await sleep(200);
  const result = await cancel(t, run);
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1]);
  assert.deepEqual(relatives(docker.dir), [], 'the pull was ended');
  await users();
  await assertSettled(here, { version: 'v1' });
});

test('cancelled while it takes the lease it gives it back', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'takes', { env: { lease: '30s' } });
  const docker = countingDocker(here, 'open#1 before pause');
  const run = keep(docker.start('deploy', '--image', image('v2')));
  await docker.waitForCall('open#1');
  const ended = cancel(t, run);
  await sleep(300);
  docker.go('open#1');
  const result = await ended;
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1]);
  await users();
  await assertSettled(here, { version: 'v1' });
});

test('cancelled while the new version is proven it puts it away', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'proves');
  const docker = countingDocker(here);
  const run = keep(docker.start('deploy', '--image', image('never-listens')));
  await said(run, /proving/);
  await sleep(500);
  const result = await cancel(t, run);
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1], result.stderr);
  assert.equal(result.report.serving.version, 'v1');
  assert.deepEqual(relatives(docker.dir), []);
  await users();
  await assertSettled(here, { version: 'v1' });
});

test('cancelled in the bake it goes back and no user notices', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'bakes', { env: { bake: { for: '60s', errors: '5%' }, drain: '30s' } });
  const docker = countingDocker(here);
  const run = keep(docker.start('deploy', '--image', image('v2')));
  await said(run, /baking/);
  await sleep(1500);
  assert.equal((await here.ask()).version, 'v2');
  const result = await cancel(t, run);
  assert.deepEqual([result.outcome, result.code], ['cancelled', 1], result.stderr);
  assert.equal(result.report.serving.version, 'v1');
  assert.deepEqual(relatives(docker.dir), []);
  await users();
  await assertSettled(here, { version: 'v1' });
});

test('cancelled after the commit it has deployed, and the next run puts away what is left', { timeout: 120_000 }, async (t) => {
  const { here, users, keep } = await served(t, 'commits', { env: { drain: '30s' } });
  const docker = countingDocker(here);
  const run = keep(docker.start('deploy', '--image', image('v2')));
  await docker.waitForCall('stop#1');
  const result = await cancel(t, run);
  assert.deepEqual([result.outcome, result.code], ['deployed', 0], result.stderr);
  assert.deepEqual(relatives(docker.dir), []);
  await users();
  await next(here, 'v2');
});

// Calls that never come back.
const HANGS_AT = ['run#1', 'route#2', 'rm#1'];
const HANGS_AT_TOO = ['ps#1', 'pull#1', 'open#1', 'tag#1', 'rename#1', 'record#1', 'route#1', 'commit#1', 'stop#1', 'conclude#1'];

/** Cancels deploys in one place, each while the engine is as `how` says from a call on, and lets the next run follow. */
async function cancelWhile(t, how, calls, mayStrand) {
  const { here, users, keep } = await served(t, how);
  for (const call of calls) {
    await t.test(how === 'hang' ? `${call} hangs` : `from ${call} on`, { timeout: 120_000 }, async (t) => {
      let serves = (await chainOf(here)).serving.release.version;
      const wanted = serves === 'v1' ? 'v2' : 'v1';
      const docker = countingDocker(here, `${call} before ${how}`);
      const run = keep(docker.start('deploy', '--image', image(wanted)));
      await docker.waitForCall(call);
      await sleep(200);
      const result = await cancel(t, run, ['SIGINT', 'SIGTERM']);
      assert.deepEqual(relatives(docker.dir), [], 'the call that hung was ended');
      const committed = (await chainOf(here)).serving.release.version === wanted;
      const fits = [committed ? 'deployed 0' : 'cancelled 1', ...(mayStrand.includes(call) ? ['stranded 2'] : [])];
      assert.ok(fits.includes(`${result.outcome} ${result.code}`), `${result.outcome} ${result.code}: ${result.stderr}`);
      if (committed) serves = wanted;
      const reported = result.report.serving?.version;
      if (reported && result.outcome !== 'stranded') assert.equal(reported, serves, 'the report says what serves');
      const { generation } = (await chainOf(here)).serving;
      assert.equal(result.report.left.some((id) => id.startsWith(`g${generation}-`)), false, 'what serves is not called left over');
      await next(here, serves);
    });
  }
  await users();
}

test('cancelled while one call to the engine hangs it ends all the same, and the next run puts things right', async (t) => {
  await cancelWhile(t, 'hang', ALL ? [...HANGS_AT, ...HANGS_AT_TOO] : HANGS_AT, ['route#2', 'commit#1']);
});

test('cancelled while the engine says nothing any more it ends all the same, and the next run puts things right', async (t) => {
  await cancelWhile(t, 'silence', ALL ? [...HANGS_AT, ...HANGS_AT_TOO] : ['run#1', 'route#2'], ['route#2', 'commit#1', 'route#1', 'run#1']);
});
