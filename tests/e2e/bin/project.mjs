// A project that is released: a repository with a Dockerfile, and a registry of its own in front of the tests' registry.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CLI, docker, ENV, inside, REGISTRY, removeRuns, ROOT, run, until } from '../lib.mjs';

const INSIDE = join(ROOT, 'tests', 'parts', 'exec');
const TYPES = ['vnd.oci.image.index.v1', 'vnd.oci.image.manifest.v1', 'vnd.docker.distribution.manifest.list.v2', 'vnd.docker.distribution.manifest.v2'].map((it) => `application/${it}+json`).join(', ');

/** The rules of tags that most tests want. */
export const TAGS = ['type=semver,pattern={{version}}', 'type=semver,pattern={{major}}.{{minor}}', 'type=sha,format=long', 'type=ref,event=branch'].join('\n');

let count = 0;

/** A repository of images of its own, in a working tree of its own. Call `end()` when done. */
export function project(name, { registry = REGISTRY } = {}) {
  const dir = mkdtempSync(join(tmpdir(), `cd-e2e-${name}-`));
  count += 1;
  const path = `e2e/${name}-${process.pid}-${count}`;
  const it = {
    dir,
    path,
    service: `${name}-${process.pid}-${count}`.slice(0, 39),
    image: `${registry}/${path}`,
    env: {},
    /** Variables that `tests/parts/exec` would set otherwise; no secrets, for they stand in a command line. */
    settings: {},
    /** The configuration; JSON is YAML. */
    config(overrides = {}) {
      const config = {
        service: it.service, image: it.image, build: { docker: {} }, tags: TAGS,
        run: { port: 8000 }, environments: { staging: {} }, ...overrides,
      };
      writeFileSync(join(dir, 'cd.yml'), JSON.stringify(config, null, 2));
      return it;
    },
    async git(...args) {
      const { code, stdout, stderr } = await run(['git', '-c', 'user.email=a@example.org', '-c', 'user.name=a', ...args], { cwd: dir, env: { ...ENV, ...it.date } });
      if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    },
    /** A new commit, `minutes` after noon; its name. */
    async commit(minutes, tag) {
      const time = new Date(Date.UTC(2024, 0, 2, 12, minutes)).toISOString();
      it.date = { GIT_AUTHOR_DATE: time, GIT_COMMITTER_DATE: time };
      writeFileSync(join(dir, 'what'), `${it.path} at ${time}\n`);
      await it.git('add', '-A');
      await it.git('commit', '-qm', `at ${time}`);
      if (tag) await it.git('tag', tag);
      return it.git('rev-parse', 'HEAD');
    },
    /** Starts the shipped command line where the registry is: `{ child, ended, output }`. */
    start(...args) {
      const before = new Set(reports());
      const settings = Object.entries(it.settings).map(([key, value]) => `${key}=${value}`);
      const child = spawn(INSIDE, ['env', ...settings, 'node', CLI, ...args], { cwd: dir, env: { ...ENV, ...it.env }, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (data) => { stdout += data; });
      child.stderr.on('data', (data) => { stderr += data; });
      const ended = new Promise((resolve) => child.on('close', (code, signal) => {
        const fresh = reports().filter((file) => !before.has(file)).pop();
        const report = fresh ? JSON.parse(readFileSync(fresh, 'utf8')) : null;
        resolve({ code, signal, stdout, stderr, report, outcome: report?.outcome, reason: report?.reason });
      }));
      return { child, ended, output: () => stdout + stderr };
    },
    cd: (...args) => it.start(...args).ended,
    /** The outputs of the last run, as the dotenv file has them. */
    outputs() {
      const lines = readFileSync(join(dir, '.cd-action', 'outputs.env'), 'utf8').trim().split('\n');
      return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)).map(([key, value]) => [key, value.startsWith('"') ? JSON.parse(value) : value]));
    },
    /** The digest that the real registry has under a tag; `null`: none. */
    async digest(tag, { name = path } = {}) {
      const { stdout } = await inside(['curl', '-sI', '-H', `Accept: ${TYPES}`, `http://${REGISTRY}/v2/${name}/manifests/${tag}`]);
      if (!/^HTTP\/1.1 200/.test(stdout)) return null;
      return /^docker-content-digest: (\S+)/im.exec(stdout)[1];
    },
    /** What people ask for: not the name under which images are sent. */
    async tags({ name = path } = {}) {
      const { stdout } = await inside(['curl', '-s', `http://${REGISTRY}/v2/${name}/tags/list`]);
      return (JSON.parse(stdout).tags ?? []).filter((tag) => tag !== 'cd-upload').sort();
    },
    /** What the image behind a tag says about itself, by the registry. */
    async labels(tag) {
      const ask = async (what) => JSON.parse((await inside(['curl', '-s', '-H', `Accept: ${TYPES}`, `http://${REGISTRY}/v2/${path}/${what}`])).stdout);
      const manifest = await ask(`manifests/${tag}`);
      return (await ask(`blobs/${manifest.config.digest}`)).config.Labels ?? {};
    },
    async end() {
      const names = (await docker('image', 'ls', '--filter', `reference=${it.image}`, '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
      const there = names.filter((line) => line && !line.endsWith(':<none>'));
      if (there.length > 0) await run(['docker', 'image', 'rm', '-f', '--no-prune', ...there]);
      removeRuns(dir);
    },
  };
  const reports = () => {
    const folder = join(dir, '.cd-action');
    return existsSync(folder) ? readdirSync(folder).filter((file) => file.startsWith('report-')).sort().map((file) => join(folder, file)) : [];
  };
  writeFileSync(join(dir, 'Dockerfile'), 'FROM scratch\nARG WHAT=nothing\nCOPY what /what\nCMD ["/what"]\n');
  writeFileSync(join(dir, '.gitignore'), '.cd-action\nbin\n');
  return it;
}

/** Whether a project's repository is made, with its first commit. */
export async function begun(name, options) {
  const it = project(name, options);
  await it.git('init', '-q', '-b', 'main');
  it.config(options?.config);
  it.first = await it.commit(0, options?.tag);
  return it;
}

/** A registry with bad days: `{ host, plan(…), requests(), held(name), end() }`; with a port, another server with bad days. */
export async function registryWithBadDays(plan = {}, upstream = undefined) {
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-registry-'));
  mkdirSync(dir, { recursive: true });
  const change = (next) => writeFileSync(join(dir, 'plan.json'), JSON.stringify(next));
  change(plan);
  const program = join(ROOT, 'tests', 'e2e', 'bin', 'registry.mjs');
  const child = spawn(INSIDE, ['node', program, dir, ...(upstream ? [String(upstream)] : [])], { env: ENV, stdio: ['ignore', 'inherit', 'inherit'] });
  const closed = new Promise((resolve) => child.on('close', resolve));
  const port = await until('the registry with bad days', () => existsSync(join(dir, 'port')) && readFileSync(join(dir, 'port'), 'utf8'), { seconds: 20 });
  return {
    host: `127.0.0.1:${port}`,
    plan: change,
    requests: () => (existsSync(join(dir, 'requests')) ? readFileSync(join(dir, 'requests'), 'utf8').trim().split('\n') : []),
    forget: () => writeFileSync(join(dir, 'requests'), ''),
    held: (name) => until(`the request ${name}`, () => existsSync(join(dir, `held-${name}`)), { seconds: 60, every: 10 }),
    async end() {
      child.kill('SIGTERM');
      await closed;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
