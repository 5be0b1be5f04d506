// What `release` does where nothing goes wrong, and what it refuses: real engine, real registry, real git.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { begun, project, TAGS } from './bin/project.mjs';
import { docker, inside, place, run } from './lib.mjs';

const sha = (revision) => `sha-${revision}`;

test('a commit is built once, named for ever, and found again', async (t) => {
  const it = await begun('once', { config: { build: { docker: { args: { WHAT: '{{version}}' } } } } });
  t.after(it.end);
  const first = await it.cd('release');
  assert.deepEqual([first.code, first.outcome, first.reason], [0, 'released', 'published'], first.stderr);
  const digest = await it.digest(sha(it.first));
  assert.match(digest, /^sha256:/);
  assert.equal(await it.digest('main'), digest, 'the branch names the same image');

  await t.test('outputs, report and file say the same', async () => {
    const outputs = it.outputs();
    const names = [`${it.image}:${sha(it.first)}`, `${it.image}:main`];
    assert.deepEqual([outputs.CD_DIGEST, outputs.CD_IMAGE, outputs.CD_VERSION], [digest, `${it.image}@${digest}`, sha(it.first)]);
    assert.deepEqual(outputs.CD_TAGS.split(' ').sort(), names.sort());
    assert.equal(first.report.published.digest, digest);
    const file = JSON.parse(readFileSync(join(it.dir, '.cd-action', 'release.json'), 'utf8'));
    assert.deepEqual([file.digest, file.version, file.revision], [digest, sha(it.first), it.first]);
  });

  await t.test('the image says which commit it is of, and is as old as that', async () => {
    const labels = await it.labels(sha(it.first));
    assert.equal(labels['org.opencontainers.image.revision'], it.first);
    assert.equal(labels['org.opencontainers.image.version'], sha(it.first));
    assert.equal(labels['org.opencontainers.image.created'], '2024-01-02T12:00:00.000Z');
  });

  await t.test('a second and a third run change nothing', async () => {
    for (const again of [await it.cd('release'), await it.cd('release')]) {
      assert.deepEqual([again.code, again.outcome, again.reason], [0, 'released', 'already-there'], again.stderr);
      assert.deepEqual(again.report.acts, []);
      assert.equal(again.report.published.digest, digest);
    }
  });

  await t.test('without its image on the engine, and without an engine, it is found all the same', async () => {
    await run(['docker', 'image', 'rm', '-f', '--no-prune', `${it.image}:${sha(it.first)}`]);
    it.settings = { DOCKER_HOST: 'unix:///nowhere.sock' };
    const again = await it.cd('release');
    it.settings = {};
    assert.deepEqual([again.code, again.reason], [0, 'already-there'], again.stderr);
  });

  await t.test('a name that is missing is put on the image that is there, byte for byte', async () => {
    await it.git('tag', 'v1.2.3');
    it.env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/tags/v1.2.3', GITHUB_SHA: it.first, GITHUB_REPOSITORY: 'acme/once', GITHUB_SERVER_URL: 'https://forge.example' };
    const tagged = await it.cd('release');
    it.env = {};
    assert.deepEqual([tagged.code, tagged.reason], [0, 'completed'], tagged.stderr);
    assert.equal(tagged.report.published.reused, true);
    assert.deepEqual(await it.tags(), ['1.2', '1.2.3', 'latest', 'main', sha(it.first)].sort());
    for (const tag of ['1.2', '1.2.3', 'latest']) assert.equal(await it.digest(tag), digest, tag);
  });
});

test('what the platform tells of the repository is in the labels', async (t) => {
  const it = await begun('payload');
  t.after(it.end);
  const payload = { repository: { full_name: 'acme/payload', name: 'payload', description: 'a "quoted" thing', html_url: 'https://forge.example/acme/payload', default_branch: 'main' } };
  mkdirSync(join(it.dir, 'bin'), { recursive: true });
  writeFileSync(join(it.dir, 'bin', 'event.json'), JSON.stringify(payload));
  it.env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: it.first, GITHUB_REPOSITORY: 'acme/payload', GITHUB_EVENT_PATH: join(it.dir, 'bin', 'event.json') };
  const result = await it.cd('release');
  assert.equal(result.outcome, 'released', result.stderr);
  const labels = await it.labels(sha(it.first));
  assert.equal(labels['org.opencontainers.image.description'], 'a "quoted" thing');
  assert.equal(labels['org.opencontainers.image.source'], 'https://forge.example/acme/payload');
});

