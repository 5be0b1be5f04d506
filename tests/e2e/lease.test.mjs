// One run at a time: who comes second waits or says who is before it, and who has lost its lease changes nothing more.

import assert from 'node:assert/strict';
import test from 'node:test';

import { everythingOf, image, place, sleep, until } from './lib.mjs';
import { countingDocker, relatives, withOwnReport } from './bin/docker.mjs';
import { assertAnswers, assertSettled, chainOf, clear, leaseOf } from './bin/settled.mjs';

const ALL = process.env.KILLS === 'all' || process.env.CD_TEST_ALL === 'true';

/** A place where v1 serves. Runs that are held up in it go on when the test is over. */
async function served(t, name, env = {}) {
  const here = place(name).config({ env: { bake: { for: '0s' }, drain: '0s', lease: '2s', ...env } });
  here.held = [];
  t.after(async () => {
    for (const run of here.held) await run.goOn();
    await clear(here);
  });
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stderr);
  return here;
}

/** Starts a run that is stopped just before a call: `{ token, ended, goOn }`. */
async function stoppedBefore(here, call, ...args) {
  const docker = countingDocker(here, `${call} before stop`);
  const run = docker.start(...args);
  const goOn = async () => {
    docker.go();
    run.child.kill('SIGCONT');
    return run.ended;
  };
  here.held.push({ goOn });
  await docker.waitFor('stopped', 60);
  return { docker, goOn, token: (await leaseOf(here)).token };
}

const leased = (here) => until('a run to hold the lease', async () => (await leaseOf(here)).holder !== '-', { every: 20 });

test('a deploy that waited for another one starts from what that one left', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'queue', { bake: { for: '2s', errors: '5%' } });
  const load = await here.load();
  const first = withOwnReport(here, here.start('deploy', '--image', image('v2')));
  await leased(here);
  const second = withOwnReport(here, here.start('deploy', '--image', image('v3'), '--wait', '60s'));
  const [one, two] = [await first.ended, await second.ended];
  const summary = await load.stop();
  assert.deepEqual([one.outcome, two.outcome], ['deployed', 'deployed'], one.stderr + two.stderr);
  assert.match(two.stderr, /waiting for the lease/);
  const { ledger } = await assertSettled(here, { version: 'v3' });
  const began = ledger.records.filter((it) => it.kind === 'began').map((it) => [it.release.version, it.from]);
  assert.deepEqual(began, [['v1', null], ['v2', 1], ['v3', 2]]);
  assert.equal(summary.failed, 0, JSON.stringify(summary));
});

test('of two first deploys at once one makes the house, and the other one waits for it', { timeout: 120_000 }, async (t) => {
  const here = place('first').config({ env: { bake: { for: '0s' }, drain: '0s', lease: '3s' } });
  t.after(() => clear(here));
  const both = ['v1', 'v2'].map((version) => {
    const docker = countingDocker(here, 'network-create#1 before pause');
    return { docker, run: docker.start('deploy', '--image', image(version), '--wait', '60s') };
  });
  for (const { docker } of both) await docker.waitForCall('network-create#1');
  for (const { docker } of both) docker.go('network-create#1');
  for (const { run } of both) {
    const { code, outcome, stderr } = await run.ended;
    assert.deepEqual([code, outcome], [0, 'deployed'], stderr);
  }
  await assertSettled(here);
});

test('a deploy with less patience ends busy and says who holds the lease, since when and until when', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'busy', { bake: { for: '8s', errors: '5%' }, lease: '10s' });
  const first = withOwnReport(here, here.start('deploy', '--image', image('v2')));
  await leased(here);
  const second = await here.cd('deploy', '--image', image('v3'), '--wait', '1s');
  assert.deepEqual([second.code, second.outcome, second.report.reason], [1, 'busy', 'lease'], second.stderr);
  const { holder, since } = await leaseOf(here);
  const words = second.report.because.join('\n');
  assert.ok(words.includes(holder), `${words} names ${holder}`);
  const clock = new Date(since * 1000).toISOString().slice(11, 16);
  assert.ok(words.includes(clock), `${words} says since when, ${clock}, as people read it`);
  assert.match(words, /until/);
  assert.equal((await first.ended).outcome, 'deployed');
  await assertSettled(here, { version: 'v2' });
});

// Each is stopped just before that call, for longer than its lease; another run takes over and deploys another version.
const STOPPED_AT = ['rename#1', 'route#2', 'commit#1', 'stop#1', 'rm#1'];
const STOPPED_AT_TOO = ['tag#1', 'record#1', 'run#1', 'route#1', 'conclude#1'];

