// The command line on every CI system, from the environments that were recorded of each, and in real checkouts of git.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { commandLine, CONCURRENCY, folder, GIT_IDENTITY, ROOT, run, shell } from './lib.mjs';

const CASES = join(ROOT, 'core/src/event/cases');
const TAGS = ['--images', 'acme/app', '--tags', 'type=ref,event=branch', '--tags=type=ref,event=tag', '--tags', 'type=ref,event=pr'];

test('each system’s event is read from its own variables', { concurrency: CONCURRENCY }, async (t) => {
  const files = readdirSync(CASES).filter((name) => name.endsWith('.json'));
  assert.equal(files.length, 9);
  const cases = files.flatMap((file) => JSON.parse(readFileSync(join(CASES, file), 'utf8')).map((it) => ({ ...it, system: file.replace('.json', '') })));
  // In a plain checkout git tells everything: real repositories follow below.
  const recorded = cases.filter(({ system }) => system !== 'git');
  assert.ok(recorded.length > 60, String(recorded.length));
  await Promise.all(recorded.map(({ system, name, env, payload, git, expect }) => t.test(`${system}: ${name}`, async (t) => {
    const { code, told, stderr } = await commandLine(t, TAGS, { env, payload });
    assert.equal(code, 0, stderr);
    // Here git says nothing: what it would have told is compared in the core's own tests.
    const untold = (expected) => Object.fromEntries(Object.entries(expected).filter(([member]) => BY_VARIABLES.includes(member)));
    if (!git?.branches) holds(told.event, git === undefined ? expect : untold(expect), 'event');
    const { ref } = told.event;
    const number = /^refs\/(?:pull|merge-requests)\/(\d+)/.exec(ref)?.[1];
    if (number !== undefined) assert.deepEqual(told.tags.map(({ name, rule }) => [name, rule]), [[`pr-${number}`, 'type=ref,event=pr']]);
    if (ref.startsWith('refs/tags/')) assert.equal(told.tags[0].rule, 'type=ref,event=tag');
    if (ref.startsWith('refs/heads/')) assert.equal(told.tags[0].rule, 'type=ref,event=branch');
    if (ref === '') assert.deepEqual(told.tags, []);
  })));
});

/** Members of an event that no system leaves to git. */
const BY_VARIABLES = ['system', 'kind', 'ref', 'branch', 'tag', 'baseRef', 'run'];

/** Every member that is expected, and no other is looked at. */
function holds(is, expected, path) {
  if (expected === null || typeof expected !== 'object' || Array.isArray(expected)) return assert.deepEqual(is, expected, path);
  for (const [name, value] of Object.entries(expected)) holds(is[name], value, `${path}.${name}`);
}

/** A repository with two commits on `main`; `a` is the first. */
async function repository(t, more = []) {
  const at = folder(t);
  await shell(at, ['git init -q -b main .', 'echo a > f', 'git add f', 'git commit -qm one', 'git tag a', 'echo b > f', 'git commit -qam two', ...more], GIT_IDENTITY);
  const sha = async (name) => (await shell(at, [`git rev-parse ${name}`])).trim();
  return { at, sha };
}

test('a checkout without a CI system has its branch, commit and place', async (t) => {
  const { at, sha } = await repository(t, ['git remote add origin https://user:s3cr3t-t0ken@git.example/acme/app.git?private_token=s3cr3t-t0ken']);
  const result = await commandLine(t, [...TAGS, '--tags', 'type=sha'], { cwd: at });
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(result.told.references, ['acme/app:main', `acme/app:sha-${(await sha('HEAD')).slice(0, 7)}`]);
  assert.equal(result.told.event.repository.url, 'https://git.example/acme/app');
  const everything = await run(['grep', '-r', 's3cr3t', join(at, '.cd-action')], { cwd: at, env: { PATH: process.env.PATH } });
  assert.equal(everything.stdout, '', 'a remote’s secrets go nowhere');
});

test('a checked-out tag is a tag, and so is `latest`', async (t) => {
  const { at } = await repository(t, ['git tag v1.2.3', 'git checkout -q v1.2.3', 'git branch -q -D main']);
  const { told } = await commandLine(t, ['--images', 'acme/app', '--tags', 'type=semver,pattern={{version}}\ntype=semver,pattern={{major}}'], { cwd: at });
  assert.deepEqual(told.references, ['acme/app:1.2.3', 'acme/app:1', 'acme/app:latest']);
});

test('where nothing is known there is no tag, two warnings, and exit 0', async (t) => {
  const { code, told, stderr } = await commandLine(t, TAGS);
  assert.equal(code, 0, stderr);
  assert.deepEqual([told.version, told.tags], ['', []]);
  assert.match(stderr, /^warning: No Docker tag has been generated\. Check tags input\.$/m);
  assert.match(stderr, /not a git repository/);
});

/** A folder with a `git` that notes what it is asked, and then asks the real one. */
async function noted(t) {
  const at = folder(t);
  const real = (await run(['sh', '-c', 'command -v git'], { cwd: at, env: { PATH: process.env.PATH } })).stdout.trim();
  writeFileSync(join(at, 'git'), `#!/bin/sh\necho "$*" >> ${at}/asked\nexec ${real} "$@"\n`, { mode: 0o755 });
  const asked = () => {
    try { return readFileSync(join(at, 'asked'), 'utf8').trim().split('\n'); } catch { return []; }
  };
  return { PATH: `${at}:${process.env.PATH}`, asked };
}

