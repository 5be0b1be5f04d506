// `metadata` in a workflow as users of the older action have them, run by act: as a folder of the repository, and as it is published.

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { gitIn, skip, startAct } from './bin/act.mjs';
import { removeRuns, ROOT } from './lib.mjs';

const WORKFLOW = readFileSync(join(ROOT, 'tests/e2e/workflows/metadata.yml'), 'utf8');

/** Runs the workflow on a push of v1.2.3, with `uses` in it: what the later step saw, and what act said. */
async function pushed(t, uses) {
  const at = mkdtempSync(join(tmpdir(), 'cd-metadata-workflow-'));
  t.after(() => removeRuns(at));
  const [repository, results] = ['repository', 'results'].map((name) => join(at, name));
  const action = uses.startsWith('./') ? repository : join(at, 'action');
  for (const folder of new Set([repository, results, action])) mkdirSync(folder);
  for (const name of ['metadata', 'dist']) cpSync(join(ROOT, name), join(action, name), { recursive: true });
  const workflow = join(at, 'metadata.yml');
  writeFileSync(workflow, WORKFLOW.replaceAll('uses: org/cd-action/metadata@v1', `uses: ${uses}`));
  const git = gitIn(repository, { GIT_AUTHOR_DATE: '2023-01-01T23:30:00Z', GIT_COMMITTER_DATE: '2023-01-01T23:30:00Z' });
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/tasks');
  writeFileSync(join(repository, 'Dockerfile'), 'FROM scratch\n');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A service');
  git('tag', 'v1.2.3');
  git('checkout', '--quiet', 'v1.2.3');
  const sha = git('rev-parse', 'HEAD').trim();
  const payload = { ref: 'refs/tags/v1.2.3', repository: { default_branch: 'main', name: 'tasks', full_name: 'acme/tasks', html_url: 'https://github.com/acme/tasks', description: 'Things "to do"', license: { spdx_id: 'MIT' } } };
  writeFileSync(join(at, 'event.json'), JSON.stringify(payload));
  const more = ['--eventpath', join(at, 'event.json'), '--env', `RESULTS=${results}`, '--env', 'QUAY=false', '--env', 'GITHUB_API_URL=http://127.0.0.1:1'];
  const result = await startAct({ workflow, repository, action, cache: at, more }).ended;
  assert.equal(result.code, 0, result.text());
  const read = (name) => readFileSync(join(results, name), 'utf8');
  const steps = Object.fromEntries(['PLAIN', 'FULL', 'GIT', 'WRONG'].map((name) => [name.toLowerCase(), JSON.parse(read(`${name}.json`))]));
  const variables = Object.fromEntries(read('variables').split('\0').filter(Boolean).map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  return { ...steps, variables, bake: JSON.parse(read('bake.json')), sha, result };
}

for (const uses of ['./metadata', 'org/cd-action/metadata@v1']) {
  test(`a workflow with \`uses: ${uses}\` gets what its rules say, and later steps and jobs read it`, { skip, timeout: 120_000 }, async (t) => {
    const { plain, full, git, wrong, variables, bake, sha, result } = await pushed(t, uses);
    assert.equal(plain.outputs.tags, 'acme/plain:v1.2.3\nacme/plain:latest');

    const names = ['1.2.3-alpine', '1.2-alpine', '1.2.3-py', 'line-1.2-alpine', 'v1.2.3', 'built-2023-01-02-alpine', `commit-${sha}-alpine`, 'latest-alpine'];
    const references = ['acme/tasks', 'ghcr.io/acme/tasks'].flatMap((image) => names.map((name) => `${image}:${name}`));
    assert.equal(full.outputs.version, '1.2.3-alpine');
    assert.equal(full.outputs['tag-names'], names.join(','));
    assert.equal(full.outputs.tags, references.join(','));
    const labels = Object.fromEntries(full.outputs.labels.split(';').map((line) => line.split('=')));
    assert.equal(labels.maintainer, 'anna');
    assert.equal(labels['org.opencontainers.image.vendor'], 'Acme, Inc.');
    assert.equal(labels['made.of'], sha.slice(0, 10));
    assert.equal(labels['org.opencontainers.image.revision'], sha);
    assert.equal(labels['org.opencontainers.image.description'], 'Things "to do"');
    const annotations = full.outputs.annotations.split(' | ');
    assert.ok(annotations.includes('manifest:made.of=v1.2.3') && annotations.includes('index:made.of=v1.2.3'), full.outputs.annotations);
    assert.deepEqual(JSON.parse(full.outputs.json).tags, references);
    assert.deepEqual(bake.target.release.tags, references);
    assert.deepEqual(bake.target.release.args, { DOCKER_META_IMAGES: 'acme/tasks,ghcr.io/acme/tasks', DOCKER_META_VERSION: '1.2.3-alpine' });
    assert.deepEqual(bake.target.release.labels, JSON.parse(full.outputs.json).labels);

    // The last step that exports them is `full`: `git` was told not to, and `wrong` failed.
    assert.equal(Object.keys(variables).length, 10);
    assert.equal(variables.DOCKER_METADATA_OUTPUT_TAGS, full.outputs.tags);
    assert.equal(git.outputs.tags, 'acme/git:v1.2.3\nacme/git:latest');
    assert.deepEqual([wrong.outcome, wrong.conclusion, wrong.outputs], ['failure', 'success', {}]);
    assert.ok(result.said(/Unknown tag type attribute: nothing/), result.text());
    assert.ok(result.said(/next: version=1\.2\.3-alpine/), result.text());
    const summaries = result.lines().filter((line) => line.command === 'summary').map((line) => line.content);
    assert.ok(summaries.some((text) => text.includes('type=semver,pattern={{major}}.{{minor}}')), result.text());
  });
}
