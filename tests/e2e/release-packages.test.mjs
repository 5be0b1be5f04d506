// Packages that the project's own sessions build and publish: real nox, real uv, a real index, and what it has afterwards.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { certificate, packageIndex, packaged } from './bin/packages.mjs';
import { filesUnder, found, needlesOf, watchCommandLines } from './bin/secrecy.mjs';

const TOKEN = `pypi-${randomBytes(18).toString('base64url')}`;
const LOGIN = { token: 'E2E_PUBLISH_TOKEN' };

async function begin(t, name, { plan, password = TOKEN, tls, ...options } = {}) {
  const index = await packageIndex({ password, plan, tls });
  t.after(index.end);
  const it = await packaged(t, name, index, { python: LOGIN, ...options });
  it.base.E2E_PUBLISH_TOKEN = TOKEN;
  it.env = { ...it.base, ...it.asTag(it.first) };
  return { it, index };
}

const released = (result, reason) => assert.deepEqual([result.code, result.outcome, result.reason], [0, 'released', reason], result.stderr);

test('a package is built, hashed, published, and found again', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'package');
  const first = await it.cd('release');
  released(first, 'published');
  const files = index.files();
  assert.equal(files.length, 2, String(files));

  await t.test('outputs, report and file say its hashes', () => {
    const words = it.outputs().CD_HASHES.split(/\s+/);
    const hashes = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]]] : []));
    assert.deepEqual(hashes.map(([, name]) => name).sort(), files);
    for (const [sha256] of hashes) assert.match(sha256, /^[0-9a-f]{64}$/);
    const file = JSON.parse(readFileSync(join(it.dir, '.cd-action', 'release.json'), 'utf8'));
    const [python] = file.packages;
    assert.deepEqual([python.project, python.version, python.index], [it.project, '1.2.3', index.simple]);
    assert.deepEqual(python.files.map(({ name, sha256 }) => [sha256, name]), hashes);
    assert.deepEqual(first.report.published.packages[0].files.map((it) => [it.holds, it.fate]), [[true, 'published'], [true, 'published']]);
  });

  await t.test('a second and a third run publish nothing', async () => {
    const before = index.taken();
    for (const again of [await it.cd('release'), await it.cd('release')]) {
      released(again, 'already-there');
      assert.deepEqual(again.report.acts.map((act) => act.what), ['build python']);
      assert.match(again.stderr, /was there already: http/);
    }
    assert.deepEqual([index.taken(), index.files()], [before, files]);
  });

  await t.test('the same version with other files is refused, and nothing is touched', async () => {
    it.code('A = 2\n');
    const second = await it.commit(9);
    it.configure({ tags: 'type=sha,format=long' });
    it.env = { ...it.base, ...it.asTag(second) };
    const before = index.taken();
    const refused = await it.cd('release');
    assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'version-taken'], refused.stderr);
    assert.match(refused.stderr, /has another .*\.whl: its SHA-256 is [0-9a-f]{64}/);
    assert.equal(index.taken(), before);
    assert.equal(await it.digest(`sha-${second}`), null);
  });
});

test('without a session `uv publish` sends what was built', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'uv');
  it.packages.python.publish = undefined;
  it.configure();
  released(await it.cd('release'), 'published');
  assert.equal(index.files().length, 2);
  released(await it.cd('release'), 'already-there');
  assert.equal(index.taken(), 2);
});

test('a user and a password are told where there is no token', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'password');
  Object.assign(it.packages.python, { token: undefined, user: 'E2E_USER', password: 'E2E_PUBLISH_TOKEN' });
  it.configure();
  it.env = { ...it.env, E2E_USER: '__token__' };
  released(await it.cd('release'), 'published');
  assert.equal(index.files().length, 2);
});

