// Images that a session of the project's own noxfile makes: real nox, real uv, a noxfile that knows nothing of us.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { offline, pythonTools } from './bin/packages.mjs';
import { begun } from './bin/project.mjs';
import { docker, ENV, run } from './lib.mjs';

const sha = (revision) => `sha-${revision}`;

/** A project with a noxfile; `first` are programs that come first in PATH. */
async function noxProject(t, name, { noxfile, build, first = [] }) {
  const it = await begun(name, { config: { build } });
  t.after(it.end);
  const [bin, from] = [join(it.dir, 'bin'), await pythonTools()];
  mkdirSync(bin, { recursive: true });
  for (const program of first) symlinkSync(join(from, program), join(bin, program));
  writeFileSync(join(it.dir, 'noxfile.py'), noxfile(it));
  it.first = await it.commit(5);
  it.env = { ...offline(join(bin, 'cache')), PATH: `${bin}:${ENV.PATH}` };
  return it;
}

const naming = (image) => `import nox
@nox.session(name="build-container", python=False)
def build_container(session):
    session.run("docker", "build", "--quiet", "--no-cache", "--tag", "${image}", ".", external=True, env={"DOCKER_BUILDKIT": "0"})
@nox.session(python=False)
def tests(session):
    session.error("this one is not asked for")
`;

test('an image that a session names itself becomes the release, with labels', { timeout: 300_000 }, async (t) => {
  const own = `own-${process.pid}:latest`;
  const it = await noxProject(t, 'nox', { noxfile: () => naming(own), build: { nox: 'build-container', produces: own }, first: ['nox'] });
  t.after(() => run(['docker', 'image', 'rm', '-f', '--no-prune', own]));
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.match(result.stderr, /the nox session build-container, with nox\b/);
  const labels = await it.labels(sha(it.first));
  assert.equal(labels['org.opencontainers.image.revision'], it.first);
  const layers = async (image) => docker('image', 'inspect', '--format', '{{json .RootFS.Layers}}', image);
  assert.equal(await layers(`${it.image}:${sha(it.first)}`), await layers(own), 'it is what the session has made');
  const again = await it.cd('release');
  assert.deepEqual([again.code, again.reason], [0, 'already-there'], again.stderr);
});

test('a session that takes the name it is told needs nothing else', { timeout: 300_000 }, async (t) => {
  const noxfile = () => `import os, nox
@nox.session(name="image", python=False)
def image(session):
    assert os.environ["CD_REVISION"] and os.environ["SOURCE_DATE_EPOCH"] and "revision=" in os.environ["CD_IMAGE_LABELS"]
    session.run("docker", "build", "--quiet", "--tag", os.environ["CD_IMAGE"], ".", external=True, env={"DOCKER_BUILDKIT": "0"})
`;
  const it = await noxProject(t, 'told', { noxfile, build: { nox: 'image' }, first: ['nox'] });
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.ok(await it.digest(sha(it.first)));
});

test('a session that is not there is a mistake, with those that are, before anything runs', async (t) => {
  const it = await noxProject(t, 'missing', { noxfile: () => naming('x'), build: { nox: 'build-containers' }, first: ['nox'] });
  const { code, outcome, reason, stderr } = await it.cd('release');
  assert.deepEqual([code, outcome, reason], [3, 'invalid', 'no-session'], stderr);
  assert.match(stderr, /it has build-container, tests; did you mean `build-container`\?/);
  assert.deepEqual(await it.tags(), []);
});

test('a session that fails, or makes nothing, publishes nothing', async (t) => {
  const old = `old-${process.pid}:latest`;
  const noxfile = () => `import nox
@nox.session(python=False)
def nothing(session): pass
@nox.session(python=False)
def fails(session): session.error("it does not work today")
`;
  const it = await noxProject(t, 'fails', { noxfile, build: { nox: 'fails' }, first: ['nox'] });
  const failed = await it.cd('release');
  assert.deepEqual([failed.code, failed.outcome, failed.reason], [1, 'failed', 'session-failed'], failed.stderr);
  assert.match(failed.stderr, /it does not work today/);

  await docker('build', '-q', '-t', old, it.dir);
  t.after(() => run(['docker', 'image', 'rm', '-f', '--no-prune', old]));
  it.config({ build: { nox: 'nothing', produces: old } });
  await it.commit(6);
  const older = await it.cd('release');
  assert.deepEqual([older.outcome, older.reason], ['failed', 'not-made'], older.stderr);
  assert.match(older.stderr, /is older than this run/);
  it.config({ build: { nox: 'nothing', produces: `never-${old}` } });
  await it.commit(7);
  assert.equal((await it.cd('release')).reason, 'not-made');
  assert.deepEqual(await it.tags(), []);
});

test('without nox it is run by uv', { timeout: 300_000 }, async (t) => {
  const it = await noxProject(t, 'uvx', { noxfile: () => naming('uvx-made:latest'), build: { nox: 'build-container', produces: 'uvx-made:latest' }, first: ['uvx', 'uv'] });
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.match(result.stderr, /with uvx nox\b/);
});

test('without uv a pinned one is fetched into the run\'s own folder, and the user\'s Python stays as it is', { timeout: 300_000 }, async (t) => {
  const it = await noxProject(t, 'fetched', { noxfile: () => naming('fetched:latest'), build: { nox: 'build-container', produces: 'fetched:latest' } });
  const packages = async () => (await run(['python3', '-m', 'pip', 'list', '--format', 'freeze'])).stdout;
  const before = await packages();
  const result = await it.cd('release');
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.match(result.stderr, /of a uv that was fetched for this run/);
  assert.equal(await packages(), before);
});
