// Who asks where the configuration names nobody: whom docker knows from an earlier login; and the way out through a proxy.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';

import { begun, registryWithBadDays } from './bin/project.mjs';
import { filesUnder, found, needlesOf, watchCommandLines } from './bin/secrecy.mjs';
import { CLI, docker, ENV, image, place, REGISTRY, run } from './lib.mjs';

const AUTH = { user: 'robot', password: `s3cret-${randomBytes(12).toString('base64url')}"<&>` };

/** A project behind a registry that wants to know who asks, and docker settings of its own. */
async function begin(t, name, kind, settings) {
  const registry = await registryWithBadDays({ auth: { kind, ...AUTH } });
  const it = await begun(name, { registry: registry.host });
  t.after(async () => {
    await it.end();
    await registry.end();
  });
  const bin = join(it.dir, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'config.json'), JSON.stringify(settings(registry.host), null, '\t'));
  it.settings = { DOCKER_CONFIG: bin };
  it.env = { PATH: `${bin}:${ENV.PATH}` };
  return { it, registry };
}

const auth = Buffer.from(`${AUTH.user}:${AUTH.password}`).toString('base64');
const WAYS = {
  'in its settings': (host) => ({ auths: { 'other.example': { auth: 'bm86bm8=' }, [host]: { auth } } }),
  'in a helper for this registry': (host) => ({ auths: { [host]: {} }, credHelpers: { 'other.example': 'none', [host]: 'tests' } }),
  'in a helper for all': (host) => ({ auths: { [host]: {} }, credsStore: 'tests' }),
};

for (const [at, [way, settings]] of Object.entries(WAYS).entries()) {
  test(`an earlier login that docker keeps ${way} is ours too`, { timeout: 120_000 }, async (t) => {
    const { it } = await begin(t, `login-${at}`, at === 0 ? 'basic' : 'token', settings);
    writeFileSync(join(it.dir, 'bin', 'password'), AUTH.password);
    // As docker's own helpers write it: JSON in which three more characters have another form.
    const said = `"$(sed 's/"/\\\\"/g; s/&/\\\\u0026/g; s/</\\\\u003c/g' ${join(it.dir, 'bin', 'password')})"`;
    writeFileSync(join(it.dir, 'bin', 'docker-credential-tests'), `#!/bin/sh\nread -r server\nprintf '{"ServerURL":"%s","Username":"robot","Secret":"%s"}' "$server" ${said}\n`, { mode: 0o755 });
    const watching = watchCommandLines();
    const result = await it.cd('release');
    watching.stop();
    assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
    assert.ok(await it.digest(`sha-${it.first}`));
    const needles = needlesOf({ password: AUTH.password });
    assert.deepEqual(found(needles, result.stdout + result.stderr), []);
    assert.deepEqual([...watching.seen].flatMap((line) => found(needles, line)), []);
    for (const file of filesUnder(join(it.dir, '.cd-action'))) assert.deepEqual(found(needles, readFileSync(file)), [], file);
  });
}

test('without a login the error says both ways to one', async (t) => {
  const { it } = await begin(t, 'nobody', 'token', () => ({}));
  const { code, reason, stderr } = await it.cd('release');
  assert.deepEqual([code, reason], [1, 'registry-denied'], stderr);
  assert.match(stderr, /neither `registry` says it nor an earlier `docker login`/);
});

