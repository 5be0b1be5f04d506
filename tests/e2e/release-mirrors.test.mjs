// Releases to more than one registry: the same digest everywhere, and what is where when one of them is down.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { begun, registryWithBadDays } from './bin/project.mjs';

const AUTH = { user: 'robot', password: 'a-password-of-the-mirror' };

/** A project whose second registry has bad days. */
async function mirrored(t, name, plan = {}, registry = undefined) {
  const mirror = await registryWithBadDays(plan);
  const it = await begun(name);
  it.mirror = `${it.path}-mirror`;
  it.config({ mirrors: [{ image: `${mirror.host}/${it.mirror}`, registry }] });
  it.first = await it.commit(1);
  t.after(async () => {
    await it.end();
    await mirror.end();
  });
  return { it, mirror, names: [`sha-${it.first}`, 'main'] };
}

/** Every name has the one digest in both. */
async function assertEverywhere(it, names) {
  const digests = await Promise.all(names.flatMap((name) => [it.digest(name), it.digest(name, { name: it.mirror })]));
  assert.equal(new Set(digests).size, 1, String(digests));
  assert.match(digests[0], /^sha256:/);
}

test('an image has the same digest in every registry', async (t) => {
  const { it, names } = await mirrored(t, 'mirror');
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  await assertEverywhere(it, names);
  assert.equal(it.outputs().CD_TAGS.split(' ').length, 4);
  const third = await it.cd('release');
  assert.deepEqual([third.code, third.reason, third.report.acts.length], [0, 'already-there', 0], third.stderr);
});

test('a mirror that wants to know who asks is told', async (t) => {
  const registry = { user: 'E2E_MIRROR_USER', password: 'E2E_MIRROR_TOKEN' };
  const { it, names } = await mirrored(t, 'mirror-auth', { auth: { kind: 'token', ...AUTH } }, registry);
  it.env = { E2E_MIRROR_USER: AUTH.user, E2E_MIRROR_TOKEN: AUTH.password };
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  await assertEverywhere(it, names);
});

test('an upload that is cut off is begun again', async (t) => {
  const rules = [
    { method: 'PUT', path: '/blobs/uploads/', times: 2, then: { cut: 1 } },
    { method: 'POST', path: '/blobs/uploads/', then: { status: 429, headers: { 'retry-after': '1' } } },
  ];
  const { it, mirror, names } = await mirrored(t, 'mirror-cut', { rules });
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], `${result.stderr}\n${mirror.requests().join('\n')}`);
  await assertEverywhere(it, names);
});

test('one of two that is down keeps the release from being done, and the report says what is where', { timeout: 180_000 }, async (t) => {
  const { it, mirror, names } = await mirrored(t, 'mirror-down', { rules: [{ method: 'POST', times: 100, then: { status: 503 } }] });
  const failed = await it.cd('release');
  assert.deepEqual([failed.code, failed.outcome, failed.reason], [1, 'failed', 'registry-unreachable'], failed.stderr);
  const fates = Object.fromEntries(failed.report.published.names.map((name) => [name.name.replace(/^[^/]*\//, ''), name.holds]));
  assert.deepEqual(fates, { [`${it.path}:${names[0]}`]: true, [`${it.path}:main`]: false, [`${it.mirror}:${names[0]}`]: false, [`${it.mirror}:main`]: false });
  assert.equal(await it.digest('main'), null, 'no name moves before all that are for ever are there');

  const before = await it.digest(names[0]);
  mirror.plan({});
  const next = await it.cd('release');
  assert.deepEqual([next.code, next.reason], [0, 'completed'], next.stderr);
  await assertEverywhere(it, names);
  assert.equal(await it.digest(names[0]), before);
});

test('one that is down from the start: nothing is touched', { timeout: 180_000 }, async (t) => {
  const { it } = await mirrored(t, 'mirror-gone', { rules: [{ times: 100, then: { status: 500 } }] });
  const failed = await it.cd('release');
  assert.deepEqual([failed.code, failed.outcome], [1, 'failed'], failed.stderr);
  assert.match(failed.stderr, /nothing was touched/);
  assert.deepEqual(await it.tags(), []);
});
