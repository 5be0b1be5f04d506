// Images that BuildKit makes: what is different where docker's own plugin for it is there.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { begun } from './bin/project.mjs';
import { docker, ROOT, run } from './lib.mjs';

test('with buildx an image is made by BuildKit, and one manifest comes of it', { timeout: 300_000 }, async (t) => {
  const it = await begun('buildkit', { config: { build: { docker: { context: 'app', file: 'deploy/Dockerfile', args: { WHAT: '{{sha}} {{version}}' } } } } });
  t.after(it.end);
  mkdirSync(join(it.dir, 'app', 'deploy'), { recursive: true });
  writeFileSync(join(it.dir, 'app', 'deploy', 'Dockerfile'), 'FROM scratch\nARG WHAT\nENV WHAT=$WHAT\nCOPY file /file\n');
  writeFileSync(join(it.dir, 'app', 'file'), it.path);
  const revision = await it.commit(5);
  const plugins = await run([join(ROOT, 'tests', 'parts', 'buildx')]);
  assert.equal(plugins.code, 0, plugins.stderr);
  const settings = join(it.dir, 'bin', 'settings');
  mkdirSync(settings, { recursive: true });
  symlinkSync(plugins.stdout.trim(), join(settings, 'cli-plugins'));
  it.settings = { DOCKER_CONFIG: settings };

  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.equal(result.report.published['made-with'], 'docker build, with BuildKit');
  const name = `sha-${revision}`;
  assert.equal((await it.labels(name))['org.opencontainers.image.revision'], revision);
  const env = JSON.parse(await docker('image', 'inspect', '--format', '{{json .Config.Env}}', `${it.image}:${name}`));
  assert.ok(env.includes(`WHAT=${revision} ${name}`), String(env));

  const again = await it.cd('release');
  assert.deepEqual([again.code, again.reason, again.report.published['made-with']], [0, 'already-there', null], again.stderr);
});