test('a run that was stopped for longer than its lease changes nothing that serves, is routed or is recorded', async (t) => {
  const here = await served(t, 'stale');
  let [serves, theirs, ours] = ['v1', 'v2', 'v3'];
  for (const call of ALL ? [...STOPPED_AT, ...STOPPED_AT_TOO] : STOPPED_AT) {
    await t.test(`stopped before ${call}`, { timeout: 120_000 }, async () => {
      const { docker, goOn, token } = await stoppedBefore(here, call, 'deploy', '--image', image(theirs));
      const load = await here.load();
      const other = await here.cd('deploy', '--image', image(ours), '--wait', '60s');
      assert.equal(other.outcome, 'deployed', other.stderr);
      const before = await everythingOf(here);
      const result = await goOn();
      const summary = await load.stop();
      const after = await everythingOf(here);
      assert.equal(summary.failed, 0, JSON.stringify(summary));

      const committed = (await chainOf(here)).records.some((it) => it.kind === 'committed' && it.run.token === token);
      assert.deepEqual([result.outcome, result.code], committed ? ['deployed', 0] : ['busy', 1], result.stderr);
      assert.match(JSON.stringify(result.report), /took over/, 'it says that another run took over');
      assert.deepEqual(relatives(docker.dir), [], 'it leaves no process behind');

      // It may still create, unrouted and under its own name; the next run removes that.
      const own = (text) => {
        const all = JSON.parse(text);
        return { ...all, images: [], containers: all.containers.filter((line) => !line.includes(`.t${token} `)) };
      };
      const made = JSON.parse(after).containers.length - own(after).containers.length;
      if (!committed) assert.deepEqual(own(after), own(before));
      else assert.equal(after, before);
      await assertAnswers(here, ours);
      if (made > 0) assert.equal((await here.cd('recover', '--wait', '30s')).outcome, 'restored');
      await assertSettled(here, { version: ours });
      [serves, theirs, ours] = [ours, serves, theirs];
    });
  }
});

test('who holds the lease keeps it before anything is rolled out, too', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'keeps');
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'deployed');
  const call = 'image-inspect#1'; // whether the image to go back to is here; a registry may take its time over that
  const docker = countingDocker(here, `${call} before pause`);
  const run = docker.start('rollback');
  here.held.push({ goOn: async () => { docker.go(call); await run.ended; } });
  await docker.waitForCall(call);
  const { holder } = await leaseOf(here);
  assert.notEqual(holder, '-');
  await sleep(3000); // longer than the lease
  const other = await here.cd('deploy', '--image', image('v3'), '--wait', '0s');
  assert.deepEqual([other.outcome, other.report.reason], ['busy', 'lease'], other.stderr);
  assert.ok(other.report.because.join('\n').includes(holder), other.report.because.join('\n'));
  docker.go(call);
  const { outcome, stderr } = await run.ended;
  assert.equal(outcome, 'restored', stderr);
  await assertSettled(here, { version: 'v1' });
});

test('a run that lost its lease while nobody took it goes on', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'alone');
  const { goOn } = await stoppedBefore(here, 'route#2', 'deploy', '--image', image('v2'));
  await sleep(4000);
  const { outcome, stderr } = await goOn();
  assert.equal(outcome, 'deployed', stderr);
  await assertSettled(here, { version: 'v2' });
});

test('a name that a stale run changes at the last moment hides nothing from the run that took over', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'names');
  const stale = await stoppedBefore(here, 'rename#1', 'deploy', '--image', image('v2'));
  await sleep(2500);
  const next = await stoppedBefore(here, 'rename#1', 'deploy', '--image', image('v3'), '--wait', '30s');
  assert.equal((await stale.goOn()).outcome, 'busy');
  const { outcome, stderr } = await next.goOn();
  assert.equal(outcome, 'deployed', stderr);
  await assertSettled(here, { version: 'v3' });
});

test('a renewal that comes late does not take back a lease that was given back', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'late');
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'deployed');
  // A rollback asks for images once the lease was given back: there it can be held up.
  const docker = countingDocker(here, 'rm#1 before pause\nrenew#1 before pause\nimage-ls#1 before pause');
  const run = docker.start('rollback');
  here.held.push({ goOn: async () => { for (const call of ['rm#1', 'renew#1', 'image-ls#1']) docker.go(call); await run.ended; } });
  await docker.waitForCall('renew#1');
  docker.go('rm#1');
  await docker.waitForCall('image-ls#1'); // after the lease was given back
  docker.go('renew#1');
  await sleep(1000);
  docker.go('image-ls#1');
  const { outcome, stderr } = await run.ended;
  assert.equal(outcome, 'restored', stderr);
  await assertSettled(here, { version: 'v1' });
});
