// What happens beside a deploy: requests that take long, connections that stay, people who look, and people who lay
// hands on what runs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dirname } from 'node:path';
import { ENV, committedOf, docker, everythingOf, image, inside, place, sleep, strayOf, underLoad, until } from './lib.mjs';

const bake = { for: '1s', errors: '5%' };

async function deploy(here, tag, expected = 'deployed') {
  const result = await here.cd('deploy', '--image', image(tag));
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);
const statusOf = async (here) => (await here.cd('status')).report.status;

test('who is in the middle of something when the traffic moves is not cut off', async (t) => {
  const here = place('middle').config({ env: { bake, drain: '20s' } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await t.test('requests that take longer than the switch', async () => {
    const { result, users } = await underLoad(here, () => deploy(here, 'v2'), { path: '/wait?ms=2000', rate: 15 });
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.ok(users.by_version.v1 > 0 && users.by_version.v2 > 0, JSON.stringify(users.by_version));
    assert.ok(result.report.phases.some((it) => it.name === 'retiring'));
  });
  await t.test('connections that are kept', async () => {
    const { users } = await underLoad(here, () => deploy(here, 'v3'), { extra: ['--keep-alive', '--connections', '20'] });
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.ok(users.by_version.v2 > 0 && users.by_version.v3 > 0, JSON.stringify(users.by_version));
  });
  await t.test('but not for ever: the drain has its end', async () => {
    here.config({ env: { bake, drain: '1s' } });
    // What changes something is not sent twice, so it is cut off.
    const posted = inside(['curl', '-s', '-m', '60', '-X', 'POST', '-o', '/dev/null', '-w', '%{http_code}', `${here.url}/wait?ms=60000`]);
    const { result, requests } = await underLoad(here, async () => {
      await sleep(500);
      // A bake does not end while nobody has been answered, so some ask for something that is quick.
      const quick = setInterval(() => { here.ask().catch(() => {}); }, 250);
      try {
        const result = await deploy(here, 'v1');
        await sleep(500);
        return result;
      } finally {
        clearInterval(quick);
      }
    }, { path: '/wait?ms=6000', rate: 4, extra: ['--timeout-ms', '30000'] });
    const [baking, retiring] = ['baking', 'retiring'].map((name) => result.report.phases.find((it) => it.name === name));
    const cut = result.report.acts.find((it) => it.what.endsWith(', ending what lingers'));
    assert.ok(cut.at - retiring.from < 6000, 'who wants longer is not waited for');
    const begun = requests.filter((it) => it.at < baking.from && it.at + 6000 > cut.at + cut.took);
    assert.ok(begun.length > 0, 'some wanted longer');
    assert.deepEqual(begun.filter((it) => it.version === 'v3'), [], 'none of them is answered by the old one');
    const { code, stdout } = await posted;
    assert.ok(code !== 28 && stdout !== '200', `it was cut off: ${stdout}, curl ended with ${code}`);
    assert.deepEqual(await versions(here), ['v1 running']);
    assert.deepEqual(await strayOf(here), []);
  });
});

test('whoever looks while a deploy is under way sees it, and disturbs nothing', async (t) => {
  const here = place('look').config({ env: { bake: { for: '6s', errors: '5%' } } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const begun = here.start('deploy', '--image', image('v2'));
  t.after(() => begun.child.kill('SIGKILL'));
  await until('the bake', () => /^baking$/m.test(begun.output()));
  const status = await here.cd('status');
  assert.equal(status.code, 0);
  const seen = status.report.status;
  assert.match(seen.lease, /^local:.* for \d+ s more$/);
  const line = (id) => seen.instances.find((it) => it.instance === id);
  assert.deepEqual([line('g2-1')?.state, line('g2-1')?.weight], ['running', '256']);
  assert.deepEqual([line('g1-1')?.state, seen.instances.length], ['running', 2], 'the old one runs on');
  assert.deepEqual(seen['known-good'].map((it) => it.version), ['v1'], 'what bakes is not known-good yet');
  const plan = await here.cd('plan', '--image', image('v3'));
  assert.equal(plan.code, 0);
  const busy = await here.cd('deploy', '--image', image('v3'), '--wait', '0');
  assert.deepEqual([busy.outcome, busy.code], ['busy', 1]);
  const { code } = await begun.ended;
  assert.equal(code, 0, begun.output());
  const report = here.reports().find((it) => it.command === 'deploy' && it.wanted?.version === 'v2');
  assert.equal(report.outcome, 'deployed');
  assert.deepEqual(await versions(here), ['v2 running']);
  assert.deepEqual(await strayOf(here), []);
});

test('an instance that somebody stopped, removed or paused is noticed, and what can be put right is', async (t) => {
  const here = place('hands').config({ run: { replicas: 2 }, env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');

  await t.test('one of two stopped: recover starts it again, users notice nothing', async () => {
    const [{ name }] = await here.containers();
    const { result } = await underLoad(here, async () => {
      await docker('stop', '-t', '2', name);
      assert.match((await statusOf(here)).unfinished, new RegExp(`does not run: .*${name.replaceAll('.', '\\.')}`));
      return here.cd('recover');
    });
    assert.deepEqual([result.outcome, result.code], ['restored', 0], result.stdout + result.stderr);
    assert.doesNotMatch(result.report.because.join('\n'), /run died/, 'nobody died');
    assert.deepEqual(await versions(here), ['v1 running', 'v1 running']);
    assert.deepEqual(await strayOf(here), []);
    assert.equal((await statusOf(here)).unfinished, null);
  });

  await t.test('one of two removed: users notice nothing, status says so, a deploy of the same makes it again', async () => {
    const [{ name }] = await here.containers();
    const { users } = await underLoad(here, async () => {
      await docker('rm', '-f', name);
      const recovered = await here.cd('recover');
      assert.equal(recovered.code, 0, recovered.stdout + recovered.stderr);
      const status = await here.cd('status');
      assert.match(JSON.stringify(status.report), /1 of 2 instances/, 'that one is missing is said');
      await deploy(here, 'v1');
    });
    assert.ok(users.longest_outage_ms < 3000 && users.by_version.v1 > 0, JSON.stringify(users));
    assert.deepEqual(await versions(here), ['v1 running', 'v1 running']);
    assert.deepEqual(await strayOf(here), []);
    assert.deepEqual([(await statusOf(here)).unfinished, (await statusOf(here)).quarantine], [null, []]);
  });

  await t.test('all removed: recover is stranded, with the exact next command, and a deploy mends it', async () => {
    await docker('rm', '-f', ...(await here.containers()).map((it) => it.name));
    const recovered = await here.cd('recover');
    assert.deepEqual([recovered.outcome, recovered.code], ['stranded', 2], recovered.stdout + recovered.stderr);
    assert.match(recovered.report.because.join('\n'), /are gone/);
    assert.match(recovered.report.next.join('\n'), /cd-action rollback --environment staging --version /);
    await deploy(here, 'v2');
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    assert.deepEqual(await versions(here), ['v2 running', 'v2 running']);
    assert.deepEqual(await strayOf(here), []);
  });

  await t.test('all removed again: a rollback starts what was proven, by that very command', async () => {
    await docker('rm', '-f', ...(await here.containers()).map((it) => it.name));
    const back = await here.cd('rollback', '--version', 'v2');
    assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stdout + back.stderr);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    assert.deepEqual(await strayOf(here), []);
    assert.deepEqual(await committedOf(here).then((it) => it.at(-1)), 'v2');
  });

  await t.test('a new one paused in its bake: back, without a word of an exit', async () => {
    here.config({ run: { replicas: 2, env: { A: '1' } }, env: { bake: { for: '60s', errors: '5%' } } });
    const begun = here.start('deploy', '--image', image('v3'));
    t.after(() => begun.child.kill('SIGKILL'));
    await until('the bake', () => /^baking$/m.test(begun.output()));
    await docker('pause', (await here.containers()).find((it) => it.version === 'v3').name);
    const result = await begun.ended;
    assert.deepEqual([result.outcome, result.code], ['rolled-back', 1], result.stdout + result.stderr);
    assert.doesNotMatch(result.report.because.join('\n'), /ended with exit code/);
    assert.deepEqual(await versions(here), ['v2 running', 'v2 running']);
    assert.deepEqual(await strayOf(here), []);
  });

  await t.test('a new one removed in its bake: back, and the version is not blamed', async () => {
    here.config({ run: { replicas: 2, env: { A: '2' } }, env: { bake: { for: '60s', errors: '90%' } } });
    const begun = here.start('deploy', '--image', image('v3'));
    t.after(() => begun.child.kill('SIGKILL'));
    await until('the bake', () => /^baking$/m.test(begun.output()));
    const { quarantine } = await statusOf(here);
    await docker('rm', '-f', (await here.containers()).find((it) => it.version === 'v3').name);
    const result = await begun.ended;
    assert.deepEqual([result.outcome, result.code], ['rolled-back', 1], result.stdout + result.stderr);
    assert.match(result.report.because.join('\n'), /somebody removed it/);
    assert.deepEqual((await statusOf(here)).quarantine, quarantine);
    assert.deepEqual(await versions(here), ['v2 running', 'v2 running']);
    assert.deepEqual(await strayOf(here), []);
  });
});

test('without a docker command nothing is touched, and that is said', async (t) => {
  const here = place('bare').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const before = await everythingOf(here);
  for (const [env, reason] of [[{ PATH: dirname(ENV.CD_NODE) }, 'engine-missing'], [{ DOCKER_HOST: 'unix:///nowhere/docker.sock' }, 'engine-unreachable']]) {
    here.env = env;
    for (const args of [['deploy', '--image', image('v2')], ['plan', '--image', image('v2')], ['rollback'], ['recover'], ['status']]) {
      const result = await here.cd(...args);
      assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, reason], `${args}: ${result.stdout}${result.stderr}`);
      assert.ok(result.report.next.length > 0);
    }
  }
  here.env = {};
  assert.equal(await everythingOf(here), before);
});
