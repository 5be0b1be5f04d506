// Packages of build backends that pack anew each time, of indexes that say little, and of working trees in which much lies: what is
// published is what was built of the commit, and a second run finds it.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { backends, packageIndex, packaged } from './bin/packages.mjs';
import { docker, run } from './lib.mjs';

const TOKEN = `pypi-${randomBytes(18).toString('base64url')}`;
const LOGIN = { token: 'E2E_PUBLISH_TOKEN' };
const BACKENDS = { setuptools: 'setuptools.build_meta', hatchling: 'hatchling.build', 'poetry-core': 'poetry.core.masonry.api' };

const noxfile = (wheels) => `import nox
@nox.session(name="build-python", python=False)
def build_python(session):
    session.run("uv", "build", "--quiet", "--no-index", "--find-links", "${wheels}", external=True)
@nox.session(name="publish-python", python=False)
def publish_python(session):
    session.run("uv", "publish", "--no-progress", external=True)
`;

/** A project that knows nothing of us, not even in its `.gitignore`. */
async function begin(t, name, { backend, index: options, python, ...more } = {}) {
  const index = await packageIndex({ password: TOKEN, ...options });
  t.after(index.end);
  const wheels = backend ? { noxfile: noxfile(await backends()) } : {};
  const it = await packaged(t, name, index, { python: { ...LOGIN, ...python }, ...wheels, ...more });
  writeFileSync(join(it.dir, '.gitignore'), 'bin\ndist\nbuild\n*.egg-info\n.nox\n__pycache__\n');
  writeFileSync(join(it.dir, '.dockerignore'), 'bin\n.git\n');
  writeFileSync(join(it.dir, 'Dockerfile'), 'FROM scratch\nCOPY . /src\nCMD ["/src/what"]\n');
  if (backend) {
    const packages = backend === 'setuptools' ? '' : `[tool.hatch.build.targets.wheel]\npackages = ["src/${it.project.replaceAll('-', '_')}"]\n`;
    it.state(`[project]\nname = "${it.project}"\nversion = "1.2.3"\ndescription = "tests"\nrequires-python = ">=3.8"\n[build-system]\nrequires = ["${backend}"]\nbuild-backend = "${BACKENDS[backend]}"\n${packages}`);
  }
  it.first = await it.commit(9);
  it.base.E2E_PUBLISH_TOKEN = TOKEN;
  it.env = { ...it.base, ...it.asTag(it.first) };
  return { it, index };
}

const released = (result, ...reasons) => {
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assert.ok(reasons.includes(result.reason), `${result.reason}: ${result.stderr}`);
};

const built = (it) => readdirSync(join(it.dir, 'dist')).filter((name) => /\.(whl|gz)$/.test(name)).map((name) => join(it.dir, 'dist', name));

async function membersOf(file) {
  const list = file.endsWith('.whl') ? 'print("\\n".join(zipfile.ZipFile(sys.argv[1]).namelist()))' : 'print("\\n".join(tarfile.open(sys.argv[1]).getnames()))';
  const { code, stdout, stderr } = await run(['python3', '-c', `import sys, tarfile, zipfile\n${list}`, file]);
  assert.equal(code, 0, stderr);
  return stdout.trim().split('\n');
}

/** The run after a dead one ends well, and the third one, in a tree that holds nothing any more, changes nothing. */
async function assertFinished(it, index) {
  const next = await it.cd('release');
  released(next, 'published', 'completed');
  const files = index.files();
  assert.equal(files.length, 2, String(files));
  const before = index.taken();
  const posts = index.requests().filter((line) => line.startsWith('POST '));
  assert.ok(posts.length <= 2 && posts.every((line) => /^POST \/ (200|held-sent)$/.test(line)), `nothing was sent twice: ${posts}`);
  for (const name of ['dist', 'build', 'what-is-not-there']) rmSync(join(it.dir, name), { recursive: true, force: true });
  const third = await it.cd('release');
  released(third, 'already-there');
  assert.deepEqual([index.taken(), third.report.acts.map((act) => act.what)], [before, ['build python']]);
  const hashes = (result) => result.report.published.packages[0].files.map((file) => file.sha256);
  assert.deepEqual(hashes(third), hashes(next), 'what is told is what is published');
  return third;
}