test('nothing is published by a dry run', async (t) => {
  const it = await begun('dry');
  t.after(it.end);
  const dry = await it.cd('release', '--dry-run');
  assert.deepEqual([dry.code, dry.outcome, dry.reason], [0, 'shown', 'planned'], dry.stderr);
  assert.match(dry.stderr, /build the image/);
  assert.deepEqual(await it.tags(), []);
});

test('a name that is for ever is not given to another commit', async (t) => {
  const it = await begun('taken', { config: { tags: 'type=raw,value=9.9.9\ntype=semver,pattern={{version}},value=1.0.0\ntype=sha,format=long' } });
  t.after(it.end);
  const first = await it.cd('release');
  assert.equal(first.outcome, 'released', first.stderr);
  const before = [await it.tags(), await it.digest('1.0.0')];
  const second = await it.commit(5);
  const refused = await it.cd('release');
  assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'tag-taken'], refused.stderr);
  assert.match(refused.stderr, new RegExp(`${it.image}:1.0.0. names an image of another commit, ${it.first}`));
  assert.deepEqual([await it.tags(), await it.digest('1.0.0')], before, 'nothing was touched');
  assert.equal(await it.digest(sha(second)), null);

  await t.test('nor to one that nobody knows the commit of', async () => {
    await docker('build', '-q', '-t', `${it.image}:${sha(second)}`, it.dir);
    await docker('push', '-q', `${it.image}:${sha(second)}`);
    writeFileSync(join(it.dir, 'cd.yml'), JSON.stringify({ ...JSON.parse(readFileSync(join(it.dir, 'cd.yml'), 'utf8')), tags: 'type=sha,format=long' }));
    const unknown = await it.cd('release');
    assert.deepEqual([unknown.outcome, unknown.reason], ['rejected', 'tag-taken'], unknown.stderr);
    assert.match(unknown.stderr, /does not say which commit/);
  });
});

test('what moves goes forward only', async (t) => {
  const it = await begun('forward');
  t.after(it.end);
  const later = await it.commit(10);
  const first = await it.cd('release');
  assert.equal(first.outcome, 'released', first.stderr);
  const newest = await it.digest('main');
  await it.git('checkout', '-q', '-B', 'old', it.first);
  const asMain = (revision) => ({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: revision, GITHUB_REPOSITORY: 'acme/forward', GITHUB_SERVER_URL: 'https://forge.example' });
  it.env = asMain(it.first);
  const older = await it.cd('release');
  assert.equal(older.outcome, 'released', older.stderr);
  assert.equal(await it.digest('main'), newest, 'the older commit leaves the branch where it is');
  assert.match(older.stderr, new RegExp(`main. stays where it is: it names ${later}, which comes after this commit`));

  await t.test('by the dates of commits where git knows one only', async () => {
    const shallow = project('shallow');
    t.after(shallow.end);
    await run(['git', 'clone', '-q', '--depth', '1', '--branch', 'old', `file://${it.dir}`, join(shallow.dir, 'tree')]);
    const { code, stderr } = await inside(['node', join(import.meta.dirname, '..', '..', 'dist', 'cli.cjs'), 'release'], { cwd: join(shallow.dir, 'tree'), env: { ...process.env, ...it.env } });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /whose commit is of a later date/);
    assert.equal(await it.digest('main'), newest);
  });

  await t.test('by version, where a tag is one', async () => {
    const versions = await begun('versions');
    t.after(versions.end);
    const as = (revision, tag) => ({ ...asMain(revision), GITHUB_REF: `refs/tags/${tag}` });
    const second = await versions.commit(10);
    versions.env = as(second, 'v1.3.0');
    assert.equal((await versions.cd('release')).outcome, 'released');
    await versions.git('checkout', '-q', versions.first);
    versions.env = as(versions.first, 'v1.2.9');
    const result = await versions.cd('release');
    assert.equal(result.outcome, 'released', result.stderr);
    assert.equal(await versions.digest('latest'), await versions.digest('1.3.0'));
    assert.equal(await versions.digest('1.2'), await versions.digest('1.2.9'));
  });
});

