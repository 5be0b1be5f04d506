// Every workflow of this repository, of its examples, of its tests and in its documents is one that actionlint and zizmor have nothing to
// say about. Without a network: what zizmor would ask GitHub stays unasked.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import test from 'node:test';

import { ENV, ROOT, run } from './lib.mjs';
import { findActionlint, findZizmor, without } from './bin/tools.mjs';

const [ACTIONLINT, ZIZMOR] = [findActionlint(), findZizmor()];
const skip = without(ACTIONLINT, ZIZMOR);

/** A repository with these workflows, `{ name: text }`, and the action in it: what both programs say, where it is something. */
async function complaints(t, workflows) {
  assert.ok(ACTIONLINT && ZIZMOR, 'there are actionlint and zizmor; the continuous integration requires them');
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-lint-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const folder = join(dir, '.github', 'workflows');
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(workflows)) writeFileSync(join(folder, name), text);
  cpSync(join(ROOT, 'action.yml'), join(dir, 'action.yml'));
  cpSync(join(ROOT, 'dist'), join(dir, 'dist'), { recursive: true });
  execFileSync('git', ['-C', dir, 'init', '--quiet'], { env: ENV });
  const files = Object.keys(workflows).map((name) => join(folder, name));
  const config = join(ROOT, '.github', 'zizmor.yml');
  const said = [];
  for (const argv of [[...ACTIONLINT, ...files], [...ZIZMOR, '--offline', '--no-progress', '--quiet', '--config', config, ...files]]) {
    const { code, stdout, stderr } = await run(argv, { cwd: dir });
    if (code !== 0) said.push(`${basename(argv.find((word) => !/=|^env$/.test(word)))} ends with ${code}\n${stdout}${stderr}`);
  }
  return said.join('\n');
}

const read = (...path) => readFileSync(join(ROOT, ...path), 'utf8');

/** The workflows of a folder by name; `edit` may change their text. */
function folder(path, edit = (text) => text) {
  const names = readdirSync(join(ROOT, path)).filter((name) => name.endsWith('.yml'));
  assert.ok(names.length > 0, `${path} has workflows`);
  return Object.fromEntries(names.map((name) => [name, edit(read(path, name))]));
}

for (const [path, edit] of [
  ['.github/workflows'], ['docs/examples/github'], ['docs/examples/github/reusable'], ['tests/e2e/workflows'],
  // GitHub knows actions by owner and name alone, and both programs are GitHub's.
  ['docs/examples/forgejo', (text) => text.replaceAll('uses: https://github.com/', 'uses: ')],
]) {
  test(`workflows are sound: ${path}`, { skip }, async (t) => assert.equal(await complaints(t, folder(path, edit)), ''));
}

const documents = () => ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...markdown('docs')];

function markdown(path) {
  return readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.md'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** The workflows among a document's blocks of YAML; a list of steps becomes one. */
function workflowsIn(text) {
  const blocks = [...text.matchAll(/^```ya?ml\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  return blocks.flatMap((block) => {
    if (/^jobs:/m.test(block)) return [block];
    if (!/^\s*- uses:/.test(block)) return [];
    const indent = /^ */.exec(block)[0].length;
    const steps = block.split('\n').map((line) => `      ${line.slice(indent)}`.trimEnd()).join('\n');
    return [`on: push\npermissions: { contents: read }\njobs:\n  steps:\n    runs-on: ubuntu-latest\n    steps:\n${steps}\n`];
  });
}

test('workflows in documents are sound', { skip }, async (t) => {
  const found = {};
  for (const path of documents()) {
    workflowsIn(read(path)).forEach((text, at) => { found[`${path.replaceAll('/', '-')}-${at + 1}.yml`] = text; });
  }
  assert.ok(Object.keys(found).filter((name) => name.startsWith('README')).length >= 2, `README has workflows: ${Object.keys(found)}`);
  assert.equal(await complaints(t, found), '');
});

test('both programs would say something', { skip }, async (t) => {
  const bad = 'on: pull_request_target\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: echo ${{ github.head_ref }} ${{ nobody.knows }}\n';
  const said = await complaints(t, { 'bad.yml': bad });
  assert.match(said, /actionlint ends with/);
  assert.match(said, /zizmor ends with/);
  assert.match(said, /unpinned-uses/);
});

test('every example is in the list of examples, and every link of the three pages leads somewhere', () => {
  const linked = (page) => [...read(page).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, target]) => join(ROOT, page, '..', target));
  for (const page of ['docs/examples/README.md', 'docs/platforms.md', 'README.md']) {
    for (const target of linked(page)) assert.ok(existsSync(target), `${page} links to ${relative(ROOT, target)}`);
  }
  const listed = linked('docs/examples/README.md');
  const files = readdirSync(join(ROOT, 'docs/examples'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile() && entry.name !== 'README.md');
  for (const file of files) assert.ok(listed.includes(join(file.parentPath, file.name)), `docs/examples/README.md lists ${file.name}`);
});