test('whoever may not publish is told what to write', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'denied');
  it.env.E2E_PUBLISH_TOKEN = 'another-token-than-that';
  const denied = await it.cd('release');
  assert.deepEqual([denied.code, denied.outcome, denied.reason], [1, 'failed', 'index-denied'], denied.stderr);
  assert.match(denied.stderr, /check what E2E_PUBLISH_TOKEN holds: /);
  Object.assign(it.packages.python, { token: undefined, publish: undefined });
  it.configure();
  const nobody = await it.cd('release');
  assert.deepEqual([nobody.code, nobody.outcome, nobody.reason], [1, 'failed', 'index-denied'], nobody.stderr);
  assert.match(nobody.stderr, /`permissions: \{ contents: read, id-token: write \}`/);
  assert.match(nobody.stderr, /`packages: \{ python: \{ token: PUBLISH_TOKEN \} \}`/);
  assert.deepEqual([index.files(), await it.tags()], [[], []], 'nothing was published');
});

test('where the platform proves who the job is, no token is needed', { timeout: 300_000 }, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-tls-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const { tls, file } = await certificate(dir);
  const { it, index } = await begin(t, 'trusted', { tls });
  Object.assign(it.packages.python, { token: undefined, publish: undefined });
  it.configure();
  const json = { 'content-type': 'application/json' };
  // The platform's and the index's side of it; the index takes the token that it has made.
  index.plan({ tls, rules: [
    { method: 'GET', path: '^/_/oidc/audience', times: 9, then: { status: 200, headers: json, body: '{"audience":"tests"}' } },
    { method: 'GET', path: '^/id-token', times: 9, then: { status: 200, headers: json, body: '{"value":"proof-of-the-job"}' } },
    { method: 'POST', path: '^/_/oidc/mint-token', times: 9, then: { status: 200, headers: json, body: JSON.stringify({ success: true, token: TOKEN }) } },
  ] });
  it.env = { ...it.env, ACTIONS_ID_TOKEN_REQUEST_URL: `https://${index.host}/id-token?x=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'a-token-that-asks', SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: file };
  released(await it.cd('release'), 'published');
  assert.equal(index.files().length, 2);
  assert.ok(index.requests().some((line) => line.startsWith('POST /_/oidc/mint-token')), String(index.requests()));
});

test('an index that refuses one file: the report says what is where, and the next run does the rest', { timeout: 300_000 }, async (t) => {
  const rules = [{ method: 'POST', path: '^/$', times: 1, then: { wait: 0 } }, { method: 'POST', path: '^/$', then: { status: 400 } }];
  const { it, index } = await begin(t, 'refused', { plan: { rules } });
  const failed = await it.cd('release');
  assert.deepEqual([failed.code, failed.outcome, failed.reason], [1, 'failed', 'index-refused'], failed.stderr);
  assert.equal(index.files().length, 1);
  assert.deepEqual(await it.tags(), [], 'the image has no name before the packages are there');
  index.plan({});
  released(await it.cd('release'), 'published');
  assert.deepEqual([index.files().length, index.taken()], [2, 2]);
});

test('an index that is busy, slow or cut off is tried again', { timeout: 300_000 }, async (t) => {
  const rules = [
    { method: 'GET', path: '/simple/', then: { status: 503 } },
    { method: 'GET', path: '/simple/', then: { status: 429, headers: { 'retry-after': '1' } } },
    { method: 'POST', path: '^/$', times: 5, then: { cut: 1 } },
  ];
  const { it, index } = await begin(t, 'busy', { plan: { rules } });
  released(await it.cd('release'), 'published');
  assert.deepEqual([index.files().length, index.taken()], [2, 2]);
});

test('a release has one version, or everybody who states one is shown', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'version', { version: '1.2.4' });
  const wrong = await it.cd('release');
  assert.deepEqual([wrong.code, wrong.outcome], [3, 'invalid'], wrong.stderr);
  assert.match(wrong.stderr, /the git tag v1\.2\.3 says v?1\.2\.3/);
  assert.match(wrong.stderr, /pyproject\.toml:3:11 says 1\.2\.4/);
  assert.deepEqual([index.files(), await it.tags()], [[], []]);

  await t.test('what a tool makes up is seen in what was built', async () => {
    it.state(`[project]\nname = "${it.project}"\ndynamic = ["version"]\n`);
    const odd = `import nox, pathlib
@nox.session(name="build-python", python=False)
def build_python(session):
    pathlib.Path("dist").mkdir(exist_ok=True)
    pathlib.Path("dist/${it.project.replaceAll('-', '_')}-1.2.5.tar.gz").write_bytes(b"x")
@nox.session(name="publish-python", python=False)
def publish_python(session): session.error("this one is not asked for")
`;
    writeFileSync(join(it.dir, 'noxfile.py'), odd);
    const second = await it.commit(8);
    it.env = { ...it.base, ...it.asTag(second) };
    const built = await it.cd('release');
    assert.deepEqual([built.code, built.outcome, built.reason], [3, 'invalid', 'version'], built.stderr);
    assert.match(built.stderr, /build-python has built version 1\.2\.5/);
    assert.deepEqual([index.files(), await it.tags()], [[], []]);
  });
});

test('a commit without a version publishes no package, and says so; one that is named does', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'branch');
  it.env = { ...it.base };
  const branch = await it.cd('release');
  released(branch, 'published');
  assert.match(branch.stderr, /has no version of its own .* so no package is published: python/);
  assert.deepEqual(index.files(), []);
  const named = await it.cd('release', '--version', '1.2.3');
  released(named, 'completed');
  assert.equal(index.files().length, 2);
  assert.equal(await it.digest('1.2.3'), await it.digest(`sha-${it.first}`));
});

test('a session that is missing is a mistake before anything runs', { timeout: 300_000 }, async (t) => {
  const { it, index } = await begin(t, 'sessions', { python: { ...LOGIN, build: 'build-pyton', publish: 'publish-pythons' } });
  const wrong = await it.cd('release');
  assert.deepEqual([wrong.code, wrong.outcome, wrong.reason], [3, 'invalid', 'no-session'], wrong.stderr);
  assert.match(wrong.stderr, /packages\.python\.build.*`build-pyton`.*did you mean `build-python`\?/);
  assert.match(wrong.stderr, /packages\.python\.publish.*`publish-pythons`.*did you mean `publish-python`\?/);
  assert.deepEqual([index.files(), await it.tags()], [[], []]);
});

test('the token is in the environment of the one child that sends, and nowhere else', { timeout: 300_000 }, async (t) => {
  const { it } = await begin(t, 'secret');
  // Whoever builds writes down what it can see; whoever publishes says it aloud.
  writeFileSync(join(it.dir, 'noxfile.py'), `import nox, os
@nox.session(name="build-python", python=False)
def build_python(session):
    with open("bin/seen-by-build", "w") as out: out.write(repr(dict(os.environ)))
    session.run("uv", "build", "--quiet", external=True)
@nox.session(name="publish-python", python=False)
def publish_python(session):
    print("the token is", os.environ["E2E_PUBLISH_TOKEN"], os.environ["UV_PUBLISH_TOKEN"])
    session.run("uv", "publish", "--no-progress", external=True)
`);
  it.first = await it.commit(9);
  it.env = { ...it.base, ...it.asTag(it.first) };
  const before = new Set(readdirSync(tmpdir()));
  const watching = watchCommandLines();
  const result = await it.cd('release');
  watching.stop();
  released(result, 'published');
  const needles = needlesOf({ token: TOKEN });
  assert.deepEqual(found(needles, result.stdout + result.stderr), [], 'it is in the log');
  assert.deepEqual([...watching.seen].flatMap((line) => found(needles, line)), [], 'it is in a command line');
  for (const file of filesUnder(it.dir)) assert.deepEqual(found(needles, readFileSync(file)), [], file);
  const left = readdirSync(tmpdir()).filter((name) => name.startsWith('cd-action-') && !before.has(name));
  assert.deepEqual(left.flatMap((name) => filesUnder(join(tmpdir(), name))), [], 'nothing is left of the run\'s own folder');
  const labels = JSON.stringify(await it.labels('1.2.3'));
  assert.deepEqual(found(needles, labels), []);
});
