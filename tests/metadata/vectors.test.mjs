// Every case that the older action's own program produced, through the file that a runner starts: outputs, variables, bake files, annotations, exit.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import test from 'node:test';

import { CONCURRENCY, ROOT, step } from './lib.mjs';

const VECTORS = JSON.parse(readFileSync(join(ROOT, 'tests/vectors/metadata-sample.json'), 'utf8'));
// Cases of our own in the same form, for what the others never compare.
const OWN = JSON.parse(readFileSync(join(ROOT, 'tests/vectors/metadata-own.json'), 'utf8'));
const OUTPUTS = ['version', 'tags', 'tag-names', 'labels', 'annotations', 'json', 'bake-file-tags', 'bake-file-labels', 'bake-file-annotations', 'bake-file'];
const NOTHING = ['No Docker image version has been generated. Check tags input.', 'No Docker tag has been generated. Check tags input.'];

test('each case is as expected', { concurrency: CONCURRENCY }, async (t) => {
  await Promise.all([...VECTORS, ...OWN].map((vector) => t.test(vector.id, async (t) => {
    const { event, env, now, inputs, expect } = vector;
    const result = await step(t, { event, env, now, inputs, git: vector.git_setup });
    assert.equal(result.code, expect.exit, `${result.stdout}\n${result.stderr}`);
    assert.equal(result.stderr, '');
    assert.equal(result.state, '', 'no later step is to know of this one');
    if (expect.exit === 0) derived(result, vector);
    else refused(result, vector);
  })));
});

test('the cases are those of the file', () => {
  assert.equal(VECTORS.length, 95);
  assert.equal(new Set([...VECTORS, ...OWN].map(({ id }) => id)).size, 95 + OWN.length);
  const compared = new Set([...VECTORS, ...OWN].flatMap(({ expect }) => Object.keys(expect)));
  for (const member of ['error', 'warnings', 'env_exports', 'label_order', 'raw_labels_output']) assert.ok(compared.has(member), `${member} is compared nowhere`);
});

function derived(result, { inputs, expect }) {
  const { outputs, variables } = result;
  assert.deepEqual(Object.keys(outputs), OUTPUTS);
  const json = JSON.parse(outputs.json);
  assert.deepEqual(Object.keys(json), ['tags', 'tag-names', 'labels', 'annotations']);
  const found = {
    version: outputs.version,
    tags: json.tags,
    tag_names: json['tag-names'],
    labels: json.labels,
    label_order: pairs(outputs.labels, inputs['sep-labels']).map((line) => line.slice(0, line.indexOf('='))),
    annotations: json.annotations,
    raw_tags_output: outputs.tags,
    raw_labels_output: outputs.labels,
    raw_annotations_output: outputs.annotations,
    warnings: result.warnings,
    env_exports: variables,
    files: files(outputs),
  };
  for (const [name, expected] of Object.entries(expect)) {
    if (name !== 'exit') assert.deepEqual(found[name], expected, name);
  }
  assert.deepEqual(result.errors, []);
  if (expect.warnings === undefined) {
    assert.deepEqual(NOTHING.every((words) => result.warnings.includes(words)), expect.tags.length === 0 && expect.version === '');
  }
  if (expect.env_exports === undefined) twins(outputs, variables);
  consistent(outputs, json, inputs);
  explained(result, json);
}

/** The bake files, which are there when the step has ended. */
function files(outputs) {
  const names = OUTPUTS.filter((name) => name.startsWith('bake-file'));
  return Object.fromEntries(names.map((name) => [name, { basename: basename(outputs[name]), json: JSON.parse(readFileSync(outputs[name], 'utf8')) }]));
}

function twins(outputs, variables) {
  const expected = OUTPUTS.map((name) => [`DOCKER_METADATA_OUTPUT_${name.toUpperCase().replaceAll('-', '_')}`, outputs[name]]);
  assert.deepEqual(Object.entries(variables), expected);
}

/** The same in every place. */
function consistent(outputs, json, inputs) {
  assert.deepEqual(pairs(outputs.tags, inputs['sep-tags']), json.tags);
  assert.deepEqual(pairs(outputs['tag-names'], inputs['sep-tags']), json['tag-names']);
  const target = (name) => Object.values(files(outputs)[name].json.target)[0];
  assert.deepEqual(target('bake-file-tags').tags, json.tags);
  assert.deepEqual(target('bake-file-labels').labels, json.labels);
  assert.deepEqual(target('bake-file-annotations').annotations, json.annotations);
  assert.deepEqual(target('bake-file'), { ...target('bake-file-tags'), ...target('bake-file-labels') });
}

/** Each tag has a rule, in the log, in the explanation and in the summary. */
function explained(result, json) {
  const path = join(dirname(result.outputs['bake-file']), 'explanation.json');
  const explanation = JSON.parse(readFileSync(path, 'utf8'));
  assert.deepEqual(explanation.tags.map(({ name }) => name), json['tag-names']);
  assert.ok(explanation.rules.length > 0);
  for (const { name, rule } of explanation.tags) {
    assert.notEqual(rule, '');
    assert.ok(result.shown.some((line) => line.includes(name)), name);
    assert.ok(result.summary.includes(name), name);
  }
  for (const { rule, outcome } of explanation.rules) {
    if (outcome.type === 'nothing') assert.ok(result.shown.some((line) => line.includes('made nothing')), rule);
  }
}

function refused(result, { expect }) {
  assert.deepEqual([result.outputs, result.variables], [{}, {}]);
  assert.ok(result.errors.length > 0, result.stdout);
  for (const { properties } of result.errors) assert.match(properties.title, /^(?:[a-z-]+|[A-Z_]+)(?:, line \d+)?$/);
  if (expect.error !== undefined) assert.ok(result.errors.some(({ data }) => data === expect.error), result.stdout);
  assert.match(result.summary, /^### No tag was derived/);
}

function pairs(text, separator) {
  return text === '' ? [] : text.split(separator === undefined || separator === '' ? '\n' : separator);
}
