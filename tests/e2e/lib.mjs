// What every end-to-end test needs: a place of its own on the tests' own engine, the shipped command line, load, and
// the truth as the engine tells it. Nothing here decides what is right; tests do.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CLI = join(ROOT, 'dist', 'cli.cjs');

const PARTS = process.env.CD_PARTS ?? '/tmp/cd-action-parts';

// The variables of the parts' env file: DOCKER_HOST of the tests' own engine, Node 24 first on PATH, and so on.
export const ENV = (() => {
  const text = readFileSync(join(PARTS, 'env'), 'utf8');
  const env = { ...process.env };
  for (const line of text.split('\n')) {
    const found = /^export ([A-Z_0-9]+)=(.*)$/.exec(line);
    if (found) env[found[1]] = found[2].replace(/^'(.*)'$/, "$1");
  }
  env.PATH = `${dirname(env.CD_NODE)}:${env.PATH}`;
  delete env.CI;
  for (const name of Object.keys(env)) if (name.startsWith('GITHUB_')) delete env[name];
  return env;
})();

export const REGISTRY = '127.0.0.1:5000';
export const image = (tag) => `${REGISTRY}/demo/tasks:${tag}`;
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs a command to its end: `{ code, signal, stdout, stderr }`. */
export function run(argv, { env = ENV, cwd, input, timeout = 120_000 } = {}) {
  return new Promise((resolve) => {
    const child = execFile(argv[0], argv.slice(1), { env, cwd, timeout, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error ? (error.code ?? null) : 0, signal: error?.signal ?? null, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}

/** A command of the tests' own engine; its output, or an error with its words. */
export async function docker(...args) {
  const { code, stdout, stderr } = await run(['docker', ...args]);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** A command inside the network in which the engine publishes its ports. */
export const inside = (argv, options) => run([join(ROOT, 'tests', 'parts', 'exec'), ...argv], options);

let ports = 20_000 + (process.pid % 400) * 50;

/** A service of its own, with a working tree of its own and a port of its own. Call `end()` when done. */
export function place(name, { environment = 'staging', router = '2.6' } = {}) {
  const service = `${name}-${process.pid}`.slice(0, 39);
  const port = ++ports;
  const dir = mkdtempSync(join(tmpdir(), `cd-e2e-${name}-`));
  const here = {
    service,
    environment,
    port,
    dir,
    url: `http://127.0.0.1:${port}`,
    prefix: `cd-${service}.${environment}`,
    /** The configuration; JSON is YAML. `overrides` replaces whole top-level keys; `staging` merges into the environment. */
    config({ run = {}, health = {}, env = {}, ...top } = {}) {
      const config = {
        service,
        router: { image: `cd-action-router:${router}` },
        run: { port: 8000, ...run, env: { APP_VERSION: '{{version}}', ...run.env } },
        health: {
          http: { path: '/health', status: 200, json: { version: '{{version}}' } },
          every: '200ms', timeout: '2s', successes: 2, failures: 3, deadline: '10s', ...health,
        },
        environments: {
          [environment]: { listen: `127.0.0.1:${port}`, bake: { for: '2s', errors: '5%' }, drain: '2s', lease: '5s', ...env },
        },
        ...top,
      };
      writeFileSync(join(dir, 'cd.yml'), JSON.stringify(config, null, 2));
      return here;
    },
    /** Runs the shipped command line to its end; the report is the newest one it wrote. */
    async cd(...args) {
      const begun = start(args);
      return begun.ended;
    },
    /** Starts it and gives the process: `{ child, ended }`. */
    start: (...args) => start(args),
    reports: () => list(dir, 'report-').map((file) => JSON.parse(readFileSync(file, 'utf8'))),
    journals: () => list(dir, 'journal-').map((file) => readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line))),
    /** Every container of this place: `{ name, state, generation, index, image }`, the router apart. */
    async containers() {
      const format = '{{.Names}}\t{{.State}}\t{{.Label "cd-action.role"}}\t{{.Label "cd-action.generation"}}\t{{.Label "cd-action.index"}}\t{{.Label "cd-action.version"}}';
      const text = await docker('ps', '-a', '--no-trunc', '--filter', `label=cd-action.service=${service}`, '--format', format);
      const all = text.split('\n').filter(Boolean).map((line) => {
        const [container, state, role, generation, index, version] = line.split('\t');
        return { name: container, state, role, generation: Number(generation), index: Number(index), version };
      });
      return all.filter((it) => it.role === 'instance').sort((a, b) => a.name.localeCompare(b.name));
    },
    /** A file of the state volume. */
    state: (file) => docker('exec', '-u', '0', `${here.prefix}-router`, 'cat', `/var/lib/cd-action/${file}`),
    /** What HAProxy says now. */
    async runtime(command) {
      const { stdout } = await run(['docker', 'exec', '-i', '-u', '0', `${here.prefix}-router`, 'nc', '127.0.0.1', '9999'], { input: `${command}\n` });
      return stdout;
    },
    /** What users get: `{ status, version }`. */
    async ask(path = '/tasks') {
      const { stdout } = await inside(['curl', '-s', '-m', '5', '-w', '\n%{http_code}', `${here.url}${path}`]);
      const lines = stdout.trim().split('\n');
      const status = Number(lines.pop());
      let version = null;
      try { version = JSON.parse(lines.join('\n')).version ?? null; } catch { /* not ours */ }
      return { status, version };
    },
    /** Load from now on, 100 new connections a second unless told otherwise: `await (await here.load()).stop()` gives the summary. */
    async load({ rate = 100, path = '/tasks', extra = [] } = {}) {
      const record = join(dir, `load-${Date.now()}.jsonl`);
      const argv = [join(ROOT, 'tests', 'parts', 'exec'), join(PARTS, 'bin', 'demo-load'), '--url', `${here.url}${path}`, '--rate', String(rate), '--record', record, '--stop-file', `${record}.stop`, ...extra];
      const child = spawn(argv[0], argv.slice(1), { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
      let out = '';
      child.stdout.on('data', (data) => { out += data; });
      const closed = new Promise((resolve) => child.on('close', resolve));
      await sleep(300);
      return {
        record,
        async stop() {
          writeFileSync(`${record}.stop`, '');
          await closed;
          return JSON.parse(out);
        },
      };
    },
    /** Removes everything of this place. */
    async end() {
      const all = (await docker('ps', '-aq', '--filter', `label=cd-action.service=${service}`)).split('\n').filter(Boolean);
      if (all.length > 0) await docker('rm', '-f', '-v', ...all);
      await run(['docker', 'network', 'rm', here.prefix]);
      await run(['docker', 'volume', 'rm', `${here.prefix}-state`]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  function start(args, { env = ENV } = {}) {
    mkdirSync(dir, { recursive: true });
    const child = spawn('node', [CLI, ...args], { cwd: dir, env: { ...env, ...here.env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    const before = new Set(list(dir, 'report-'));
    const ended = new Promise((resolve) => child.on('close', (code, signal) => {
      const fresh = list(dir, 'report-').filter((file) => !before.has(file)).pop();
      const report = fresh ? JSON.parse(readFileSync(fresh, 'utf8')) : null;
      resolve({ code, signal, stdout, stderr, report, outcome: report?.outcome });
    }));
    return { child, ended, output: () => stdout + stderr };
  }
  here.env = {};
  return here;
}

function list(dir, prefix) {
  const reports = join(dir, '.cd-action');
  try {
    return readdirSync(reports).filter((file) => file.startsWith(prefix)).sort().map((file) => join(reports, file));
  } catch {
    return [];
  }
}
