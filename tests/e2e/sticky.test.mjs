// Users that stick to a version while two share the traffic: 200 with a cookie jar each, who come and come again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { docker, ENV, image, inside, place, ROOT, serversOf, sleep, tableOf, until } from './lib.mjs';

const USERS = 200;

async function sticking(t, name, strategy, { router = '2.6', run = { replicas: 2 }, bake = { for: '2s', errors: '5%' } } = {}) {
  const here = place(name, { router }).config({
    run,
    health: { deadline: '15s' },
    env: { strategy, bake, lease: '30s', drain: '3s' },
  });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return { here, users: users(here) };
}

/** `come()`: each of them once. `keepComing()`: until `stop()`. Both give what each user got, in order. */
function users(here) {
  const jars = join(here.dir, 'jars.json');
  writeFileSync(jars, JSON.stringify(Array.from({ length: USERS }, () => ({ other: '1' }))));
  const argv = ['node', join(ROOT, 'tests', 'e2e', 'bin', 'users.mjs'), `${here.url}/tasks`, jars];
  return {
    cookies: () => JSON.parse(readFileSync(jars, 'utf8')).map((jar) => jar[here.prefix]),
    async come() {
      const { stdout, stderr, code } = await inside(argv);
      assert.equal(code, 0, stderr);
      return byUser(stdout);
    },
    keepComing() {
      const file = join(here.dir, `stop-${Date.now()}`);
      const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), [...argv, file], { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (data) => { out += data; });
      const closed = new Promise((resolve) => child.on('close', resolve));
      return async () => {
        writeFileSync(file, '');
        await closed;
        return byUser(out);
      };
    },
  };
}

function byUser(text) {
  const all = Array.from({ length: USERS }, () => []);
  for (const line of text.trim().split('\n')) {
    const got = JSON.parse(line);
    all[got.user].push(got);
  }
  return all;
}

/** The share of 10,000 that HAProxy goes by, or null; undefined where it did not say. */
async function shareOf(here) {
  const said = await here.runtime('show map /var/lib/cd-action/sticky.map; show info');
  if (!said.includes('Start_time_sec')) return undefined;
  return Number(/ sticky g\d+:(\d+)/.exec(said)?.[1] ?? NaN) || null;
}

/** Notes when which share stood, until it is stopped: `[{ share, from, to }]`. */
function noting(here) {
  const spans = [];
  let on = true;
  const ended = (async () => {
    while (on) {
      const asked = Date.now();
      const share = await shareOf(here);
      const last = spans.at(-1);
      if (share !== undefined && last?.share === share) last.to = asked;
      else if (share !== undefined) spans.push({ share, from: Date.now(), to: asked });
      await sleep(150);
    }
    return spans;
  })();
  return async () => {
    on = false;
    return ended;
  };
}

const versions = (got) => got.map((it) => it.version);

/** The versions that a user got one after the other, each named once as long as it stayed. */
const turns = (got) => versions(got).filter((version, at, all) => version !== all[at - 1]);

const failed = (all) => all.flat().filter((it) => it.status !== 200);

/** Whether so many of USERS are what chance makes of a share: within 4.5 standard deviations. */
function asExpected(count, share) {
  const [mean, deviation] = [USERS * share, Math.sqrt(USERS * share * (1 - share))];
  assert.ok(Math.abs(count - mean) <= Math.max(4.5 * deviation, 1), `${count} of ${USERS} users at ${share * 100} %`);
}

