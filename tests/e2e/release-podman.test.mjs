// Images that podman builds and sends, without an engine: the same release as docker's.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';

import { begun, registryWithBadDays } from './bin/project.mjs';
import { found, needlesOf } from './bin/secrecy.mjs';
import { ENV, ROOT, run } from './lib.mjs';

const AUTH = { user: 'robot', password: `s3cret-${randomBytes(12).toString('base64url')}` };

test('podman builds and sends an image, and it is found again', { timeout: 300_000 }, async (t) => {
  const podman = await run([join(ROOT, 'tests', 'parts', 'podman')], { timeout: 300_000 });
  assert.equal(podman.code, 0, podman.stderr);
  const registry = await registryWithBadDays({ auth: { kind: 'token', ...AUTH } });
  const it = await begun('podman', { registry: registry.host, config: { build: { podman: { args: { WHAT: '{{version}}' } } }, registry: { user: 'E2E_USER', password: 'E2E_PASSWORD' } } });
  t.after(async () => {
    await run([join(podman.stdout.trim(), 'podman'), 'rmi', '--all', '--force']);
    await it.end();
    await registry.end();
  });
  it.env = { PATH: `${podman.stdout.trim()}:${ENV.PATH}`, E2E_USER: AUTH.user, E2E_PASSWORD: AUTH.password };
  // There is no engine for it to fall back on.
  it.settings = { DOCKER_HOST: 'unix:///nowhere.sock' };
  const first = await it.cd('release');
  assert.deepEqual([first.code, first.outcome, first.reason], [0, 'released', 'published'], first.stderr);
  assert.equal(first.report.published['made-with'], 'podman build');
  const name = `sha-${it.first}`;
  const labels = await it.labels(name);
  assert.equal(labels['org.opencontainers.image.revision'], it.first);
  assert.equal(await it.digest('main'), await it.digest(name));
  assert.deepEqual(found(needlesOf({ password: AUTH.password }), first.stdout + first.stderr), []);
  const again = await it.cd('release');
  assert.deepEqual([again.code, again.reason, again.report.acts], [0, 'already-there', []], again.stderr);
});
