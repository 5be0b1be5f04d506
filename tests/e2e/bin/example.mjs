// A team that took an example as it is: its files in a repository of theirs, with a service and a configuration. What is changed is what
// a team changes: names, addresses, and (here) the engine at hand for the hosts that ssh leads to.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { docker, ENV, inside, place, REGISTRY, ROOT, run } from '../lib.mjs';
import { clear } from './settled.mjs';

export const EXAMPLES = join(ROOT, 'docs', 'examples');
/** What the examples hand on as secrets. Nothing here asks for them, and nothing may say them. */
export const SECRETS = { SSH_KEY: 'an-ssh-key-of-staging', HOST_KEYS: 'staging.example ssh-ed25519 AAAAexample', REGISTRY_USER: 'anna', REGISTRY_TOKEN: 'a-token-of-the-registry' };
const MANIFESTS = ['vnd.oci.image.index.v1', 'vnd.oci.image.manifest.v1', 'vnd.docker.distribution.manifest.v2'].map((it) => `application/${it}+json`).join(', ');

/**
 * The repository: `files` by their path in it, each named as in docs/examples; `config` is what becomes cd.yml.
 * `edit` may change a file's text once more.
 */
export async function example(t, name, { config, files, edit = (text) => text }) {
  const [staging, production] = [place(name), place(name, { environment: 'production' })];
  const dir = mkdtempSync(join(staging.dir, 'repository-'));
  const image = `${REGISTRY}/examples/${staging.service}`;
  t.after(async () => {
    for (const here of [staging, production]) await clear(here);
    const names = (await docker('image', 'ls', '--filter', `reference=${image}`, '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
    for (const line of names.filter((it) => it && !it.endsWith(':<none>'))) await run(['docker', 'image', 'rm', '-f', '--no-prune', line]);
  });
  const write = (path, text) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  };
  const git = (...args) => execFileSync('git', ['-C', dir, '-c', 'user.name=anna', '-c', 'user.email=anna@example.org', ...args], { env: ENV, encoding: 'utf8', stdio: 'pipe' }).trim();

  write('cd.yml', ours(readFileSync(join(EXAMPLES, config), 'utf8'), { image, staging, production }));
  for (const [path, from] of Object.entries(files)) write(path, edit(readFileSync(join(EXAMPLES, from), 'utf8')));
  write('Dockerfile', `FROM ${REGISTRY}/demo/tasks:v1\nCOPY what /what\n`);
  write('Makefile', 'test:\n\t@echo the tests of the team\n');
  write('.gitignore', '.cd-action\n.gitlab-ci-local\nrelease.env\n');
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/tasks');

  const it = {
    dir, image, staging, production, git, service: staging.service,
    commit(what) {
      write('what', `${what}\n`);
      git('add', '--all');
      git('commit', '--quiet', '--message', what);
      return git('rev-parse', 'HEAD');
    },
    /** The command line in one file, where the examples have it. */
    vendor() {
      mkdirSync(join(dir, 'ci'), { recursive: true });
      copyFileSync(packed().single, join(dir, 'ci', 'cd-action.cjs'));
    },
    /** What is published: nothing else of the project is there. */
    action() {
      const action = mkdtempSync(join(staging.dir, 'action-'));
      cpSync(join(ROOT, 'action.yml'), join(action, 'action.yml'));
      cpSync(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true });
      return action;
    },
    async digest(tag) {
      const { stdout } = await inside(['curl', '-sI', '-H', `Accept: ${MANIFESTS}`, `http://${REGISTRY}/v2/${image.slice(REGISTRY.length + 1)}/manifests/${tag}`]);
      return /^docker-content-digest: (\S+)/im.exec(stdout)?.[1] ?? null;
    },
    /** In an environment serves the image of this commit, which the registry has under `version`, and calls itself `answer`. */
    async serves(here, revision, version = `sha-${revision}`, answer = version) {
      assert.deepEqual(await here.ask(), { status: 200, version: answer }, `${here.environment} answers`);
      const format = '{{index .Config.Labels "org.opencontainers.image.revision"}} {{.Image}}';
      const filters = [`label=cd-action.service=${it.service}`, 'label=cd-action.role=instance', `name=${here.prefix}`].flatMap((filter) => ['--filter', filter]);
      const names = (await docker('ps', ...filters, '--format', '{{.Names}}')).split('\n').filter(Boolean);
      assert.equal(names.length, 1, `${here.environment} has one instance: ${names}`);
      const [label, id] = (await docker('inspect', '--format', format, names[0])).split(' ');
      assert.equal(label, revision, 'what runs was built of the commit');
      const digests = await docker('image', 'inspect', '--format', '{{join .RepoDigests " "}}', id);
      assert.ok(digests.includes(`${image}@${await it.digest(version)}`), `what runs is what the registry has: ${digests}`);
    },
    async servesNothing(here) {
      assert.equal((await here.ask()).status, 0, `nothing is in ${here.environment}`);
    },
  };
  return it;
}

/** The example's configuration with our names; that each line is there to be changed is part of the test. */
function ours(text, { image, staging, production }) {
  const change = (from, to) => {
    assert.match(text, from);
    text = text.replace(from, to);
  };
  change(/^service: tasks$/m, `service: ${staging.service}\nrouter: { image: "cd-action-router:2.6" }`);
  change(/ghcr\.io\/acme\/tasks/, image);
  change(/^ {4}listen: .*\n/m, '');
  for (const here of [staging, production]) change(/^ {4}target: \{ docker: .*$/m, `    listen: "127.0.0.1:${here.port}"\n    bake: { for: 0s }\n    drain: 0s`);
  change(/^ {2}http: .*$/m, (line) => `${line}\n  every: 200ms\n  successes: 2`);
  return text;
}

let made;
/** What `make package` makes, once for all tests of a process: the one file, and the package as npm packs it. */
export function packed() {
  if (made === undefined) {
    if (!existsSync(join(ROOT, 'action', 'node_modules', 'esbuild'))) execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: join(ROOT, 'action'), env: ENV, stdio: 'pipe' });
    const dir = mkdtempSync(join(ENV.CD_PARTS, 'run', 'packed-'));
    execFileSync(ENV.CD_NODE, [join(ROOT, 'action', 'pack.mjs'), dir], { env: ENV, stdio: 'pipe' });
    const name = execFileSync('npm', ['pack', './npm', '--ignore-scripts', '--silent'], { cwd: dir, env: ENV, encoding: 'utf8' }).trim();
    process.on('exit', () => rmSync(dir, { recursive: true, force: true }));
    made = { single: join(dir, 'cd-action.cjs'), tarball: join(dir, name) };
  }
  return made;
}
