// What is missing, broken or slow around a step.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';

import { folder, step } from './lib.mjs';

const SHA = '860c1904a1ce19322e91ac35af1ab07466440c37';
const event = (over) => ({ name: 'push', ref: 'refs/heads/main', sha: SHA, payload: { repository: { default_branch: 'main' } }, ...over });
const images = 'acme/app';

test('an event without its file counts as one without a payload', async (t) => {
  const result = await step(t, { event: event({ payload: undefined }), inputs: { images } });
  assert.equal(result.code, 0, result.stdout);
  assert.equal(result.outputs.tags, 'acme/app:main');
  assert.ok(result.shown.some((line) => line.includes('GITHUB_EVENT_PATH names no file')), result.stdout);
  const unset = await step(t, { event: event(), inputs: { images }, omit: ['GITHUB_EVENT_PATH'] });
  assert.equal(unset.outputs.tags, 'acme/app:main');
});

test('an event that cannot be read fails the step: tags would be guesses', async (t) => {
  const rows = [['{"a":', /the event's file is no JSON/], ['\u0000', /the event's file is no JSON/]];
  for (const [payload, words] of rows) {
    const result = await step(t, { event: event({ payload }), inputs: { images } });
    assert.equal(result.code, 1);
    assert.match(result.errors[0].properties.title, words);
    assert.deepEqual(result.outputs, {});
  }
  const prepare = ({ file }) => { rmSync(file('event.json')); };
  const folderInstead = await step(t, { event: event(), inputs: { images }, prepare: (it) => { prepare(it); writeFileSync(it.file('event.json'), Buffer.from([0xff, 0xfe])); } });
  assert.equal(folderInstead.code, 1);
  assert.match(folderInstead.errors[0].data, /not UTF-8/);
});

test('strange payloads are payloads', async (t) => {
  for (const payload of ['null', '[]', '1', '"x"', '{"commits":1,"repository":[]}', '{"pull_request":{"head":null},"number":"x"}']) {
    const result = await step(t, { event: event({ payload }), inputs: { images } });
    assert.equal(result.code, 0, `${payload}\n${result.stdout}`);
    assert.equal(result.outputs.tags, 'acme/app:main');
  }
});

test('bake files that cannot be written fail the step before it says anything', async (t) => {
  const result = await step(t, { event: event(), inputs: { images }, prepare: ({ file }) => { rmSync(file('temp'), { recursive: true }); writeFileSync(file('temp'), ''); } });
  assert.equal(result.code, 1, result.stdout);
  assert.match(result.errors[0].properties.title, /the bake files cannot be written/);
  assert.deepEqual([result.outputs, result.variables], [{}, {}]);
});

test('all mistakes come at once, each with its input and its line', async (t) => {
  const inputs = { images: ['good/image', '', 'A/Bad:tag'], tags: ['# a comment', 'type=sha', 'type=foo', 'type=ref,event=x'], flavor: 'latest=perhaps', labels: 'a={{', context: 'neither' };
  const result = await step(t, { event: event(), inputs, env: { DOCKER_METADATA_SHORT_SHA_LENGTH: 'long' } });
  assert.equal(result.code, 1);
  const expected = [
    ['context', 'Invalid context source: neither'],
    ['images, line 3', '`a/bad:tag` is no name of an image: [host[:port]/]path, without tag or digest'],
    ['flavor, line 1', 'Invalid latest flavor entry: latest=perhaps'],
    ['tags, line 3', 'Unknown tag type attribute: foo'],
    ['tags, line 4', 'Invalid event for type=ref,event=x'],
    ['DOCKER_METADATA_SHORT_SHA_LENGTH', 'is not a valid number'],
    ['labels, line 1', undefined],
  ];
  assert.deepEqual(result.errors.map(({ properties, data }, nth) => [properties.title, expected[nth]?.[1] && data]), expected);
});

test('a mistake in a rule names its entry in the log', async (t) => {
  const result = await step(t, { event: event(), inputs: { images, tags: 'type=sha,enable=True' } });
  assert.equal(result.errors[0].data, 'Invalid value for enable attribute: True');
  assert.ok(result.shown.some((line) => line.includes('tags, line 1') && line.includes('type=sha,enable=True')), result.stdout);
});

test('two steps of one job have files of their own', async (t) => {
  const temp = folder(t);
  const [one, two] = await Promise.all(['one', 'two'].map((name) => step(t, { event: event(), inputs: { images: `acme/${name}` }, temp })));
  assert.notEqual(dirname(one.outputs['bake-file']), dirname(two.outputs['bake-file']));
  for (const [name, { outputs }] of [['one', one], ['two', two]]) {
    const { target } = JSON.parse(readFileSync(outputs['bake-file'], 'utf8'));
    assert.deepEqual(target['docker-metadata-action'].tags, [`acme/${name}:main`]);
  }
  assert.deepEqual(readdirSync(temp), ['cd-action'], 'only what later steps may read is left');
});

test('git is asked where it is wanted, and its words are told where it has no answer', async (t) => {
  const result = await step(t, { event: event(), inputs: { images, context: 'git' } });
  assert.equal(result.code, 1);
  assert.deepEqual(result.errors.map(({ properties, data }) => [properties.title, data]), [['context', 'there is no git repository with a commit; git says: fatal: not a git repository (or any of the parent directories): .git']]);
  assert.ok(result.shown.some((line) => line.includes('not a git repository')), result.stdout);
  const none = await step(t, { event: event(), inputs: { images, context: 'git' }, env: { PATH: folder(t) } });
  assert.equal(none.code, 1);
  assert.ok(none.shown.some((line) => line.includes('there is no program git in PATH')), none.stdout);
});