for (const backend of Object.keys(BACKENDS)) {
  for (const [after, rules] of Object.entries({
    'the first file': [{ method: 'POST', path: '^/$', then: { hold: 'sent', after: true } }],
    'the last file': [{ method: 'POST', path: '^/$', times: 1, then: { wait: 0 } }, { method: 'POST', path: '^/$', then: { hold: 'sent', after: true } }],
  })) {
    test(`${backend}: killed after ${after} was sent`, { timeout: 300_000 }, async (t) => {
      const { it, index } = await begin(t, backend.slice(0, 5), { backend, index: { plan: { rules } } });
      const running = it.start('release');
      await Promise.race([index.held('sent'), running.ended.then((result) => assert.fail(result.stderr))]);
      running.child.kill('SIGKILL');
      assert.equal((await running.ended).signal, 'SIGKILL');
      index.plan({});
      // A moment of the same second would hide what packs anew, and so would the same umask.
      const [, third] = [await new Promise((resolve) => setTimeout(resolve, 1_100)), await assertFinished(it, index)];
      if (backend === 'setuptools') assert.match(third.stderr, /other bytes and the same in it, so the index's own counts: \S+\.tar\.gz/);
      for (const file of built(it)) assert.deepEqual((await membersOf(file)).filter((name) => name.includes('.cd-action')), [], file);
    });
  }
}

test('other contents of the same version are refused, and the members are named', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'other', { backend: 'setuptools', config: { tags: 'type=sha,format=long' } });
  released(await it.cd('release'), 'published');
  it.code('A = 2\n');
  const second = await it.commit(12);
  it.env = { ...it.base, ...it.asTag(second) };
  const refused = await it.cd('release');
  assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'version-taken'], refused.stderr);
  assert.match(refused.stderr, /not the same in both: \S*__init__\.py/);
  assert.equal(index.taken(), 2);
});

test('nothing of a run is in what it builds, and git is told to leave it out', { timeout: 300_000 }, async (t) => {
  const { it } = await begin(t, 'clean', { backend: 'hatchling' });
  released(await it.cd('release'), 'published');
  const image = `${it.image}:1.2.3`;
  const inImage = async () => {
    const container = await docker('create', image);
    const { stdout } = await run(['sh', '-c', 'docker export "$1" | tar -t', 'sh', container], { env: { ...process.env } });
    await docker('rm', container);
    return stdout.split('\n').filter(Boolean);
  };
  const first = await inImage();
  assert.ok(first.includes('src/what'), String(first));
  assert.deepEqual(first.filter((name) => name.includes('cd-action')), []);
  const lies = readdirSync(join(it.dir, '.cd-action'));
  assert.ok(['outputs.env', 'release.json'].every((name) => lies.includes(name)), String(lies));
  assert.equal(lies.filter((name) => name.startsWith('journal-')).length, 1, String(lies));
  assert.equal(await it.git('status', '--porcelain'), '');
  // What the run before has left is in neither.
  it.state(readFileSync(join(it.dir, 'pyproject.toml'), 'utf8').replace('1.2.3', '1.2.4'));
  const second = await it.commit(20);
  it.env = { ...it.base, ...it.asTag(second, 'v1.2.4') };
  released(await it.cd('release'), 'published');
  for (const file of built(it)) assert.deepEqual((await membersOf(file)).filter((name) => name.includes('.cd-action')), [], file);
});

test('an index that says no SHA-256 is believed by what it sends', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'md5', { index: { hash: 'md5' } });
  released(await it.cd('release'), 'published');
  assert.equal(index.taken(), 2);
  released(await it.cd('release'), 'already-there');
  it.code('A = 2\n');
  const second = await it.commit(12);
  it.env = { ...it.base, ...it.asTag(second) };
  it.configure({ tags: 'type=sha,format=long' });
  const refused = await it.cd('release');
  assert.deepEqual([refused.outcome, refused.reason, index.taken()], ['rejected', 'version-taken', 2], refused.stderr);
});

