// Releases that are killed at every call and every request that changes something: the next run ends where an undisturbed
// one does, nothing is written twice, nothing is overwritten, and the run after it changes nothing.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { countingDocker } from './bin/docker.mjs';
import { begun, registryWithBadDays } from './bin/project.mjs';

const AS_TAG = (revision) => ({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/tags/v1.2.3', GITHUB_SHA: revision, GITHUB_REPOSITORY: 'acme/kills', GITHUB_SERVER_URL: 'https://forge.example' });
const NAMES = (revision) => ['1.2', '1.2.3', 'latest', `sha-${revision}`];

/** What must hold once the run after a dead one is over. */
async function assertFinished(it) {
  const next = await it.cd('release');
  assert.deepEqual([next.code, next.outcome], [0, 'released'], next.stderr);
  assert.deepEqual(await it.tags(), NAMES(it.first).sort());
  const digests = new Set(await Promise.all(NAMES(it.first).map((name) => it.digest(name))));
  assert.equal(digests.size, 1, 'all names name one image');
  const third = await it.cd('release');
  assert.deepEqual([third.code, third.reason, third.report.acts.length], [0, 'already-there', 0], third.stderr);
  return [...digests][0];
}

async function fresh(t, name, registry) {
  const it = await begun(name, registry ? { registry: registry.host } : {});
  t.after(it.end);
  it.as = AS_TAG(it.first);
  it.env = it.as;
  return it;
}

for (const call of ['build#1', 'tag#1', 'push#1']) {
  for (const way of ['before', 'during', 'torn', 'after']) {
    test(`killed ${way} ${call}`, { timeout: 120_000 }, async (t) => {
      const it = await fresh(t, 'kill-call');
      const counting = countingDocker({ dir: join(it.dir, 'bin') }, `${call} ${way} kill${way === 'torn' ? ' 5' : ''}`);
      it.env = { ...it.as, ...counting.env };
      const killed = await it.start('release').ended;
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
      const before = await it.digest(`sha-${it.first}`) ?? await it.digest('1.2.3');
      it.env = it.as;
      const digest = await assertFinished(it);
      if (before) assert.equal(digest, before, 'what was published is what stays');
    });
  }
}

for (const name of ['cd-upload', '1.2.3', 'sha-', 'latest', '1.2$']) {
  for (const after of [false, true]) {
    test(`killed ${after ? 'after' : 'before'} ${name} is put`, { timeout: 120_000 }, async (t) => {
      const registry = await registryWithBadDays({ rules: [{ method: 'PUT', path: `/manifests/${name}`, then: { hold: 'put', after } }] });
      t.after(registry.end);
      const it = await fresh(t, 'kill-put', registry);
      const running = it.start('release');
      await registry.held('put');
      running.child.kill('SIGKILL');
      assert.equal((await running.ended).signal, 'SIGKILL');
      registry.plan({});
      await assertFinished(it);
      const twice = registry.requests().filter((line) => /^PUT .*\/manifests\/(1\.2\.3|sha-\w+) 201$/.test(line));
      const each = new Set(twice.map((line) => line.split(' ')[1]));
      assert.equal(twice.length, each.size, `a name that is for ever was written twice: ${twice}`);
    });
  }
}

// An image that is passed on from one registry to another, piece by piece: the mirror has bad days.
const COPY = [
  ['POST', '/blobs/uploads/', 'an upload is begun'],
  ['PUT', '/blobs/uploads/', 'a piece is sent'],
  ['PUT', '/manifests/1.2.3', 'the image has its first name there'],
];

for (const [method, path, what] of COPY) {
  for (const after of [false, true]) {
    test(`killed ${after ? 'after' : 'before'} ${what} in a mirror`, { timeout: 120_000 }, async (t) => {
      const mirror = await registryWithBadDays({ rules: [{ method, path, then: { hold: 'copy', after } }] });
      t.after(mirror.end);
      const it = await begun('kill-copy');
      t.after(it.end);
      const there = `${it.path}-mirror`;
      it.config({ mirrors: [{ image: `${mirror.host}/${there}` }] });
      it.first = await it.commit(1);
      it.as = AS_TAG(it.first);
      it.env = it.as;
      const running = it.start('release');
      await mirror.held('copy');
      running.child.kill('SIGKILL');
      assert.equal((await running.ended).signal, 'SIGKILL');
      mirror.plan({});
      const digest = await assertFinished(it);
      assert.deepEqual(await it.tags({ name: there }), NAMES(it.first).sort());
      for (const name of NAMES(it.first)) assert.equal(await it.digest(name, { name: there }), digest, name);
      const names = mirror.requests().filter((line) => /^PUT .*\/manifests\/(1\.2\.3|sha-\w+) 201$/.test(line));
      assert.equal(names.length, new Set(names).size, `a name that is for ever was written twice: ${names}`);
    });
  }
}

test('asked to stop, a run says what is there, and the next one does the rest', async (t) => {
  const registry = await registryWithBadDays({ rules: [{ method: 'PUT', path: '/manifests/latest', then: { wait: 20_000 } }] });
  t.after(registry.end);
  const it = await fresh(t, 'cancel', registry);
  const running = it.start('release');
  const until = Date.now() + 60_000;
  while (!(await it.tags()).includes('1.2.3') && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  running.child.kill('SIGINT');
  const stopped = await running.ended;
  assert.deepEqual([stopped.code, stopped.outcome], [1, 'cancelled'], stopped.stderr);
  registry.plan({});
  await assertFinished(it);
});

test('two commits that are released at the same time leave latest on the newer', { timeout: 180_000 }, async (t) => {
  for (const slow of ['1.2.3', '1.3.0']) {
    const registry = await registryWithBadDays({});
    const it = await begun('race', { registry: registry.host });
    const other = await begun('race', { registry: registry.host });
    t.after(async () => {
      await it.end();
      await other.end();
      await registry.end();
    });
    other.config({ service: it.service, image: it.image });
    const second = await other.commit(10);
    const env = (revision, tag) => ({ ...AS_TAG(revision), GITHUB_REF: `refs/tags/v${tag}` });
    it.env = env(it.first, '1.2.3');
    other.env = env(second, '1.3.0');
    // The slow one decides that it may move `latest`, and moves it only when the other one is long done.
    registry.plan({ rules: [{ method: 'PUT', path: '/manifests/latest', then: { wait: 6000 } }] });
    const [first, next] = slow === '1.2.3' ? [it, other] : [other, it];
    const one = first.start('release');
    const until = Date.now() + 60_000;
    while (!(await it.tags()).includes(slow) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const two = await next.cd('release');
    assert.equal(two.outcome, 'released', two.stderr);
    const result = await one.ended;
    assert.equal(result.outcome, 'released', result.stderr);
    assert.equal(await it.digest('latest'), await it.digest('1.3.0'), `${slow} was the slow one`);
  }
});

test('what is published while an image is being sent is not overwritten', { timeout: 240_000 }, async (t) => {
  const TAGS = 'type=semver,pattern={{version}}\ntype=ref,event=tag\ntype=semver,pattern={{major}}\ntype=sha,format=long\ntype=ref,event=branch';
  /** Two working trees of one project; the first one's engine is held when it names what it has sent. */
  const both = async () => {
    const registry = await registryWithBadDays({ rules: [{ method: 'PUT', path: '/manifests/cd-upload', then: { wait: 9000 } }] });
    const slow = await begun('meanwhile', { registry: registry.host });
    const quick = await begun('meanwhile', { registry: registry.host });
    t.after(async () => {
      await slow.end();
      await quick.end();
      await registry.end();
    });
    slow.config({ tags: TAGS });
    quick.config({ service: slow.service, image: slow.image, tags: TAGS });
    const sent = async () => {
      const until = Date.now() + 60_000;
      while (!registry.requests().some((line) => line.includes('/blobs/uploads/'))) {
        assert.ok(Date.now() < until, 'nothing was sent within a minute');
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
    };
    return { slow, quick, sent };
  };

  await t.test('by another commit under the same version', async () => {
    const { slow, quick, sent } = await both();
    slow.env = AS_TAG(await slow.commit(1));
    quick.env = AS_TAG(await quick.commit(2));
    const running = slow.start('release');
    await sent();
    const second = await quick.cd('release');
    assert.deepEqual([second.code, second.outcome], [0, 'released'], second.stderr);
    const first = await running.ended;
    assert.deepEqual([first.code, first.outcome, first.reason], [1, 'failed', 'tag-taken'], first.stderr);
    const published = second.report.published.digest;
    for (const tag of ['1.2.3', 'v1.2.3', '1', 'latest', `sha-${quick.env.GITHUB_SHA}`]) assert.equal(await slow.digest(tag), published, tag);
    assert.equal(await slow.digest(`sha-${slow.env.GITHUB_SHA}`), null);
  });

  await t.test('by another run of the same commit, whichever is the slow one', async () => {
    for (const slowIsBranch of [true, false]) {
      const { slow, quick, sent } = await both();
      // Another image each time it is built: only the registry can say which one counts.
      for (const it of [slow, quick]) writeFileSync(join(it.dir, 'Dockerfile'), 'FROM scratch\nARG NONCE\nLABEL nonce=$NONCE\nCOPY what /what\nCMD ["/what"]\n');
      await slow.git('add', '-A');
      await slow.git('commit', '-qm', 'another image each time');
      await quick.git('fetch', '-q', slow.dir, 'main');
      await quick.git('reset', '-q', '--hard', 'FETCH_HEAD');
      const revision = await slow.git('rev-parse', 'HEAD');
      for (const [it, nonce] of [[slow, 'a'], [quick, 'b']]) {
        it.config({ service: slow.service, image: slow.image, tags: TAGS, build: { docker: { args: { NONCE: nonce } } } });
        await it.git('update-index', '--assume-unchanged', 'cd.yml');
      }
      const asBranch = { ...AS_TAG(revision), GITHUB_REF: 'refs/heads/main' };
      slow.env = slowIsBranch ? asBranch : AS_TAG(revision);
      quick.env = slowIsBranch ? AS_TAG(revision) : asBranch;
      const running = slow.start('release');
      await sent();
      const second = await quick.cd('release');
      const first = await running.ended;
      for (const result of [second, first]) assert.deepEqual([result.code, result.outcome], [0, 'released'], result.stderr);
      const digests = new Set([first, second].map((it) => it.report.published.digest));
      for (const tag of ['1.2.3', 'v1.2.3', '1', 'latest', 'main', `sha-${revision}`]) digests.add(await slow.digest(tag));
      assert.equal(digests.size, 1, [...digests].join(', '));
      assert.match(first.stderr, /another run of this commit published at the same time/);
      for (const it of [slow, quick]) assert.equal((await it.cd('release')).reason, 'already-there');
    }
  });
});