test('all mistakes come at once, before anything is asked of anybody', async (t) => {
  const it = project('mistakes');
  t.after(it.end);
  it.config({ build: undefined, image: undefined, registry: { user: 'NO_SUCH_USER', password: 'NO_SUCH_TOKEN' } });
  const { code, outcome, report } = await it.cd('release');
  assert.deepEqual([code, outcome], [3, 'invalid']);
  const told = report.because.join('\n');
  for (const words of ['`build` is missing', '`image` is missing', 'NO_SUCH_USER', 'NO_SUCH_TOKEN', 'the commit is not known']) assert.ok(told.includes(words), `${words}: ${told}`);

  await t.test('no tag, and no tag that stays, are mistakes', async () => {
    const tags = await begun('tags', { config: { tags: 'type=semver,pattern={{version}}' } });
    t.after(tags.end);
    const none = await tags.cd('release');
    assert.deepEqual([none.code, none.outcome], [3, 'invalid'], none.stderr);
    assert.match(none.stderr, /make no tag at all/);
    tags.config({ tags: 'type=ref,event=branch' });
    const moving = await tags.cd('release');
    assert.match(moving.stderr, /every tag of this release moves \(main\)/);
  });

  await t.test('a working tree of another commit is one', async () => {
    const other = await begun('other');
    t.after(other.end);
    const second = await other.commit(5);
    other.env = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: other.first, GITHUB_REPOSITORY: 'a/b' };
    const { code, stderr } = await other.cd('release');
    assert.equal(code, 3);
    assert.match(stderr, new RegExp(`the working tree is at ${second}, and the run is about ${other.first}`));
  });
});

test('a build that fails publishes nothing, and shows why', async (t) => {
  const it = await begun('broken');
  t.after(it.end);
  writeFileSync(join(it.dir, 'Dockerfile'), 'FROM scratch\nCOPY not-there /x\n');
  await it.commit(5);
  const { code, outcome, reason, stderr } = await it.cd('release');
  assert.deepEqual([code, outcome, reason], [1, 'failed', 'build'], stderr);
  assert.match(stderr, /not-there/);
  assert.deepEqual(await it.tags(), []);
});

test('what was released is deployed by its digest, and nothing else is taken for it', async (t) => {
  const it = await begun('road', { config: { tags: TAGS } });
  const here = place('road-deploy');
  t.after(async () => {
    await here.end();
    await it.end();
  });
  const config = (dir) => {
    here.config({ image: it.image, build: { docker: {} }, tags: TAGS, run: { env: { APP_VERSION: '{{version}}' } } });
    writeFileSync(join(dir, 'cd.yml'), readFileSync(join(here.dir, 'cd.yml'), 'utf8'));
  };
  writeFileSync(join(it.dir, 'Dockerfile'), `FROM ${process.env.CD_DEMO_IMAGE ?? '127.0.0.1:5000/demo/tasks'}:v1\n`);
  config(it.dir);
  const revision = await it.commit(5);
  const released = await it.cd('release');
  assert.equal(released.outcome, 'released', released.stderr);
  const { CD_IMAGE, CD_DIGEST, CD_VERSION } = it.outputs();

  const deployed = await it.cd('deploy', '--image', CD_IMAGE);
  assert.equal(deployed.outcome, 'deployed', deployed.stderr);
  const [container] = (await docker('ps', '-q', '--filter', `label=cd-action.service=${here.service}`, '--filter', 'label=cd-action.role=instance')).split('\n');
  assert.equal(await docker('inspect', '--format', '{{index .Config.Labels "org.opencontainers.image.revision"}}', container), revision);
  assert.equal(deployed.report.serving.digest, CD_DIGEST);
  assert.equal(deployed.report.serving.version, CD_VERSION);
  assert.equal((await here.ask()).version, CD_VERSION, 'the version that answers is the one that was released');

  await t.test('a deploy without an image looks for what the release of this commit has named', async () => {
    const again = await it.cd('deploy');
    assert.deepEqual([again.code, again.outcome], [0, 'unchanged'], again.stderr);
    assert.equal(again.report.wanted.digest, CD_DIGEST);
  });

  await t.test('a name that was moved to another commit meanwhile is refused', async () => {
    await docker('build', '-q', '--label', `org.opencontainers.image.revision=${'f'.repeat(40)}`, '-t', `${it.image}:${sha(revision)}`, it.dir);
    await docker('push', '-q', `${it.image}:${sha(revision)}`);
    const refused = await it.cd('deploy');
    assert.deepEqual([refused.code, refused.outcome, refused.reason], [1, 'rejected', 'revision'], refused.stderr);
    const named = await it.cd('deploy', '--image', `${it.image}:${sha(revision)}`);
    assert.deepEqual([named.code, named.outcome, named.reason], [1, 'rejected', 'revision'], named.stderr);
    const again = await it.cd('release');
    assert.deepEqual([again.code, again.outcome, again.reason], [1, 'rejected', 'tag-taken'], again.stderr);
  });
});
