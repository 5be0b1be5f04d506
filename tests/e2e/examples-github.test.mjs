// The examples for GitHub, Forgejo and Gitea, as they stand in docs/examples, run by act on real parts: each ends with the version answering
// that was committed, from the image that was built once.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { ENV, image, ROOT } from './lib.mjs';
import { example, SECRETS } from './bin/example.mjs';
import { findAct, without } from './bin/tools.mjs';

const ACT = findAct();
const skip = without(ACT);
const WORKFLOW = '.github/workflows/cd.yml';

/** Runs a workflow of the example's repository: `{ code, text, jobs }`, the last with how each job ended. */
function act(it, event, { workflow = WORKFLOW, inputs = {}, payload } = {}) {
  assert.ok(ACT, 'there is act; the continuous integration requires it');
  const pairs = (flag, values) => Object.entries(values).flatMap(([name, value]) => [flag, `${name}=${value}`]);
  const secrets = { ...SECRETS, GITHUB_TOKEN: 'a-token-of-the-forge', STAGING_SSH_KEY: 'an-ssh-key', PRODUCTION_SSH_KEY: 'another-ssh-key' };
  const engine = { DOCKER_HOST: ENV.DOCKER_HOST, DOCKER_CONFIG: ENV.DOCKER_CONFIG };
  const argv = [
    ...ACT, event, '--workflows', workflow, '--directory', it.dir, '--platform', 'ubuntu-latest=-self-hosted', '--platform', 'self-hosted=-self-hosted', '--actor', 'anna',
    '--local-repository', `org/cd-action@v1=${it.action()}`, '--no-cache-server', '--action-cache-path', join(it.staging.dir, 'act-cache'), '--json',
    ...pairs('--secret', secrets), ...pairs('--var', { HOST_KEYS: 'hosts', REGISTRY_USER: 'anna' }), ...pairs('--env', engine), ...pairs('--input', inputs),
    ...(payload ? ['--eventpath', payload] : []),
  ];
  const env = { ...ENV, XDG_CACHE_HOME: join(it.staging.dir, 'cache') };
  return new Promise((resolve) => {
    const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => { text += data; });
    child.on('close', (code) => {
      const lines = text.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
      const ended = lines.filter((line) => line.jobResult).map((line) => [line.job.replace(/^[^/]*\//, ''), line.jobResult]);
      const said = lines.map((line) => line.msg ?? '').join('\n');
      resolve({ code, said, jobs: Object.fromEntries(ended), text: lines.length > 0 ? said : text });
    });
  });
}

const delivery = { config: 'delivery.cd.yml', files: { [WORKFLOW]: 'github/delivery.yml' } };
const deployment = { config: 'deployment.cd.yml', files: { [WORKFLOW]: 'github/deployment.yml' } };

// Forgejo and Gitea take actions by their whole address, act (of GitHub's kind) by owner and name alone.
const withoutAddress = (text) => text.replaceAll('uses: https://github.com/', 'uses: ');

for (const [name, files, edit] of [['github', delivery.files, undefined], ['forgejo', { [WORKFLOW]: 'forgejo/delivery.yml' }, withoutAddress]]) {
  test(`delivery on ${name}: a push reaches staging, and a person brings that very image to production`, { skip, timeout: 300_000 }, async (t) => {
    const it = await example(t, `ex-${name}`, { ...delivery, files, edit });
    const revision = it.commit('a change');
    const pushed = await act(it, 'push');
    assert.equal(pushed.code, 0, pushed.text);
    await it.serves(it.staging, revision);
    await it.servesNothing(it.production);

    const pressed = await act(it, 'workflow_dispatch');
    assert.equal(pressed.code, 0, pressed.text);
    assert.match(pressed.said, /already-there/, 'it was built once');
    assert.match(pressed.said, /serves-already/, 'staging has it');
    await it.serves(it.production, revision);
  });
}

test('a deploy that waits for a person makes its job red', { skip, timeout: 300_000 }, async (t) => {
  const edit = (text) => text.replace(/^ {4}if: github.event_name == 'workflow_dispatch'\n/m, '');
  const it = await example(t, 'ex-held', { ...delivery, edit });
  const revision = it.commit('a change');
  const result = await act(it, 'push');
  assert.notEqual(result.code, 0, result.text);
  assert.match(result.said, /production is in delivery mode/);
  await it.serves(it.staging, revision);
  await it.servesNothing(it.production);
});

test('deployment: a push reaches production by way of staging, twice', { skip, timeout: 300_000 }, async (t) => {
  const it = await example(t, 'ex-deployment', deployment);
  for (const what of ['a change', 'another change']) {
    const revision = it.commit(what);
    const result = await act(it, 'push');
    assert.equal(result.code, 0, result.text);
    await it.serves(it.staging, revision);
    await it.serves(it.production, revision);
  }
});

test('deployment: what fails in staging does not reach production', { skip, timeout: 300_000 }, async (t) => {
  const it = await example(t, 'ex-broken', deployment);
  const good = it.commit('a change');
  assert.equal((await act(it, 'push')).code, 0);
  writeFileSync(join(it.dir, 'Dockerfile'), `FROM ${image('exits')}\nCOPY what /what\n`);
  const bad = it.commit('a mistake: it ends at once');
  const result = await act(it, 'push');
  assert.notEqual(result.code, 0, result.text);
  assert.ok(await it.digest(`sha-${bad}`), 'it was released');
  await it.serves(it.staging, good);
  await it.serves(it.production, good);
});

test('a version tag is released under its names and goes to production', { skip, timeout: 300_000 }, async (t) => {
  const it = await example(t, 'ex-tag', { config: 'deployment.cd.yml', files: { [WORKFLOW]: 'github/tag.yml' } });
  const revision = it.commit('a change');
  it.git('tag', 'v1.2.3');
  const payload = join(it.staging.dir, 'event.json');
  writeFileSync(payload, JSON.stringify({ ref: 'refs/tags/v1.2.3', after: revision }));
  const result = await act(it, 'push', { payload });
  assert.equal(result.code, 0, result.text);
  await it.serves(it.production, revision, '1.2.3');
  for (const tag of ['1.2', 'latest', `sha-${revision}`]) assert.equal(await it.digest(tag), await it.digest('1.2.3'), tag);
});

test('by hand: what was released is deployed, and a rollback goes back', { skip, timeout: 300_000 }, async (t) => {
  const manual = '.github/workflows/manual.yml';
  const it = await example(t, 'ex-manual', { config: 'delivery.cd.yml', files: { ...delivery.files, [manual]: 'github/manual.yml' } });
  const revisions = [];
  for (const what of ['a change', 'another change']) {
    revisions.push(it.commit(what));
    const pushed = await act(it, 'push');
    assert.equal(pushed.code, 0, pushed.text);
    const deployed = await act(it, 'workflow_dispatch', { workflow: manual, inputs: { command: 'deploy', environment: 'production', version: '', reason: '' } });
    assert.equal(deployed.code, 0, deployed.text);
    await it.serves(it.production, revisions.at(-1));
  }
  const back = await act(it, 'workflow_dispatch', { workflow: manual, inputs: { command: 'rollback', environment: 'production', version: '', reason: 'it is slow' } });
  assert.equal(back.code, 0, back.text);
  await it.serves(it.production, revisions[0]);
  await it.serves(it.staging, revisions[1]);
});

test('a deploy that many workflows share is called with the released image', { skip, timeout: 300_000 }, async (t) => {
  const files = { [WORKFLOW]: 'github/reusable/caller.yml', '.github/workflows/deploy.yml': 'github/reusable/deploy.yml' };
  const it = await example(t, 'ex-reusable', { config: 'deployment.cd.yml', files });
  const revision = it.commit('a change');
  const result = await act(it, 'push');
  assert.equal(result.code, 0, result.text);
  await it.serves(it.staging, revision);
  await it.serves(it.production, revision);
});

test('what the README begins with releases and deploys', { skip, timeout: 300_000 }, async (t) => {
  const [config, workflow] = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  const it = await example(t, 'ex-readme', delivery);
  const here = `{ staging: { listen: "127.0.0.1:${it.staging.port}" } }`;
  assert.match(config, /\{ staging: \{\} \}/);
  const names = `service: ${it.service}\nimage: ${it.image}\nrouter: { image: "cd-action-router:2.6" }\n`;
  writeFileSync(join(it.dir, 'cd.yml'), names + config.replace('{ staging: {} }', here));
  writeFileSync(join(it.dir, WORKFLOW), workflow);
  const revision = it.commit('a change');
  const result = await act(it, 'push');
  assert.equal(result.code, 0, result.text);
  await it.serves(it.staging, revision, `sha-${revision}`, '1.0.0');
});