test('through 5, 25, 50 and 100 % nobody goes back; and one that is bad gives everybody back, who are drawn anew', async (t) => {
  const { here, users: all } = await sticking(t, 'sticky-good', { canary: { sticky: true, steps: [5, 25, 50, 100], pause: '4s' } });
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.match(JSON.stringify(plan.report.plan.steps), /5\.0 % of the users of 127\.0\.0\.1:\d+ go to the new instances/);
  const stop = all.keepComing();
  const noted = noting(here);
  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  await sleep(1_500);
  const [spans, got] = [await noted(), await stop()];
  assert.deepEqual(failed(got), []);
  for (const [user, its] of got.entries()) {
    assert.ok(['v1,v2', 'v2'].includes(turns(its).join()), `user ${user}: ${turns(its)}`);
  }
  const shared = spans.filter((it) => it.share !== null);
  assert.deepEqual(shared.map((it) => it.share), [500, 2_500, 5_000]);
  for (const { share, from, to } of shared) {
    // Of the requests that came while it surely stood: each user had one version, the one of his bucket.
    const meanwhile = got.map((its) => its.filter((it) => it.t >= from && it.end <= to));
    assert.ok(meanwhile.every((its) => new Set(versions(its)).size <= 1), `somebody went back and forth at ${share}`);
    const there = meanwhile.filter((its) => its.length > 0);
    assert.ok(there.length > USERS * 0.9, `${there.length} users came at ${share}`);
    asExpected(there.filter((its) => its[0].version === 'v2').length * (USERS / there.length), share / 10_000);
  }
  const drawn = got.flat().filter((it) => it.drawn !== null);
  assert.equal(new Set(drawn.map((it) => it.user)).size, drawn.length, 'a cookie is set once for each user');
  assert.match(drawn[0].drawn, new RegExp(`^${here.prefix.replaceAll('.', '\\.')}=g2-\\d{1,4}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax$`));
  assert.equal(await here.state('sticky.map'), '', 'nothing is left of it');
  const after = await all.come();
  assert.deepEqual(after.flat().filter((it) => it.drawn !== null || it.version !== 'v2'), []);

  const before = all.cookies();
  const stopAgain = all.keepComing();
  const bad = await here.cd('deploy', '--image', image('errors'));
  await sleep(1_500);
  const gotBad = await stopAgain();
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'errors', 1], bad.stderr);
  const seen = gotBad.filter((its) => versions(its).some((it) => it !== 'v2'));
  assert.ok(seen.length > 0 && seen.length <= USERS * 0.5, `${seen.length} users saw it`);
  assert.equal(await here.state('sticky.map'), '');
  assert.deepEqual((await all.come()).flat().filter((it) => it.version !== 'v2' || it.status !== 200), []);
  // Who came before it was condemned, which takes seconds.
  const anew = all.cookies().flatMap((it, user) => (it?.startsWith('g3-') ? [[it.slice(3), before[user]?.slice(3)]] : []));
  assert.ok(anew.length > USERS / 10, `${anew.length} were drawn for this rollout`);
  const same = anew.filter(([now, then]) => now === then);
  assert.ok(same.length < 5, `${same.length} users are in the bucket that they had`);
});

// The oldest and the newest; for every change the one that is the default.
for (const router of process.env.CD_TEST_ALL === 'true' ? ['2.6', '3.2'] : ['3.2']) {
  test(`HAProxy ${router} by itself, without a run: who stays with whom survives a restart, and where a version is down the other one serves its users`, async (t) => {
    const { here, users: all } = await sticking(t, `sticky-alone-${router.replace('.', '')}`, { canary: { sticky: true, steps: [50, 100], pause: '60s' } }, { router });
    const { child, ended } = here.start('deploy', '--image', image('v2'));
    await until('half of the users', async () => (await shareOf(here)) === 5_000);
    await until('the run at its pause', async () => (await serversOf(here)).some((it) => it.name === 'g2-2' && it.weight > 0));
    child.kill('SIGKILL');
    await ended;
    const names = (await here.containers()).map((it) => it.name);
    const container = (instance) => names.find((it) => it.includes(`-${instance}.`));
    const routed = (instance, up) => until(`${instance} ${up ? 'up' : 'down'}`, async () => (await serversOf(here)).find((it) => it.name === instance)?.usable === up);
    const first = await all.come();
    const news = first.filter((its) => its[0].version === 'v2').length;
    asExpected(news, 0.5);
    const own = first.map((its) => its[0].version);
    /** Everybody is served, those of one version by theirs. */
    const come = async (what, expected) => {
      const got = await all.come();
      assert.deepEqual(failed(got), [], what);
      assert.deepEqual(got.map((its) => its[0].version), own.map(expected), what);
    };
    await come('again', (it) => it);
    await docker('kill', container('g2-1'));
    await routed('g2-1', false);
    await come('one of the new instances is dead', (it) => it);
    await docker('restart', '-t', '1', `${here.prefix}-router`);
    await until('the router', async () => (await here.ask()).status === 200);
    await routed('g2-1', false);
    await come('the router was restarted', (it) => it);
    await docker('kill', container('g2-2'));
    const rescued = await all.come();
    assert.deepEqual(failed(rescued), [], 'who comes to a dead instance is rescued');
    await routed('g2-2', false);
    await come('all of the new ones are dead', () => 'v1');
    await docker('start', container('g2-1'), container('g2-2'));
    await routed('g2-1', true);
    await routed('g2-2', true);
    await come('they are back', (it) => it);
    await docker('kill', container('g1-1'));
    await routed('g1-1', false);
    await come('one of the old ones is dead', (it) => it);
    await docker('kill', container('g1-2'));
    assert.deepEqual(failed(await all.come()), []);
    await routed('g1-2', false);
    await come('all of the old ones are dead', () => 'v2');
    await docker('start', container('g1-1'), container('g1-2'));
    await routed('g1-1', true);
    await routed('g1-2', true);
    await come('and back', (it) => it);

    const status = await here.cd('status');
    assert.equal(status.code, 0, status.stderr);
    assert.deepEqual(status.report.status.astray, [], 'the router does what its table says');
    assert.equal(status.report.status.router, 'running, 50.00 % of users stick to g2');
    await here.runtime('clear map /var/lib/cd-action/sticky.map');
    const astray = await here.cd('status');
    assert.deepEqual(astray.report.status.astray, ['no users stick, by the table 50.00 % of users stick to g2']);
    // As the dead run's successor: everybody has the old version, at once and for good.
    const recovered = await here.cd('recover');
    assert.deepEqual([recovered.outcome, recovered.code], ['restored', 0], recovered.stderr);
    const after = await all.come();
    assert.deepEqual(after.flat().filter((it) => it.version !== 'v1' || it.status !== 200 || it.drawn !== null), []);
    assert.deepEqual((await tableOf(here)).filter((it) => it.name.startsWith('g2')), []);
  });
}

