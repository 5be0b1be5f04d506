// Names, labels and payloads that try to be commands of the runner, to end what they stand in, or to be something else.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'node:test';

import { CONCURRENCY, step } from './lib.mjs';

const SHA = '860c1904a1ce19322e91ac35af1ab07466440c37';
/** What this program may ask of a runner. */
const ALLOWED = ['add-mask', 'group', 'endgroup', 'warning', 'error'];
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

const TEXTS = [
  'main\n::set-output name=tags::evil',
  'main\r\n::add-mask::main',
  'main\r::set-env name=PATH::/evil',
  '##[set-output name=tags;]evil',
  'x##[add-path]/evil',
  ' ::stop-commands::x',
  'a%0A::error::b',
  'EOF\nPATH=/evil\nEOF',
  'tags<<EOF\nevil\nEOF',
  '$(touch /tmp/pwned)`id`;&|><*?~!{}[]',
  '--help',
  '../../etc/passwd',
  '\u202emain\u2066',
  '\u001b]0;title\u0007\u001b[2J',
  '{{branch}}{{sha}}',
  '<script>alert(1)</script>|`code`|@everyone',
  '"],"tags":["evil"]',
  'é日本語🚀',
  'a'.repeat(255),
];

const event = (over) => ({ name: 'push', ref: 'refs/heads/main', sha: SHA, payload: { repository: { default_branch: 'main' } }, ...over });

/** What holds whatever the texts are. */
function harmless(result, text) {
  const told = `${JSON.stringify(text)}\n${result.stdout}\n${result.stderr}`;
  assert.deepEqual(result.commands.map(({ name }) => name).filter((name) => !ALLOWED.includes(name)), [], told);
  assert.ok(result.commands.filter(({ name }) => name === 'add-mask').length === 0, told);
  assert.ok(!/\u001b\[2J|\u0007/.test(result.stdout), told);
  assert.ok(!result.summary.includes('<script>') && !result.summary.includes('@everyone'), told);
  if (result.code !== 0) return assert.deepEqual([result.outputs, result.variables], [{}, {}], told);
  assert.equal(Object.keys(result.outputs).length, 10, told);
  assert.ok(Object.keys(result.variables).every((name) => name.startsWith('DOCKER_METADATA_OUTPUT_')), told);
  for (const tag of JSON.parse(result.outputs.json)['tag-names']) assert.match(tag, TAG, told);
  const folder = dirname(result.outputs['bake-file']);
  JSON.parse(readFileSync(join(folder, 'explanation.json'), 'utf8'));
  assert.ok(folder.startsWith(`${result.temp}/cd-action/`), told);
}

test('a ref is data, whatever is in it', { concurrency: CONCURRENCY }, async (t) => {
  const rows = TEXTS.flatMap((text) => [['branch', `refs/heads/${text}`], ['tag', `refs/tags/${text}`]].map(([kind, ref]) => [kind, ref, text]));
  await Promise.all(rows.map(([kind, ref, text], nth) => t.test(`${kind} ${nth}`, async (t) => {
    const tags = ['type=ref,event=branch', 'type=ref,event=tag', 'type=raw,value={{branch}}{{tag}}', 'type=semver,pattern={{raw}}', 'type=match,pattern=.*'];
    const result = await step(t, { event: event({ ref }), inputs: { images: 'acme/app', tags, labels: 'branch={{branch}}\ntag={{tag}}' } });
    assert.equal(result.code, 0, result.stdout);
    harmless(result, text);
  })));
});

test('labels, rules and payloads are data, whatever is in them', { concurrency: CONCURRENCY }, async (t) => {
  await Promise.all(TEXTS.map((text, nth) => t.test(`text ${nth}`, async (t) => {
    const quoted = `"note=${text.replaceAll('"', '""')}"`;
    const payload = { repository: { name: text, description: text, html_url: text, default_branch: text, license: { spdx_id: text } }, number: text, base_ref: text };
    const result = await step(t, {
      event: event({ payload, repository: 'acme/app' }),
      inputs: { images: 'acme/app', labels: quoted, annotations: quoted, tags: ['type=sha', `type=raw,value=${text}`], 'sep-labels': text, 'bake-target': text },
    });
    harmless(result, text);
  })));
});

test('mistakes quote what is wrong without obeying it', { concurrency: CONCURRENCY }, async (t) => {
  await Promise.all(TEXTS.map((text, nth) => t.test(`text ${nth}`, async (t) => {
    const result = await step(t, { event: event(), inputs: { context: `no ${text}`, images: `A ${text}`, tags: `type=${text}`, flavor: text } });
    assert.equal(result.code, 1, result.stdout);
    harmless(result, text);
  })));
});

test('a value with the words that end values is one value', async (t) => {
  const value = 'a\ncd_00000000000000000000000000000000\nghadelimiter_x\nEOF\ntags=evil\n\n';
  const result = await step(t, { event: event(), inputs: { images: 'acme/app', labels: `"note=${value}"` } });
  assert.equal(result.code, 0, result.stdout);
  assert.ok(result.outputs.labels.includes(`note=${value.trimEnd()}`), result.outputs.labels);
  assert.equal(result.outputs.tags, 'acme/app:main');
  assert.equal(result.variables.DOCKER_METADATA_OUTPUT_LABELS, result.outputs.labels);
  assert.equal(JSON.parse(result.outputs.json).labels.note, 'a');
});
