// The git tag and the forge's release, which come last: on both kinds of forges, killed at every change, and again.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { packageIndex, packaged } from './bin/packages.mjs';
import { registryWithBadDays } from './bin/project.mjs';
import { filesUnder, found, needlesOf } from './bin/secrecy.mjs';
import { ENV, ROOT, until } from './lib.mjs';

const PUBLISH = `pypi-${randomBytes(18).toString('base64url')}`;
const TOKEN = `ghs_${randomBytes(18).toString('base64url')}`;

/** A forge behind a server that can have bad days. */
async function forge(kind, plan = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-forge-'));
  const argv = ['node', join(ROOT, 'tests', 'e2e', 'bin', 'releases-forge.mjs'), dir, kind, TOKEN];
  const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), argv, { env: ENV, stdio: ['ignore', 'inherit', 'inherit'] });
  const closed = new Promise((resolve) => child.on('close', resolve));
  const port = await until('the forge', () => existsSync(join(dir, 'port')) && readFileSync(join(dir, 'port'), 'utf8'), { seconds: 20 });
  const front = await registryWithBadDays(plan, port);
  const state = join(dir, 'state.json');
  return {
    ...front,
    dir,
    state: () => (existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : { tags: {}, releases: [] }),
    change: (work) => {
      const now = JSON.parse(readFileSync(state, 'utf8'));
      work(now);
      writeFileSync(state, JSON.stringify(now));
    },
    changes: () => front.requests().filter((line) => !line.startsWith('GET ')),
    async end() {
      await front.end();
      child.kill('SIGTERM');
      await closed;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

const PLATFORMS = {
  github: { GITHUB_ACTIONS: 'true' },
  forgejo: { GITHUB_ACTIONS: 'true', FORGEJO_ACTIONS: 'true' },
};

/** A project whose version 1.2.3 is to be released from a branch. */
async function begin(t, name, { platform = 'github', plan, indexPlan } = {}) {
  const index = await packageIndex({ password: PUBLISH, plan: indexPlan });
  const host = await forge(platform === 'github' ? 'github' : 'gitea', plan);
  t.after(async () => {
    await host.end();
    await index.end();
  });
  const it = await packaged(t, name, index, { python: { token: 'E2E_PUBLISH_TOKEN' }, config: { release: {} } });
  it.base.E2E_PUBLISH_TOKEN = PUBLISH;
  it.as = { ...PLATFORMS[platform], GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: it.first, GITHUB_REPOSITORY: 'acme/tasks', GITHUB_SERVER_URL: 'https://forge.example', GITHUB_API_URL: `http://${host.host}`, GITHUB_TOKEN: TOKEN };
  it.env = { ...it.base, ...it.as };
  it.release = () => it.cd('release', '--version', '1.2.3');
  return { it, index, host };
}

/** Everything is there, once, and of this commit. */
function assertAnnounced(host, it) {
  const { tags, releases } = host.state();
  assert.deepEqual(tags, { 'v1.2.3': it.first });
  assert.equal(releases.length, 1, 'one release, and no draft beside it');
  const [release] = releases;
  assert.deepEqual([release.draft, release.prerelease, release.tag_name], [false, false, 'v1.2.3']);
  assert.match(release.body, /@sha256:[0-9a-f]{64}/);
  const built = (name) => createHash('sha256').update(readFileSync(join(it.dir, 'dist', name))).digest('hex');
  assert.equal(release.assets.length, 2);
  for (const asset of release.assets) assert.equal(asset.sha256, built(asset.name), asset.name);
}

async function assertFinished(it, host, index) {
  const next = await it.release();
  assert.deepEqual([next.code, next.outcome], [0, 'released'], next.stderr);
  assertAnnounced(host, it);
  assert.equal(index.files().length, 2);
  assert.deepEqual(await it.tags(), ['1.2', '1.2.3', 'latest', `sha-${it.first}`].sort());
  const before = [host.changes().length, index.taken()];
  const third = await it.release();
  assert.deepEqual([third.code, third.reason], [0, 'already-there'], third.stderr);
  assert.deepEqual([host.changes().length, index.taken()], before, 'the third run changes nothing');
}

for (const platform of Object.keys(PLATFORMS)) {
  test(`on ${platform} a release ends with a git tag and a release of the forge, with the files`, { timeout: 300_000 }, async (t) => {
    const { it, index, host } = await begin(t, `forge-${platform}`, { platform });
    const first = await it.release();
    assert.deepEqual([first.code, first.outcome, first.reason], [0, 'released', 'published'], first.stderr);
    assert.deepEqual(first.report.published.announcement.tag, 'v1.2.3');
    assert.equal(first.report.published.announcement.fate, 'published');
    assertAnnounced(host, it);
    const order = first.report.acts.map((act) => act.what);
    assert.deepEqual(order.slice(-4).map((what) => what.replace(/ tasks_?.*? to/, ' to')), ["draft the forge's release", "send to the forge's release", "send to the forge's release", "publish the forge's release"]);
    await assertFinished(it, host, index);
    const needles = needlesOf({ token: TOKEN, publish: PUBLISH });
    assert.deepEqual(found(needles, first.stdout + first.stderr), []);
    for (const file of filesUnder(it.dir)) assert.deepEqual(found(needles, readFileSync(file)), [], file);
  });
}

const CHANGES = [
  ['POST', '/releases$', 'draft'],
  ['POST', '/assets', 'first-file'],
  ['POST', '/assets', 'second-file', 1],
  ['PATCH', '/releases/', 'announce'],
];

for (const [method, path, name, before = 0] of CHANGES) {
  for (const after of [false, true]) {
    test(`killed ${after ? 'after' : 'before'} ${name}`, { timeout: 300_000 }, async (t) => {
      const rules = [...Array(before)].map(() => ({ method, path, then: { wait: 0 } }));
      const { it, index, host } = await begin(t, `kill-${name}`, { plan: { rules: [...rules, { method, path, then: { hold: name, after } }] } });
      const running = it.start('release', '--version', '1.2.3');
      await host.held(name);
      running.child.kill('SIGKILL');
      assert.equal((await running.ended).signal, 'SIGKILL');
      host.plan({});
      await assertFinished(it, host, index);
    });
  }
}

for (const [name, count] of [['first-upload', 0], ['second-upload', 1]]) {
  for (const after of [false, true]) {
    test(`killed ${after ? 'after' : 'before'} the ${name} to the index`, { timeout: 300_000 }, async (t) => {
      const rules = [...Array(count)].map(() => ({ method: 'POST', path: '^/$', then: { wait: 0 } }));
      const { it, index, host } = await begin(t, `kill-${name}`, { indexPlan: { rules: [...rules, { method: 'POST', path: '^/$', then: { hold: name, after } }] } });
      const running = it.start('release', '--version', '1.2.3');
      await index.held(name);
      running.child.kill('SIGKILL');
      assert.equal((await running.ended).signal, 'SIGKILL');
      // What it had started, such as `uv publish`, has nobody left to answer to.
      index.plan({});
      assert.deepEqual(await it.tags(), [], 'the image has no name yet');
      await assertFinished(it, host, index);
      assert.equal(index.taken() + (after ? 1 : 0), 2, 'nothing was sent twice');
    });
  }
}

test('a git tag of another commit stops it before anything is built', { timeout: 300_000 }, async (t) => {
  const { it, index, host } = await begin(t, 'tag-taken');
  await it.release();
  host.change((state) => { state.tags['v1.2.3'] = 'f'.repeat(40); });
  it.code('A = 3\n');
  const second = await it.commit(9);
  it.env = { ...it.env, GITHUB_SHA: second };
  const before = host.changes().length;
  const refused = await it.release();
  assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'tag-taken'], refused.stderr);
  assert.match(refused.stderr, /the git tag v1\.2\.3 names another commit, f{40}/);
  assert.doesNotMatch(refused.stderr, /building/);
  assert.deepEqual([host.changes().length, index.taken()], [before, 2]);
});