test('a checkout decides with `context: git`, whatever the event says', async (t) => {
  const git = ['git init -q -b topic .', 'echo a > f', 'git add f', 'git commit -qm one'];
  const result = await step(t, { event: event(), inputs: { images, context: 'git', tags: "type=ref,event=branch\ntype=raw,value={{commit_date 'YYYY-MM-DD'}}" }, git });
  assert.equal(result.outputs.tags, 'acme/app:topic\nacme/app:2023-01-01', result.stdout);
});

test('the date of a pull request’s own commit comes from git where that is checked out', async (t) => {
  const git = ['git init -q -b topic .', 'echo a > f', 'git add f', 'git commit -qm one'];
  const head = '65429786c4b3fb4b7358ba44e0b0cec09a4db416';
  const payload = { number: 7, pull_request: { number: 7, head: { sha: head, ref: 'topic' }, base: { ref: 'main' } } };
  const pull = { name: 'pull_request', ref: 'refs/pull/7/merge', sha: SHA, payload };
  const inputs = { images, tags: "type=sha\ntype=raw,value={{commit_date 'YYYY'}}" };
  const result = await step(t, { event: pull, inputs, git, env: { DOCKER_METADATA_PR_HEAD_SHA: 'true' } });
  assert.equal(result.outputs.tags, 'acme/app:2023\nacme/app:sha-6542978', result.stdout);
});

test('a step that is cancelled while git hangs ends at once, and says nothing more', async (t) => {
  const bin = folder(t);
  writeFileSync(join(bin, 'git'), '#!/bin/sh\nkill -INT $PPID\nexec sleep 50\n', { mode: 0o755 });
  const begun = Date.now();
  const result = await step(t, { event: event(), inputs: { images, context: 'git' }, env: { PATH: `${bin}:${process.env.PATH}` } });
  assert.equal(result.code, 1, result.stdout);
  assert.ok(result.shown.some((line) => line.includes('asked to stop')), result.stdout);
  assert.deepEqual([result.outputs, result.errors], [{}, []]);
  assert.ok(Date.now() - begun < 20_000);
});

test('the job’s token is masked, and stands nowhere', async (t) => {
  const token = 'ghs_aVeryLongTokenOfThisJob';
  const inputs = { images, 'github-token': token, labels: `note=${token}` };
  const result = await step(t, { event: event(), inputs });
  assert.equal(result.code, 0, result.stdout);
  assert.deepEqual(result.commands.filter(({ name }) => name === 'add-mask').map(({ data }) => data), [token]);
  const said = result.stdout.replace(`::add-mask::${token}`, '');
  assert.ok(![said, result.summary, JSON.stringify(result.outputs), JSON.stringify(result.variables)].some((text) => text.includes(token)));
});

test('a runner that takes no outputs is told what is lost, and the step passes', async (t) => {
  const result = await step(t, { event: event(), inputs: { images }, omit: ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY', 'GITHUB_STATE'] });
  assert.equal(result.code, 0, result.stdout);
  for (const name of ['GITHUB_OUTPUT', 'GITHUB_ENV', 'GITHUB_STEP_SUMMARY']) assert.ok(result.stdout.includes(`gives no ${name}`), name);
  assert.ok(result.commands.some(({ name, data }) => name === 'warning' && data.includes('GITHUB_OUTPUT')), result.stdout);
});

test('a summary that cannot be written is a warning; outputs that cannot fail the step, which names the file and is no bug', async (t) => {
  const nowhere = join(folder(t), 'nowhere', 'x');
  const summary = await step(t, { event: event(), inputs: { images }, over: { GITHUB_STEP_SUMMARY: nowhere } });
  assert.equal(summary.code, 0, summary.stdout);
  assert.equal(Object.keys(summary.outputs).length, 10);
  assert.ok(summary.commands.some(({ name, data }) => name === 'warning' && data.includes(nowhere)), summary.stdout);
  for (const variable of ['GITHUB_OUTPUT', 'GITHUB_ENV']) {
    const failed = await step(t, { event: event(), inputs: { images }, over: { [variable]: nowhere } });
    assert.equal(failed.code, 1, failed.stdout);
    assert.equal(failed.errors.length, 1, failed.stdout);
    for (const part of [variable, nowhere]) assert.ok(failed.errors[0].data.includes(part), failed.stdout);
    assert.ok(!failed.stdout.includes('bug of cd-action'), failed.stdout);
  }
});

test('git says itself why it has no commit, and finds what the environment tells it', async (t) => {
  const none = await step(t, { event: event(), inputs: { images, context: 'git' } });
  assert.equal(none.code, 1);
  assert.ok(none.errors.some(({ data }) => data.includes('git says: fatal: not a git repository')), none.stdout);
  const git = ['git init -q -b topic .', 'echo a > f', 'git add f', 'git commit -qm one'];
  const inputs = { images, context: 'git', tags: 'type=ref,event=branch' };
  const alias = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.bare', GIT_CONFIG_VALUE_0: 'broken' };
  const broken = await step(t, { event: event(), inputs, git, env: alias });
  assert.equal(broken.code, 1, broken.stdout);
  assert.ok(broken.errors.some(({ data }) => data.includes('core.bare')), 'what is set that way reaches git');
});

test('DOCKER_METADATA_SET_OUTPUT_ENV leaves the variables out', async (t) => {
  const result = await step(t, { event: event(), inputs: { images }, env: { DOCKER_METADATA_SET_OUTPUT_ENV: 'false' } });
  assert.equal(result.code, 0, result.stdout);
  assert.deepEqual([Object.keys(result.outputs).length, result.variables], [10, {}]);
});
