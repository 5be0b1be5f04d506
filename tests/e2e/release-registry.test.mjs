// Releases to a registry that has a bad day, or wants to know who asks: what is there afterwards, and who learned the secret.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { countingDocker } from './bin/docker.mjs';
import { begun, registryWithBadDays } from './bin/project.mjs';
import { filesUnder, found, needlesOf, watchCommandLines } from './bin/secrecy.mjs';
import { docker, until } from './lib.mjs';

const sha = (revision) => `sha-${revision}`;
const AUTH = { user: 'robot', password: `s3cret-${randomBytes(12).toString('base64url')}` };
const LOGIN = { registry: { user: 'E2E_REGISTRY_USER', password: 'E2E_REGISTRY_TOKEN' } };

/** A project behind a registry with bad days. */
async function behind(t, name, { plan = {}, config = {} } = {}) {
  const registry = await registryWithBadDays(plan);
  const it = await begun(name, { registry: registry.host, config });
  t.after(async () => {
    await it.end();
    await registry.end();
  });
  return { it, registry };
}

test('a registry that is busy for a while is waited for', async (t) => {
  const rules = [
    { method: 'GET', path: '/tags/list', then: { status: 429, headers: { 'retry-after': '1' } } },
    { method: 'HEAD', path: '/manifests/sha-', then: { status: 500 } },
    { method: 'HEAD', path: '/manifests/main', then: { cut: 0 } },
    { method: 'PUT', path: '/manifests/main', then: { status: 503 } },
    { method: 'GET', path: '/manifests/sha256', then: { wait: 1500 } },
  ];
  const { it, registry } = await behind(t, 'busy', { plan: { rules } });
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.equal(await it.digest('main'), await it.digest(sha(it.first)));
  const asked = registry.requests();
  for (const status of ['429', '500', '503', 'cut']) assert.ok(asked.some((line) => line.endsWith(` ${status}`)), `${status} was met`);
  assert.ok(result.report.troubles.length >= 4, 'the report tells of each');
});

test('an upload that is cut off is sent again', async (t) => {
  const rules = [
    { method: 'PATCH', path: '/blobs/uploads/', times: 2, then: { cut: 1 } },
    { method: 'PUT', path: '/manifests/sha-', times: 2, then: { status: 500 } },
  ];
  const { it, registry } = await behind(t, 'cut', { plan: { rules } });
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], `${result.stderr}\n${registry.requests().join('\n')}`);
  assert.ok(await it.digest(sha(it.first)));
});

test('a registry that does not come back is told of, and the next run does the rest', async (t) => {
  const { it, registry } = await behind(t, 'down', { plan: { rules: [{ method: 'PUT', path: '/manifests/main', times: 100, then: { status: 500 } }] } });
  const failed = await it.cd('release');
  assert.deepEqual([failed.code, failed.outcome, failed.reason], [1, 'failed', 'registry-unreachable'], failed.stderr);
  const fates = Object.fromEntries(failed.report.published.names.map((name) => [name.name.split(':').pop(), name.holds]));
  assert.deepEqual(fates, { [sha(it.first)]: true, main: false }, 'the report says what is where');
  const digest = await it.digest(sha(it.first));
  registry.plan({});
  const next = await it.cd('release');
  assert.deepEqual([next.code, next.reason], [0, 'completed'], next.stderr);
  assert.deepEqual([await it.digest('main'), await it.digest(sha(it.first))], [digest, digest]);
});

test('a registry that says no is not asked again and again', async (t) => {
  const { it, registry } = await behind(t, 'denied', { plan: { auth: { kind: 'basic', ...AUTH } } });
  const refused = await it.cd('release');
  assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'failed', 'registry-denied'], refused.stderr);
  assert.match(refused.stderr, /wants to know who asks/);
  assert.equal(registry.requests().length, 1);

  await t.test('nor is a wrong password tried twice', async () => {
    it.config(LOGIN);
    await it.commit(1);
    it.env = { E2E_REGISTRY_USER: AUTH.user, E2E_REGISTRY_TOKEN: 'wrong-and-long-enough' };
    const wrong = await it.cd('release');
    assert.equal(wrong.reason, 'registry-denied', wrong.stderr);
    assert.match(wrong.stderr, /does not take this user and password/);
  });
});