test('the two versions are compared as ever, each by its own requests: one that is worse goes back', async (t) => {
  const analysis = { errors: { 'worse-by': '10pp', confidence: '95%' }, latency: { confidence: '95%' }, deadline: '60s' };
  const strategy = { canary: { sticky: true, steps: [25, 100], pause: '2s', analysis } };
  const { here, users: all } = await sticking(t, 'sticky-compared', strategy, { router: '3.2', bake: { for: '1s', errors: '100%' } });
  // Most clients keep no cookies: they are drawn each time.
  const load = await here.load({ rate: 100 });
  const stop = all.keepComing();
  const worse = await here.cd('deploy', '--image', image('errors'));
  const [got] = [await stop(), await load.stop()];
  assert.deepEqual([worse.outcome, worse.report.reason, worse.code], ['rolled-back', 'worse', 1], worse.stderr);
  assert.match(worse.report.because.join('\n'), /the evidence that it is worse by more than is tolerated \(10\.0 points, at 95\.0 %\)/);
  // Whoever was given an error had a bucket of the new version's.
  const buckets = all.cookies().map((it) => Number(it?.split('-').at(-1)));
  const hurt = got.flatMap((its, user) => (failed([its]).length > 0 ? [buckets[user]] : []));
  assert.ok(hurt.length > 0 && hurt.every((bucket) => bucket < 2_500), hurt.join());
  assert.deepEqual((await all.come()).flat().filter((it) => it.version !== 'v1' || it.status !== 200), []);
});

test('as waves come, nobody goes back', async (t) => {
  const { here, users: all } = await sticking(t, 'sticky-rolling', { rolling: { sticky: true, pause: '2s' } }, { router: '3.2', run: { replicas: 3 } });
  const stop = all.keepComing();
  const noted = noting(here);
  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  await sleep(1_500);
  const [spans, got] = [await noted(), await stop()];
  assert.deepEqual(failed(got), []);
  for (const [user, its] of got.entries()) {
    assert.ok(['v1,v2', 'v2'].includes(turns(its).join()), `user ${user}: ${turns(its)}`);
  }
  const shares = spans.map((it) => it.share).filter((it) => it !== null);
  assert.ok(shares.length >= 2 && shares.every((it, at) => at === 0 || it > shares[at - 1]), shares.join());
});

test('a router that cannot make users stick is told before anything is touched, and a new one can', async (t) => {
  const { here } = await sticking(t, 'sticky-earlier', { canary: { sticky: true, steps: [50, 100], pause: '1s' } }, { run: {} });
  const router = `${here.prefix}-router`;
  // As an earlier version has made it.
  await docker('exec', '-u', '0', router, 'sed', '-i', '/txn.cd_/{/cd_took/!d}', '/var/lib/cd-action/haproxy.cfg');
  await docker('restart', '-t', '1', router);
  const told = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([told.outcome, told.report.reason, told.code], ['failed', 'router-outdated', 1], told.stderr);
  assert.match(told.stderr + told.stdout, new RegExp(`docker rm -f ${router}`));
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v1']);
  await docker('rm', '-f', router);
  const renewed = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([renewed.outcome, renewed.code], ['deployed', 0], renewed.stderr);
});
