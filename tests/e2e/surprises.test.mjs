// What looks well and is not, and what somebody took away: a green run has shipped, and nothing that serves is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { docker, ENV, everythingOf, image, place, run as command, strayOf, underLoad, until } from './lib.mjs';

const bake = { for: '1s', errors: '5%' };

async function run(here, outcome, ...args) {
  const result = await here.cd(...args);
  assert.equal(result.outcome, outcome, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

const deploy = (here, tag, outcome = 'deployed') => run(here, outcome, 'deploy', '--image', image(tag));

test('a version that is healthy and never answers its users is not deployed', { timeout: 180_000 }, async (t) => {
  const here = place('mute').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  here.config({ run: { env: { HANG_USERS: '1' } }, env: { bake } });
  const { result } = await underLoad(here, () => deploy(here, 'v2', 'rolled-back'));
  assert.match(result.report.because.join(), /has been answered/);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  assert.deepEqual(await strayOf(here), []);
});

test('a rollback leaves what serves, also where not all of it runs', { timeout: 120_000 }, async (t) => {
  const here = place('half').config({ run: { replicas: 2 }, env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await deploy(here, 'v2');
  await docker('rm', '-f', (await here.containers()).find((it) => it.version === 'v2').name);
  await run(here, 'restored', 'rollback', '--reason', 'v2 is bad');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('who is told what to do next is not kept waiting for it', { timeout: 120_000 }, async (t) => {
  const here = place('gone').config({ env: { bake: { for: '0s' }, lease: '60s' } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  for (const { name } of await here.containers()) await docker('rm', '-f', name);
  const { report } = await run(here, 'stranded', 'recover');
  assert.equal(report.reason, 'instances-gone');
  const [, words] = /`cd-action (.*?)`/.exec(report.next.join());
  const back = await run(here, 'restored', ...words.split(' '), '--wait', '0s');
  assert.doesNotMatch(back.stderr, /waiting for the lease/);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('a lost ledger takes nothing away: what serves stays, and the way on is said', { timeout: 120_000 }, async (t) => {
  const here = place('lost').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  await docker('exec', '-u', '0', `${here.prefix}-router`, 'sh', '-c', 'rm -r /var/lib/cd-action/ledger');
  for (const command of [['deploy', '--image', image('broken')], ['rollback'], ['recover']]) {
    const { result, users } = await underLoad(here, () => run(here, 'failed', ...command));
    assert.equal(result.report.reason, 'ledger-lost');
    assert.equal(users.failed, 0, JSON.stringify(users));
    assert.match(result.report.next.join(), /docker rm -f/);
  }
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('a secret that is not set is found before a first deploy makes anything', { timeout: 120_000 }, async (t) => {
  const here = place('early').config({ run: { secrets: { NOT_SET_ANYWHERE: 'env', NOR_THIS: 'env' } }, env: { bake } });
  t.after(() => here.end());
  const before = await everythingOf(here);
  const result = await run(here, 'invalid', 'deploy', '--image', image('v1'));
  assert.deepEqual(result.report.because.length, 2, 'both at once');
  assert.equal(await everythingOf(here), before);
  assert.equal((await docker('volume', 'ls', '-q', '--filter', `name=${here.prefix}`)), '');
  assert.equal((await docker('network', 'ls', '-q', '--filter', `name=${here.prefix}`)), '');
});

test('an image that was never pushed does not stand in for what its registry has', { timeout: 120_000 }, async (t) => {
  const here = place('stale').config({ env: { bake } });
  t.after(() => here.end());
  const name = `127.0.0.1:5000/demo/stale:${here.service}`;
  await docker('tag', image('v2'), name);
  await docker('push', '-q', name);
  await docker('image', 'rm', '--no-prune', name);
  await docker('tag', 'cd-action-demo:plain', name);
  t.after(() => docker('image', 'rm', '-f', '--no-prune', name).catch(() => {}));
  const { report } = await run(here, 'deployed', 'deploy', '--image', name);
  assert.equal(report.serving.digest, (await docker('image', 'inspect', '--format', '{{join .RepoDigests " "}}', image('v2'))).match(/demo\/tasks@(\S+)/)[1]);
});

test('what an image declares as its volume goes with the instance', { timeout: 120_000 }, async (t) => {
  const here = place('volume').config({ env: { bake } });
  t.after(() => here.end());
  const dangling = async () => (await docker('volume', 'ls', '-q', '--filter', 'dangling=true')).split('\n').filter((it) => /^[0-9a-f]{64}$/.test(it)).length;
  for (const version of ['1', '2']) {
    const input = `FROM cd-action-demo:plain\nENV APP_VERSION=${version}\nVOLUME /data\n`;
    const built = await command(['docker', 'build', '-q', '-t', `${here.service}:${version}`, '-'], { env: { ...ENV, DOCKER_BUILDKIT: '0' }, input });
    assert.equal(built.code, 0, built.stderr);
    t.after(() => docker('image', 'rm', '-f', '--no-prune', `${here.service}:${version}`).catch(() => {}));
  }
  await run(here, 'deployed', 'deploy', '--image', `${here.service}:1`);
  const before = await dangling();
  await run(here, 'deployed', 'deploy', '--image', `${here.service}:2`);
  assert.ok(await dangling() <= before, 'nothing is left of the instance that went');
});

test('what was changed and cannot be deployed is said where nothing else is to do', { timeout: 120_000 }, async (t) => {
  const here = place('moved').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  here.config({ env: { bake, listen: `127.0.0.1:${here.port + 20}` } });
  const { report } = await run(here, 'unchanged', 'deploy', '--image', image('v1'));
  assert.match(report.troubles.join(), new RegExp(`${here.port}\\b.*docker rm -f`));
});

test('status says who has the traffic during a bake, whether its run lives or died', { timeout: 120_000 }, async (t) => {
  const here = place('who').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  here.config({ env: { bake: { for: '60s', errors: '5%' } } });
  const begun = here.start('deploy', '--image', image('v2'));
  t.after(() => begun.child.kill('SIGKILL'));
  await until('the bake', () => /^baking$/m.test(begun.output()));
  const who = ({ report }) => [report.serving.version, report.serving['known-good-since'], report.before.version];
  const living = await run(here, 'shown', 'status');
  assert.match(living.stdout + living.stderr, /v2 \(g2, unproven\) takes the traffic; v1 stands by; a run is under way$/m);
  assert.deepEqual([who(living), living.report.status.unfinished], [['v2', null, 'v1'], null]);
  assert.match(living.report.status['under-way'], /brings v2 \(g2\): .* has the lease since .*, until /);
  assert.match((await here.cd('plan', '--image', image('v3'))).report.troubles.join(), /a run is under way/);
  begun.child.kill('SIGKILL');
  await begun.ended;
  const status = () => run(here, 'shown', 'status');
  await until('its lease to end', async () => (await status()).report.status.lease === null, { every: 500 });
  const dead = await status();
  assert.deepEqual([who(dead), dead.report.status['under-way']], [['v2', null, 'v1'], null]);
  assert.match(dead.report.status.unfinished, /g2 \(v2\) was begun and not ended/);
  assert.match(dead.report.next.join(), /cd-action recover/);
  assert.match((await here.cd('plan', '--image', image('v3'))).report.troubles.join(), /not ended; `cd-action recover/);
  await run(here, 'restored', 'recover');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('a recovery tells what serves after it, not what it found', { timeout: 120_000 }, async (t) => {
  const here = place('after-it').config({ env: { bake, strategy: 'recreate' } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const begun = here.start('deploy', '--image', image('slow-start'));
  t.after(() => begun.child.kill('SIGKILL'));
  await until('the old one to be stopped', async () => (await here.containers()).some((it) => it.version === 'v1' && it.state !== 'running'), { every: 50 });
  begun.child.kill('SIGKILL');
  await begun.ended;
  const { report, stdout, stderr } = await run(here, 'restored', 'recover', '--wait', '30s');
  assert.match(stdout + stderr, /is put right, v1 serves/);
  assert.equal(report.serving?.version, 'v1');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});