test('a deploy and a rollback fetch by the login of `registry` what is refused without; a secret that is not set is told', { timeout: 180_000 }, async (t) => {
  const registry = await registryWithBadDays({ auth: { kind: 'basic', ...AUTH } });
  const name = `e2e/pulls-${process.pid}`;
  const at = (version) => `${registry.host}/${name}:${version}`;
  const configure = (host) => ({ image: `${host}/${name}`, registry: { user: 'PULL_USER', password: 'PULL_PASSWORD' }, env: { bake: { for: '0s' }, drain: '0s' } });
  const here = place('pulls').config(configure(registry.host));
  t.after(async () => {
    await here.end();
    await run(['docker', 'image', 'rm', at('v1'), at('v2')]);
    await registry.end();
  });
  // Images that only the registry has.
  for (const version of ['v1', 'v2']) {
    const open = `${REGISTRY}/${name}:${version}`;
    const built = await run(['docker', 'build', '-q', '-t', open, '-'], { input: `FROM ${image(version)}\nENV PULLED=${name}\n`, env: { ...ENV, DOCKER_BUILDKIT: '0' } });
    assert.equal(built.code, 0, built.stderr);
    await docker('push', '-q', open);
    await docker('rmi', open);
  }
  const settings = join(here.dir, 'settings');
  mkdirSync(settings, { recursive: true });
  writeFileSync(join(settings, 'config.json'), '{}');

  here.env = { DOCKER_CONFIG: settings };
  const nobody = await here.cd('deploy', '--image', at('v1'));
  assert.deepEqual([nobody.code, nobody.outcome, nobody.report.reason], [1, 'failed', 'registry-denied'], nobody.stderr);
  assert.match(nobody.report.because.join('\n'), /refused without a login, and the one that `registry` names is not here: .*PULL_PASSWORD/);

  // That an image is not there is told as that, where everybody may look.
  here.config(configure(REGISTRY));
  const missing = await here.cd('deploy', '--image', `${REGISTRY}/${name}:v0`);
  assert.deepEqual([missing.outcome, missing.report.reason], ['failed', 'image-missing'], missing.stderr);
  here.config(configure(registry.host));

  here.env = { DOCKER_CONFIG: settings, PULL_USER: AUTH.user, PULL_PASSWORD: AUTH.password };
  const watching = watchCommandLines();
  const one = await here.cd('deploy', '--image', at('v1'));
  assert.deepEqual([one.code, one.outcome], [0, 'deployed'], one.stderr);
  assert.match(one.stderr, /refused; once more, by the login of `registry`/);
  const two = await here.cd('deploy', '--image', at('v2'));
  assert.equal(two.outcome, 'deployed', two.stderr);
  // Of the first version nothing is left on the engine: a rollback fetches it again.
  const kept = (await docker('image', 'ls', '--filter', `reference=cd-action/${here.service}.*:g1`, '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  await docker('rmi', at('v1'), ...kept);
  const back = await here.cd('rollback');
  watching.stop();
  assert.deepEqual([back.code, back.outcome], [0, 'restored'], back.stderr);
  assert.match(back.stderr, /fetching .*\n.*refused; once more/);
  const needles = needlesOf({ password: AUTH.password });
  for (const { stdout, stderr } of [one, two, back]) assert.deepEqual(found(needles, stdout + stderr), []);
  assert.deepEqual([...watching.seen].flatMap((line) => found(needles, line)), []);
  for (const file of filesUnder(here.dir)) assert.deepEqual(found(needles, readFileSync(file)), [], file);
});

test('a registry elsewhere is asked through the proxy of the environment, one on this machine is not', { timeout: 120_000 }, async (t) => {
  const asked = [];
  const proxy = createServer((incoming, answer) => {
    asked.push(incoming.url);
    answer.writeHead(503).end();
  });
  proxy.on('connect', (incoming, socket) => {
    socket.on('error', () => {}); // whoever asks is ended before it has read the answer
    asked.push(incoming.url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => proxy.close());
  // The run is where the proxy is, and not in the engine's network: it gets no further than that anyway.
  const it = await begun('proxy', { registry: 'registry.example', config: { mirrors: [{ image: '127.0.0.1:9/a/b' }] } });
  t.after(it.end);
  const address = `http://127.0.0.1:${proxy.address().port}`;
  const env = { ...ENV, HTTPS_PROXY: address, https_proxy: address, HTTP_PROXY: address, http_proxy: address, NO_PROXY: '', no_proxy: '' };
  const child = execFile(ENV.CD_NODE, [CLI, 'release', '--dry-run'], { cwd: it.dir, env });
  const until = Date.now() + 20_000;
  while (asked.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill('SIGKILL');
  assert.deepEqual([...new Set(asked)], ['registry.example:443']);
});