test('a token that may not write is told what it lacks, and everything else is there', { timeout: 300_000 }, async (t) => {
  const { it, index, host } = await begin(t, 'no-leave');
  it.env.GITHUB_TOKEN = 'another-token-than-that';
  const denied = await it.release();
  assert.deepEqual([denied.code, denied.outcome, denied.reason], [1, 'failed', 'forge-denied'], denied.stderr);
  assert.match(denied.stderr, /`permissions: \{ contents: write \}`/);
  it.env.GITHUB_TOKEN = TOKEN;
  await assertFinished(it, host, index);
});

test('a forge that is busy, cuts off or loses its answer is asked again', { timeout: 300_000 }, async (t) => {
  const rules = [
    { method: 'GET', path: '/tags/', then: { status: 503 } },
    { method: 'GET', path: '/releases', then: { cut: 0 } },
    { method: 'POST', path: '/releases$', then: { status: 429, headers: { 'retry-after': '1' } } },
    { method: 'POST', path: '/assets', then: { cut: 1 } },
    { method: 'PATCH', path: '/releases/', then: { status: 502 } },
  ];
  const { it, host } = await begin(t, 'forge-busy', { plan: { rules } });
  const result = await it.release();
  assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
  assertAnnounced(host, it);
});

test('elsewhere the key is refused by name', async (t) => {
  const { it } = await begin(t, 'elsewhere');
  it.env = { ...it.base, GITHUB_TOKEN: TOKEN };
  const wrong = await it.release();
  assert.deepEqual([wrong.code, wrong.outcome], [3, 'invalid'], wrong.stderr);
  assert.match(wrong.stderr, /`release` ends with a release of the forge, and here is none that is known \(git\)/);
});
