// What a configuration can ask for besides the usual: another strategy, several instances, everything under `run`, and
// the other ways to see whether an instance is well.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { astrayOf, changeOf, committedOf, docker, image, journalOf, place, run, serversOf, tableOf, underLoad } from './lib.mjs';

const bake = { for: '1s', errors: '5%' };

async function deploy(here, tag, expected = 'deployed') {
  const result = await here.cd('deploy', '--image', image(tag));
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);

test('recreate never runs two versions at once, says so before, and brings the old one back', async (t) => {
  const env = { strategy: 'recreate', bake };
  const here = place('recreate').config({ env, health: { deadline: '4s' } });
  t.after(() => here.end());
  const first = await deploy(here, 'v1');
  assert.equal(first.report.plan.interruption, null, 'nothing is interrupted where nothing served');
  const [old] = await here.containers();
  const idOf = (name) => docker('inspect', '--format', '{{.Id}}', name);
  const oldId = await idOf(old.name);

  /** What was done to the instances and the table, in order. */
  const changes = (result) => journalOf(result).flatMap((line) => line.outputs ?? [])
    .map((output) => (output.type === 'effect' ? changeOf(output.effect) : null))
    .filter((change) => change && /^(start|stop|rm|route) /.test(change));
  const indexOf = (list, words) => {
    const at = list.findIndex((change) => words.test(change));
    assert.ok(at >= 0, `${words} in ${list.join(', ')}`);
    return at;
  };

  await t.test('a bad one: the old one is started again, the very same', async () => {
    const { result, users } = await underLoad(here, () => deploy(here, 'broken', 'rolled-back'));
    assert.equal(result.code, 1);
    const list = changes(result);
    assert.ok(indexOf(list, /^stop .*g1-1/) < indexOf(list, /^start .*g2-1/), list.join(', '));
    const last = list.findLastIndex((change) => /^(stop|rm) .*g2-1/.test(change) && list.indexOf(change) < list.findLastIndex((it) => /^start .*g1-1/.test(it)));
    assert.ok(last >= 0, `the new one is stopped before the old one starts: ${list.join(', ')}`);
    assert.deepEqual(await versions(here), ['v1 running']);
    assert.equal(await idOf((await here.containers())[0].name), oldId);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    assert.deepEqual(Object.keys(users.by_version), ['v1'], 'nobody met the bad one');
    assert.ok(users.failed > 0, 'an interruption, as the plan says');
    assert.match(result.report.plan.interruption, /until the new one is proven/);
    assert.deepEqual(await astrayOf(here), []);
    assert.deepEqual(await committedOf(here), ['v1']);
  });

  await t.test('a good one takes over, after an interruption', async () => {
    const { result, users, requests } = await underLoad(here, () => deploy(here, 'v2'));
    const list = changes(result);
    assert.ok(indexOf(list, /^route $/) < indexOf(list, /^stop .*g1-1/), 'the traffic is taken away before it is stopped');
    assert.ok(indexOf(list, /^stop .*g1-1/) < indexOf(list, /^start .*g3-1/), list.join(', '));
    assert.deepEqual(await versions(here), ['v2 running']);
    const firstNew = requests.findIndex((it) => it.version === 'v2');
    assert.ok(firstNew > 0);
    assert.deepEqual(requests.slice(firstNew).filter((it) => it.version === 'v1'), [], 'never both');
    assert.deepEqual(requests.slice(firstNew).filter((it) => !(it.status < 400)), [], 'once the new one answers it goes on answering');
    assert.ok(users.by_version.v1 > 0);
    assert.deepEqual(await astrayOf(here), []);
    assert.match(result.report.plan.interruption, /until the new one is proven/);
    assert.equal(result.report.plan.peak, 1);
  });
});