for (const [who, python] of Object.entries({ 'a token': {}, 'a user and a password': { token: undefined, user: 'E2E_USER', password: 'E2E_PUBLISH_TOKEN' } })) {
  test(`a private index is read by ${who}`, { timeout: 300_000 }, async (t) => {
    const { it, index } = await begin(t, `private-${who.length}`, { backend: 'setuptools', index: { secret: true }, python });
    it.packages.python.publish = undefined;
    it.configure();
    it.env.E2E_USER = '__token__';
    released(await it.cd('release'), 'published');
    assert.equal(index.taken(), 2);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    released(await it.cd('release'), 'already-there');
  });
}

test('a session finds nothing to send but what was built', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'left');
  released(await it.cd('release'), 'published');
  const old = `${it.project.replaceAll('-', '_')}-9.9.9-py3-none-any.whl`;
  writeFileSync(join(it.dir, 'dist', old), 'no wheel at all');
  it.version('1.2.4');
  const second = await it.commit(12);
  it.env = { ...it.base, ...it.asTag(second, 'v1.2.4') };
  const next = await it.cd('release');
  released(next, 'published');
  assert.deepEqual([index.files().length, index.taken()], [4, 4]);
  assert.match(next.stderr, /dist holds what this run has not built, and none of it was sent: .*9\.9\.9/);
  assert.ok(existsSync(join(it.dir, 'dist', old)), 'it is where it was');
  assert.ok(!existsSync(join(it.dir, 'dist', '.cd-action')));

  await t.test('of the same version it is refused', async () => {
    it.version('1.2.5');
    const third = await it.commit(15);
    it.env = { ...it.base, ...it.asTag(third, 'v1.2.5') };
    const wheel = `${it.project.replaceAll('-', '_')}-1.2.5-cp311-cp311-linux_x86_64.whl`;
    writeFileSync(join(it.dir, 'dist', wheel), 'of another job');
    const refused = await it.cd('release');
    assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'not-built-here'], refused.stderr);
    assert.match(refused.stderr, /dist\/\S+cp311\S+ is of this version, and this run has not built it: remove it/);
    assert.equal(index.taken(), 4);
  });
});

test('two packages in one folder: each index gets its own', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'two');
  const other = await packageIndex({ password: TOKEN });
  t.after(other.end);
  mkdirSync(join(it.dir, 'more', 'src', 'more_of_it'), { recursive: true });
  writeFileSync(join(it.dir, 'more', 'src', 'more_of_it', '__init__.py'), '');
  writeFileSync(join(it.dir, 'more', 'pyproject.toml'), readFileSync(join(it.dir, 'pyproject.toml'), 'utf8').replace(it.project, 'more-of-it'));
  writeFileSync(join(it.dir, 'noxfile.py'), `${readFileSync(join(it.dir, 'noxfile.py'), 'utf8')}
@nox.session(name="build-more", python=False)
def build_more(session):
    session.run("uv", "build", "--quiet", "more", "--out-dir", "dist", external=True)
`);
  it.packages.more = { ...it.packages.python, build: 'build-more', index: other.simple, upload: other.upload };
  it.configure();
  it.first = await it.commit(14);
  it.env = { ...it.base, ...it.asTag(it.first) };
  const result = await it.cd('release');
  released(result, 'published');
  assert.deepEqual([index.taken(), other.taken()], [2, 2]);
  assert.ok(other.files().every((name) => name.startsWith('more_of_it-1.2.3')), String(other.files()));
  assert.equal(built(it).length, 4);
});

test('a branch needs no token, and its sessions are looked at all the same', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'branch');
  it.env = { ...it.base, E2E_PUBLISH_TOKEN: '' };
  const result = await it.cd('release');
  released(result, 'published');
  assert.deepEqual(index.files(), []);
  it.packages.python.build = 'nope-python';
  it.configure();
  const second = await it.commit(12);
  const wrong = await it.cd('release');
  assert.deepEqual([wrong.code, wrong.outcome, wrong.reason], [3, 'invalid', 'no-session'], wrong.stderr);
  assert.equal(await it.digest(`sha-${second}`), null);
  it.packages.python.build = 'build-python';
  it.configure();
  const third = await it.commit(14);
  it.env = { ...it.base, ...it.asTag(third), E2E_PUBLISH_TOKEN: '' };
  const tag = await it.cd('release');
  assert.deepEqual([tag.code, tag.outcome], [3, 'invalid'], tag.stderr);
  assert.match(tag.stderr, /the variable E2E_PUBLISH_TOKEN, which the configuration names, is not set/);
});