const GITLAB = {
  GITLAB_CI: 'true', CI_PIPELINE_SOURCE: 'push', CI_PROJECT_PATH: 'acme/app', CI_PROJECT_NAME: 'app', CI_PROJECT_URL: 'https://gitlab.example/acme/app',
  CI_COMMIT_BRANCH: 'main', CI_COMMIT_REF_NAME: 'main',
};

test('git is asked for what a rule needs and the event does not tell, and for nothing else', async (t) => {
  const { at, sha } = await repository(t, ['git update-ref refs/remotes/origin/main HEAD', 'git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main']);
  const env = { ...GITLAB, CI_COMMIT_SHA: await sha('HEAD') };
  const rows = [
    ['type=ref,event=branch', 0, 'main'],
    ['type=edge,branch=main', 0, 'edge'],
    ['type=raw,value={{commit_date \'YYYYMMDD\'}}', 1, '20230101'],
    ['type=edge', 1, 'edge'],
    ['type=raw,value=on-{{is_default_branch}}', 1, 'on-true'],
  ];
  for (const [rule, questions, tag] of rows) {
    const { PATH, asked } = await noted(t);
    const { told, stderr } = await commandLine(t, ['--tags', rule], { cwd: at, env: { ...env, PATH } });
    assert.equal(asked().length, questions, `${rule}: ${asked()}`);
    assert.equal(told?.version, tag, `${rule}\n${stderr}`);
  }
  const told = { ...env, CI_COMMIT_TIMESTAMP: '2024-05-06T07:08:09+02:00', CI_DEFAULT_BRANCH: 'main' };
  for (const [rule, , tag] of rows) {
    const { PATH, asked } = await noted(t);
    const result = await commandLine(t, ['--tags', rule], { cwd: at, env: { ...told, PATH } });
    assert.deepEqual(asked(), [], rule);
    assert.equal(result.told.version, tag.replace('20230101', '20240506'));
  }
});

test('where no git is at hand, what it would tell stays empty', async (t) => {
  const { code, told, stderr } = await commandLine(t, ['--tags', 'type=edge\ntype=raw,value={{commit_date \'YYYY\'}}'], { env: { ...GITLAB, CI_COMMIT_SHA: 'f'.repeat(40), PATH: folder(t) } });
  assert.equal(code, 0, stderr);
  assert.equal(told.version, '');
  assert.match(stderr, /there is no program git in PATH/);
  assert.deepEqual(told.rules.map(({ outcome }) => outcome.why?.type), ['no-default-branch', 'empty']);
  assert.ok(told.warnings.some((line) => line.startsWith('`commit_date` is empty')), stderr);
});

test('outputs are a file that a shell reads, and the bake files lie where they say', async (t) => {
  const { cwd, told, stderr } = await commandLine(t, ['--images', 'acme/app\nacme/$(touch pwned)`touch pwned`', ...TAGS], { env: { ...GITLAB, CI_COMMIT_SHA: 'f'.repeat(40) } });
  assert.equal(told.outcome, 'invalid', stderr);
  const good = await commandLine(t, [...TAGS, '--labels', 'note=$(touch pwned) "quoted" \\ it’s\nother=`touch pwned`'], { cwd, env: { ...GITLAB, CI_COMMIT_SHA: 'f'.repeat(40) } });
  assert.equal(good.code, 0, good.stderr);
  const printed = await shell(cwd, ['. ./.cd-action/outputs.env', 'printf %s "$CD_LABELS"']);
  assert.equal(printed, good.told.outputs.labels.replaceAll('\n', ' '), 'the lines of a value are words there');
  const several = await commandLine(t, ['--images', 'acme/app\nacme/other', ...TAGS, '--tags', 'x'], { env: { ...GITLAB, CI_COMMIT_SHA: 'f'.repeat(40) } });
  const listed = await shell(several.cwd, ['. ./.cd-action/outputs.env', 'for tag in $CD_TAGS; do echo "$tag"; done']);
  assert.deepEqual(listed.trim().split('\n'), several.told.references);
  const plain = readFileSync(join(several.cwd, '.cd-action/outputs.dotenv'), 'utf8').split('\n').find((line) => line.startsWith('CD_TAGS='));
  assert.equal(plain, `CD_TAGS=${several.told.references.join(' ')}`);
  const bake = (await shell(cwd, ['. ./.cd-action/outputs.env', 'cat "$CD_BAKE_FILE"', 'ls']));
  assert.deepEqual(JSON.parse(bake.slice(0, bake.lastIndexOf('}') + 1)).target['docker-metadata-action'].tags, ['acme/app:main']);
  assert.ok(!bake.includes('pwned\n'), bake);
});

test('mistakes of a command line come all at once, with exit 3', async (t) => {
  const words = await run([process.execPath, join(ROOT, 'dist/cli.cjs'), 'metadata', '--tag', 'x', 'tags', '--images'], { cwd: folder(t), env: { PATH: process.env.PATH } });
  assert.equal(words.code, 3);
  for (const part of [/no flag `--tag`/, /`tags` is one word too many/, /`--images` needs a value/]) assert.match(words.stderr, part);
  const inputs = await commandLine(t, ['--tags', 'type=foo\ntype=ref', '--flavor', 'latest', '--images', 'A:b']);
  assert.equal(inputs.code, 3);
  assert.deepEqual(inputs.told.mistakes.map(({ input, line }) => [input, line]), [['images', 1], ['flavor', 1], ['tags', 1], ['tags', 2]]);
  const help = await run([process.execPath, join(ROOT, 'dist/cli.cjs'), 'metadata', '--help'], { cwd: folder(t), env: { PATH: process.env.PATH } });
  assert.equal(help.code, 0);
  assert.match(help.stdout, /^usage: cd-action metadata/);
});
