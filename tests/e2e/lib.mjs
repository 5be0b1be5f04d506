// What every end-to-end test needs: a place of its own on the tests' own engine, the shipped command line, load, and
// the truth as the engine tells it. Nothing here decides what is right; tests do.

import { execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
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
export const docker = (...args) => must('docker', args);

async function must(program, args) {
  const { code, stdout, stderr } = await run([program, ...args]);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** A command inside the network in which the engine publishes its ports. */
export const inside = (argv, options) => run([join(ROOT, 'tests', 'parts', 'exec'), ...argv], options);

// Below the ports that outgoing connections get. Files run side by side, and each has fifty ports that no other has.
let ports = 20_000 + (await ownBlock(240)) * 50;

/** A number below `count` that no other living process has: held by a name in the kernel, which forgets it with the process. */
async function ownBlock(count) {
  for (let tried = 0; tried < count; tried++) {
    const block = (process.pid + tried) % count;
    const held = createServer().unref();
    const free = await new Promise((resolve) => {
      held.once('error', () => resolve(false));
      held.listen(`\0cd-e2e-ports-${block}`, () => resolve(true));
    });
    if (free) return block;
  }
  throw new Error(`all ${count} blocks of ports are held by other tests`);
}

/**
 * A service of its own, with a working tree of its own and a port of its own. Call `end()` when done. `podman` is the path of
 * one whose place it is. A `worker` has no port: what is deployed is asked inside its container, by its own command.
 */
export function place(name, { environment = 'staging', router = '2.6', service = `${name}-${process.pid}`.slice(0, 39), podman, worker = false } = {}) {
  const program = podman ?? 'docker';
  const engine = (...args) => must(program, args);
  const port = ++ports;
  const dir = mkdtempSync(join(tmpdir(), `cd-e2e-${name}-`));
  // What a test that failed has left running: it would keep the test's own process alive.
  const children = new Set();
  const remember = (child) => {
    children.add(child);
    child.on('close', () => children.delete(child));
    return child;
  };
  const here = {
    service,
    environment,
    port,
    dir,
    url: `http://127.0.0.1:${port}`,
    prefix: `cd-${service}.${environment}`,
    worker,
    /** The configuration; JSON is YAML. `overrides` replaces whole top-level keys; `staging` merges into the environment. */
    config({ run = {}, health = {}, env = {}, ...top } = {}) {
      const served = { listen: `127.0.0.1:${port}`, bake: { for: '2s', errors: '5%' } };
      const asked = worker ? { exec: ['/demo-service', 'healthcheck'] } : { http: { path: '/health', status: 200, json: { version: '{{version}}' } } };
      const config = {
        service,
        router: { image: `cd-action-router:${router}` },
        run: { ...(worker ? {} : { port: 8000 }), ...run, env: { APP_VERSION: '{{version}}', ...run.env } },
        health: {
          ...asked,
          every: '400ms', timeout: '2s', successes: 2, failures: 3, deadline: '10s', ...health,
        },
        environments: {
          [environment]: { ...(worker ? { bake: { for: '2s' } } : served), drain: '2s', lease: '5s', ...env },
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
      if (podman) return podmansInstances(engine, service);
      const format = '{{.Names}}\t{{.State}}\t{{.Label "cd-action.role"}}\t{{.Label "cd-action.generation"}}\t{{.Label "cd-action.index"}}\t{{.Label "cd-action.version"}}';
      const text = await docker('ps', '-a', '--no-trunc', '--filter', `label=cd-action.service=${service}`, '--format', format);
      const all = text.split('\n').filter(Boolean).map((line) => {
        const [container, state, role, generation, index, version] = line.split('\t');
        return { name: container, state, role, generation: Number(generation), index: Number(index), version };
      });
      return all.filter((it) => it.role === 'instance').sort((a, b) => a.name.localeCompare(b.name));
    },
    /** A file of the state volume. */
    state: (file) => engine('exec', '-u', '0', `${here.prefix}-router`, 'cat', `/var/lib/cd-action/${file}`),
    /** What HAProxy says now. */
    async runtime(command) {
      const { stdout } = await run([program, 'exec', '-i', '-u', '0', `${here.prefix}-router`, 'nc', '127.0.0.1', '9999'], { input: `${command}\n` });
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
      const child = remember(spawn(argv[0], argv.slice(1), { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] }));
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
      for (const child of children) child.kill('SIGKILL');
      const all = (await engine('ps', '-aq', '--filter', `label=cd-action.service=${service}`)).split('\n').filter(Boolean);
      if (all.length > 0) await engine('rm', '-f', '-v', ...all);
      await run([program, 'network', 'rm', here.prefix]);
      await run([program, 'volume', 'rm', `${here.prefix}-state`]);
      const tags = podman ? [] : (await docker('image', 'ls', '--filter', `reference=cd-action/${service}.*`, '--format', '{{.Repository}}:{{.Tag}}')).split('\n').filter(Boolean);
      if (tags.length > 0) await run(['docker', 'image', 'rm', '--no-prune', ...tags]);
      removeRuns(dir);
    },
  };
  function start(args, { env = ENV } = {}) {
    mkdirSync(dir, { recursive: true });
    const child = remember(spawn('node', [CLI, ...args], { cwd: dir, env: { ...env, ...here.env }, stdio: ['ignore', 'pipe', 'pipe'] }));
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    const before = new Set(list(dir, 'report-'));
    const ended = new Promise((resolve) => child.on('close', (code, signal) => {
      // Others may look meanwhile, and leave reports of their own.
      const fresh = list(dir, 'report-').filter((file) => !before.has(file));
      const named = fresh.filter((file) => basename(file).startsWith(`report-${args[0]}-`));
      const own = named.pop() ?? fresh.pop();
      const report = own ? JSON.parse(readFileSync(own, 'utf8')) : null;
      resolve({ code, signal, stdout, stderr, report, outcome: report?.outcome });
    }));
    return { child, ended, output: () => stdout + stderr };
  }
  here.env = {};
  return here;
}

/** The same as `containers()`: podman's templates know no single label. */
async function podmansInstances(engine, service) {
  const all = JSON.parse(await engine('ps', '-a', '--filter', `label=cd-action.service=${service}`, '--format', 'json') || '[]');
  const label = (it, key) => it.Labels[`cd-action.${key}`];
  return all.filter((it) => label(it, 'role') === 'instance')
    .map((it) => ({ name: it.Names[0], state: it.State, generation: Number(label(it, 'generation')), index: Number(label(it, 'index')), version: label(it, 'version') }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

/** Removes a folder in which runs were. Their journals are kept in CD_JOURNALS, where `run` has them decided again. */
export function removeRuns(dir) {
  if (process.env.CD_JOURNALS) {
    for (const file of journalsUnder(dir)) {
      copyFileSync(file, join(process.env.CD_JOURNALS, `${basename(dir)}-${relative(dir, file).replaceAll('/', '-')}`));
    }
  }
  rmSync(dir, { recursive: true, force: true });
}

function journalsUnder(dir) {
  let entries = [];
  try {
    entries = readdirSync(dir, { withFileTypes: true });
  } catch { /* whoever runs has removed it */ }
  return entries.flatMap((entry) => {
    if (entry.isDirectory()) return journalsUnder(join(dir, entry.name));
    return /^journal-.*\.jsonl$/.test(entry.name) && entry.isFile() ? [join(dir, entry.name)] : [];
  });
}

function list(dir, prefix) {
  const reports = join(dir, '.cd-action');
  try {
    return readdirSync(reports).filter((file) => file.startsWith(prefix)).sort().map((file) => join(reports, file));
  } catch {
    return [];
  }
}

// --- the truth, from three sides ----------------------------------------------------------------------------------

/** Polls until `look` gives something truthy, and gives that; throws after `seconds` with what it was waiting for. */
export async function until(what, look, { seconds = 60, every = 100 } = {}) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s for: ${what}`);
    await sleep(every);
  }
}

/** Does something while users come; they stop coming whatever happens. Also gives every single request of theirs. */
export async function underLoad(here, work, options) {
  const load = await here.load(options);
  let result, users;
  try {
    result = await work();
  } finally {
    users = await load.stop();
  }
  const requests = readFileSync(load.record, 'utf8').trim().split('\n').filter(Boolean).map((line) => JSON.parse(line));
  return { result, users, requests };
}

/** A digest reference of a tag that the engine has. */
export async function byDigest(reference) {
  const repository = reference.replace(/:[^/:]*$/, '');
  const digests = JSON.parse(await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', reference));
  const found = digests.find((it) => it.startsWith(`${repository}@`));
  if (!found) throw new Error(`${reference} has no digest in ${repository}: ${digests}`);
  return found;
}

/** The bodies of the ledger's records, oldest first, as they are at the target. */
export async function ledgerOf(here) {
  const text = await docker('exec', '-u', '0', `${here.prefix}-router`, 'sh', '-c', 'cat /var/lib/cd-action/ledger/* 2>/dev/null || true');
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line).body);
}

/** The versions that were committed here, oldest first. */
export const committedOf = async (here) => (await ledgerOf(here)).filter((it) => it.kind === 'committed').map((it) => it.release.version);

/** The routing table that is written: `{ name, address, weight, backup }`. */
export async function tableOf(here) {
  const lines = (await here.state('haproxy.cfg')).split('\n').map((line) => line.trim().split(/\s+/)).filter(([word]) => word === 'server');
  return lines.map(([, name, address, ...rest]) => ({
    name,
    address: address.replace(/:\d+$/, ''),
    weight: Number(rest[rest.indexOf('weight') + 1]),
    backup: rest.includes('backup'),
  }));
}

/** The servers that HAProxy has: `{ name, address, weight, usable }`. */
export async function serversOf(here) {
  const lines = (await here.runtime('show servers state app')).split('\n');
  const columns = lines.find((line) => line.startsWith('# '))?.slice(2).split(' ') ?? [];
  return lines.filter((line) => / app \d/.test(line)).map((line) => {
    const words = line.split(' ');
    const get = (column) => words[columns.indexOf(column)];
    return {
      name: get('srv_name'),
      address: get('srv_addr'),
      weight: Number(get('srv_uweight')),
      usable: get('srv_op_state') === '2' && get('srv_admin_state') === '0',
    };
  });
}

/** Everything that a run could touch and that a run which touches nothing leaves as it is, as one text to compare. */
export async function everythingOf(here) {
  const lines = async (...args) => (await docker(...args)).split('\n').filter(Boolean).sort();
  const names = await lines('ps', '-a', '--no-trunc', '--filter', `label=cd-action.service=${here.service}`, '--format', '{{.Names}}');
  const format = '{{.Id}} {{.Name}} {{.State.Status}} {{.State.StartedAt}} {{.RestartCount}}';
  const containers = names.length > 0 ? await lines('inspect', '--type', 'container', '--format', format, ...names) : [];
  const files = {};
  if (names.includes(`${here.prefix}-router`)) {
    files.table = await here.state('haproxy.cfg');
    files.ledger = await docker('exec', '-u', '0', `${here.prefix}-router`, 'sh', '-c', 'cd /var/lib/cd-action; cat ledger/* checkpoint 2>/dev/null; true');
    files.servers = await serversOf(here);
  }
  return JSON.stringify({
    containers,
    networks: await lines('network', 'ls', '--filter', `name=${here.prefix}`, '--format', '{{.ID}} {{.Name}}'),
    volumes: await lines('volume', 'ls', '--filter', `name=${here.prefix}`, '--format', '{{.Name}}'),
    images: await lines('image', 'ls', '--filter', `reference=cd-action/${here.service}.*`, '--format', '{{.ID}} {{.Tag}}'),
    ...files,
  }, null, 1);
}

/**
 * What is wrong with the routing, seen from the file, from HAProxy, from the engine and from who answers at each
 * address; empty: the version behind each routed server is the one in the table, and what runs is what is routed.
 */
export async function astrayOf(here) {
  const wrong = [];
  const [table, servers] = [await tableOf(here), await serversOf(here)];
  const key = (it) => `${it.name} ${it.address} ${it.weight}`;
  const usable = servers.filter((it) => it.usable);
  for (const it of table.filter((line) => !usable.some((server) => key(server) === key(line)))) wrong.push(`HAProxy does not have ${key(it)}`);
  for (const it of usable.filter((server) => server.weight > 0 && !table.some((line) => key(line) === key(server)))) wrong.push(`HAProxy has ${key(it)}, which no table names`);
  const routed = new Map(table.map((it) => [it.name.replace(/\.[br]$/, ''), it.address]));
  const containers = await here.containers();
  for (const it of containers) {
    const name = `g${it.generation}-${it.index}`;
    if (it.state !== 'running') wrong.push(`${it.name} is ${it.state}`);
    if (!routed.has(name)) { wrong.push(`${it.name} runs and is not in the table`); continue; }
    const address = await docker('inspect', '--format', `{{(index .NetworkSettings.Networks "${here.prefix}").IPAddress}}`, it.name);
    if (address !== routed.get(name)) wrong.push(`${it.name} is at ${address}, the table says ${routed.get(name)}`);
    const { stdout } = await run(['docker', 'exec', '-i', '-u', '0', `${here.prefix}-router`, 'sh', '-c', `printf 'GET /health HTTP/1.0\\r\\n\\r\\n' | timeout 5 nc ${routed.get(name)} 8000`]);
    const said = /"version":"([^"]*)"/.exec(stdout)?.[1];
    if (said !== it.version) wrong.push(`at ${routed.get(name)} answers ${said}, and ${name} is ${it.version}`);
    routed.delete(name);
  }
  for (const [name, address] of routed) wrong.push(`${name} at ${address} is in the table, and there is no such container`);
  return wrong;
}

/** The same, once the router's checks have caught up with what happened to it: the last word after 15 s at most. */
export async function strayOf(here) {
  let wrong = [];
  await until('the routing to be sound', async () => {
    wrong = await astrayOf(here);
    return wrong.length === 0;
  }, { seconds: 15, every: 300 }).catch(() => {});
  return wrong;
}

/** The journal that a run's report names: `{ now, input }` and `{ outputs }` by turns. */
export const journalOf = (result) => readFileSync(result.report.journal, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

/** What an effect changes at the target, in a word; `null`: nothing. A route says with which weights. */
export function changeOf(effect) {
  if (effect.type !== 'run' || effect.argv[0] !== 'docker') return null;
  const [, verb, second] = effect.argv;
  // Created and started in one.
  if (verb === 'run' && second === '--detach') return `start ${effect.argv[effect.argv.indexOf('--name') + 1]}`;
  if (['create', 'start', 'stop', 'rm', 'rename', 'tag', 'kill', 'cp', 'restart', 'run'].includes(verb)) return `${verb} ${effect.argv.at(-1)}`;
  if (['network', 'volume', 'image'].includes(verb)) return ['inspect', 'ls'].includes(second) ? null : `${verb} ${second}`;
  const script = verb === 'exec' && effect.stdin?.type === 'text' ? effect.stdin.text : '';
  const body = script.slice(script.lastIndexOf('\nmain() {'));
  if (/^route (keep|force)$/m.test(body)) {
    const want = /^printf %s '([^']*)' > "\$S\/\.want"/m.exec(body)?.[1] ?? '';
    const entries = want.split('\n').filter(Boolean).map((line) => line.split(' '));
    return `route ${entries.filter(([, , , , kind]) => kind === 'primary').map(([name, , , weight]) => `${name}=${weight}`).sort().join(' ')}`;
  }
  return /^(append |rm -f|reap )|"\$S\/checkpoint"/m.test(body) ? 'record' : null;
}

/** The changes that were asked for once `words` had been logged as a decision, and when; in order. */
export function changesAfter(journal, words) {
  let at = null;
  const changes = [];
  let now = 0;
  for (const line of journal) {
    now = line.now ?? now;
    for (const output of line.outputs ?? []) {
      if (at === null && output.type === 'emit' && output.emit.type === 'log' && output.emit.text.startsWith(words)) at = now;
      const change = at !== null && output.type === 'effect' ? changeOf(output.effect) : null;
      if (change) changes.push({ id: output.id, now, change });
    }
  }
  return { at, changes };
}

/** When an effect came back, by the run's clock. */
export const completedAt = (journal, id) => journal.find((line) => line.input?.type === 'completed' && line.input.id === id)?.now;