test('three replicas are replaced by three, and all of them serve', async (t) => {
  const here = place('three').config({ run: { replicas: 3 }, env: { bake: { for: '2s', errors: '5%' } } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  assert.deepEqual(await versions(here), ['v1 running', 'v1 running', 'v1 running']);
  const { result, users } = await underLoad(here, () => deploy(here, 'v2'));
  assert.equal(users.failed, 0, JSON.stringify(users.failures));
  assert.deepEqual(await versions(here), ['v2 running', 'v2 running', 'v2 running']);
  assert.deepEqual((await here.containers()).map((it) => [it.generation, it.index]), [[2, 1], [2, 2], [2, 3]]);
  assert.deepEqual(await astrayOf(here), []);
  assert.equal(result.report.plan.peak, 6);
  assert.equal(result.report.serving.replicas, 3);
  assert.deepEqual((await tableOf(here)).filter((it) => !it.backup).map((it) => it.weight), [256, 256, 256]);
  const stat = await here.runtime('show stat app 4 -1');
  const rows = stat.split('\n').filter((line) => /^app,g2-\d,/.test(line)).map((line) => Number(line.split(',')[7]));
  assert.equal(rows.length, 3);
  for (const attempts of rows) assert.ok(attempts > 20, `each has its share: ${rows}`);

  await t.test('they crash after the switch: all go back', async () => {
    here.config({ run: { replicas: 3, env: { CRASH_AFTER_MS: '9000' } }, env: { bake: { for: '30s', errors: '5%' } } });
    const bad = await underLoad(here, () => deploy(here, 'v3', 'rolled-back'));
    assert.equal(bad.users.failed, 0, JSON.stringify(bad.users.failures));
    assert.deepEqual(await versions(here), ['v2 running', 'v2 running', 'v2 running']);
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('fewer of the same image are another configuration', async () => {
    here.config({ run: { replicas: 1 }, env: { bake } });
    const fewer = await underLoad(here, () => deploy(here, 'v2'));
    assert.equal(fewer.users.failed, 0, JSON.stringify(fewer.users.failures));
    assert.deepEqual(await versions(here), ['v2 running']);
    assert.deepEqual(await astrayOf(here), []);
  });
});

test('everything that `run` says reaches the container', async (t) => {
  const here = place('run');
  const [network, volume] = [`e2e-${here.service}-net`, `e2e-${here.service}-data`];
  t.after(() => run(['docker', 'volume', 'rm', volume]));
  t.after(() => run(['docker', 'network', 'rm', network]));
  t.after(() => here.end());
  await docker('network', 'create', network);
  await docker('volume', 'create', volume);
  const neighbour = `e2e-${here.service}-db`;
  await docker('run', '-d', '--name', neighbour, '--network', network, image('v1'));
  t.after(() => run(['docker', 'rm', '-f', neighbour]));
  const options = {
    networks: [network], volumes: [`${volume}:/data`, '/tmp:/host:ro'], memory: '64m', cpus: 0.5, user: '1234:1234',
    'read-only': true, labels: { 'acme.team': 'web {{version}}' }, env: { LOG: 'a b "c" $d \'e\' {{environment}}', N: 1.10 },
  };
  here.config({ run: options, env: { bake } });
  const result = await deploy(here, 'v1');
  const [{ name }] = await here.containers();
  const [it] = JSON.parse(await docker('inspect', name));
  assert.deepEqual(Object.keys(it.NetworkSettings.Networks).sort(), [here.prefix, network].sort());
  assert.deepEqual(it.Mounts.map((mount) => `${mount.Name ?? mount.Source}:${mount.Destination}:${mount.RW}`).sort(), [`/tmp:/host:false`, `${volume}:/data:true`]);
  assert.deepEqual([it.HostConfig.Memory, it.HostConfig.NanoCpus], [64 << 20, 500_000_000]);
  assert.equal(it.Config.User, '1234:1234');
  assert.equal(it.HostConfig.ReadonlyRootfs, true);
  assert.equal(it.HostConfig.RestartPolicy.Name, 'always');
  assert.equal(it.Config.Labels['acme.team'], 'web v1');
  for (const entry of ['LOG=a b "c" $d \'e\' staging', 'N=1.1', 'APP_VERSION=v1']) assert.ok(it.Config.Env.includes(entry), `${entry} in ${it.Config.Env}`);
  assert.equal(it.Config.Image, result.report.serving.image, 'by digest, never by tag');
  const { stdout } = await run(['docker', 'exec', '-i', `${here.prefix}-router`, 'true']);
  assert.equal(stdout, '');

  await t.test('and it is kept over a switch: the next one has the same, at another address', async () => {
    const { result: next, users } = await underLoad(here, () => deploy(here, 'v2'));
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    const [{ name: after }] = await here.containers();
    const [now] = JSON.parse(await docker('inspect', after));
    assert.equal(now.Config.User, '1234:1234');
    assert.deepEqual(Object.keys(now.NetworkSettings.Networks).sort(), [here.prefix, network].sort());
    assert.equal(now.Config.Labels['acme.team'], 'web v2');
    const address = (container) => container.NetworkSettings.Networks[here.prefix].IPAddress;
    assert.notEqual(address(now), address(it));
    assert.equal(next.report.serving.version, 'v2');
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('a network that does not exist is not the version\'s fault', async () => {
    here.config({ run: { ...options, networks: ['no-such-network'] }, env: { bake } });
    const failed = await deploy(here, 'v3', 'failed');
    assert.equal(failed.code, 1);
    assert.match(failed.report.because.join('\n'), /no-such-network/);
    assert.deepEqual(await versions(here), ['v2 running']);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    assert.deepEqual((await here.cd('status')).report.status.quarantine, []);
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('a command that is not in the image is the version\'s fault', async () => {
    here.config({ run: { ...options, command: ['no-such-command'] }, env: { bake } });
    const refused = await deploy(here, 'v3', 'rolled-back');
    assert.equal(refused.code, 1);
    assert.deepEqual(await versions(here), ['v2 running']);
    assert.equal((await here.cd('status')).report.status.quarantine.length, 1);
    assert.deepEqual(await astrayOf(here), []);
  });
});

test('an instance is well by the image\'s HEALTHCHECK, a connection or a command, and turned away where it is not', async (t) => {
  const none = { http: undefined };
  const cases = [
    { title: 'the HEALTHCHECK of the image, by default', health: none, good: ['checked-v1', 'checked-v2'], bad: 'checked-broken', says: /the engine('s health check)? calls it|unhealthy/ },
    { title: 'the HEALTHCHECK of the image, asked for', health: { ...none, image: true, every: undefined, timeout: undefined }, good: ['checked-v1', 'checked-v2'], bad: 'checked-broken', says: /the engine('s health check)? calls it|unhealthy/ },
    { title: 'a connection', health: { ...none, tcp: true }, good: ['v1', 'v2'], bad: 'never-listens', says: /nothing listens|accepts no connection|router/ },
    { title: 'a command', health: { ...none, exec: ['/demo-service', 'healthcheck'] }, good: ['v1', 'v2'], bad: 'broken', says: /the command ended with 1/ },
  ];
  for (const it of cases) {
    await t.test(it.title, async (t) => {
      const here = place('probe').config({ env: { bake }, health: { deadline: '8s', ...it.health } });
      t.after(() => here.end());
      await deploy(here, it.good[0]);
      const good = await underLoad(here, () => deploy(here, it.good[1]));
      assert.equal(good.users.failed, 0, JSON.stringify(good.users.failures));
      assert.deepEqual(await here.ask(), { status: 200, version: it.good[1] });
      const bad = await underLoad(here, () => deploy(here, it.bad, 'rolled-back'));
      assert.equal(bad.users.failed, 0, JSON.stringify(bad.users.failures));
      assert.deepEqual(Object.keys(bad.users.by_version), [it.good[1]]);
      assert.match(bad.result.report.because.join('\n'), it.says);
      assert.deepEqual(await versions(here), [`${it.good[1]} running`]);
      assert.deepEqual(await astrayOf(here), []);
      assert.equal((await serversOf(here)).filter((server) => server.usable && server.weight > 0).length, 2);
    });
  }
});