for (const kind of ['basic', 'token']) {
  test(`who asks is told by ${kind}, and the secret stays with the one command that needs it`, async (t) => {
    const { it, registry } = await behind(t, `auth-${kind}`, { plan: { auth: { kind, ...AUTH } }, config: LOGIN });
    const temp = join(it.dir, 'bin', 'temp');
    mkdirSync(temp, { recursive: true });
    const counting = countingDocker({ dir: join(it.dir, 'bin') });
    it.env = { ...counting.env, E2E_REGISTRY_USER: AUTH.user, E2E_REGISTRY_TOKEN: AUTH.password, TMPDIR: temp };
    const watching = watchCommandLines();
    const begin = await it.start('release').ended;
    watching.stop();
    assert.deepEqual([begin.code, begin.outcome], [0, 'released'], begin.stderr);
    assert.ok(registry.requests().some((line) => line.startsWith('PUT ') && line.endsWith(' 201')));

    const needles = needlesOf({ TOKEN: AUTH.password });
    const said = [begin.stdout, begin.stderr, ...watching.seen];
    for (const text of said) assert.deepEqual(found(needles, Buffer.from(text)), []);
    const image = `${it.image}:${sha(it.first)}`;
    const history = await docker('history', '--no-trunc', '--format', '{{json .}}', image);
    const inspected = await docker('image', 'inspect', image);
    for (const text of [history, inspected, JSON.stringify(await it.labels(sha(it.first)))]) assert.deepEqual(found(needles, Buffer.from(text)), []);
    for (const file of filesUnder(it.dir)) assert.deepEqual(found(needles, readFileSync(file)), [], file);
    assert.deepEqual(readdirSync(temp).filter((name) => name.startsWith('cd-action-')), [], 'the run\'s own folder is gone');
  });
}

test('killed while it sends, a run leaves the secret nowhere', async (t) => {
  const { it } = await behind(t, 'killed', { plan: { auth: { kind: 'token', ...AUTH } }, config: LOGIN });
  const temp = join(it.dir, 'bin', 'temp');
  mkdirSync(temp, { recursive: true });
  const counting = countingDocker({ dir: join(it.dir, 'bin') }, 'push#1 after kill');
  it.env = { ...counting.env, E2E_REGISTRY_USER: AUTH.user, E2E_REGISTRY_TOKEN: AUTH.password, TMPDIR: temp };
  const killed = await it.start('release').ended;
  assert.equal(killed.signal, 'SIGKILL', killed.stderr);
  const left = filesUnder(temp);
  assert.ok(left.some((file) => file.endsWith('docker/config.json')), 'what it left is there to be searched');
  const needles = needlesOf({ TOKEN: AUTH.password });
  for (const file of left) assert.deepEqual(found(needles, readFileSync(file)), [], file);
  it.env = { ...it.env, PATH: process.env.PATH };
  const next = await it.cd('release');
  assert.deepEqual([next.code, next.outcome], [0, 'released'], next.stderr);
});

test('other logins, plugins and contexts of the user stay what they are', async (t) => {
  const { it } = await behind(t, 'settings', { plan: { auth: { kind: 'basic', ...AUTH } }, config: LOGIN });
  const settings = join(it.dir, 'bin', 'settings');
  mkdirSync(join(settings, 'cli-plugins'), { recursive: true });
  const own = { auths: { 'other.example': { auth: 'b3RoZXI6bG9naW4=' } }, HttpHeaders: { 'X-Mine': 'yes' } };
  writeFileSync(join(settings, 'config.json'), JSON.stringify(own));
  const counting = countingDocker({ dir: join(it.dir, 'bin') }, 'push#1 before pause');
  it.env = { ...counting.env, E2E_REGISTRY_USER: AUTH.user, E2E_REGISTRY_TOKEN: AUTH.password, TMPDIR: join(it.dir, 'bin') };
  it.settings = { DOCKER_CONFIG: settings };
  const running = it.start('release');
  await counting.waitForCall('push#1');
  const folder = await until('its own folder', () => readdirSync(join(it.dir, 'bin')).find((name) => name.startsWith('cd-action-')));
  try {
    const used = JSON.parse(readFileSync(join(it.dir, 'bin', folder, 'docker', 'config.json'), 'utf8'));
    assert.deepEqual([used.auths, used.HttpHeaders], [undefined, own.HttpHeaders], 'a run that is killed leaves no login of anybody');
    assert.ok(readdirSync(join(it.dir, 'bin', folder, 'docker')).includes('cli-plugins'));
  } finally {
    // What waits for it would wait for ever.
    counting.go('push#1');
  }
  const result = await running.ended;
  assert.equal(result.outcome, 'released', result.stderr);
  assert.deepEqual(JSON.parse(readFileSync(join(settings, 'config.json'), 'utf8')), own, 'they were not written to');
});
