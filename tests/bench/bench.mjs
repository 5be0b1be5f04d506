// The measurements. Everything is measured in one run, by turns, and compared by medians: absolute times are this
// machine's of now, ratios travel.

import { spawn } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

import { measureMetadata } from './metadata.mjs';
import { measureRelease } from './release.mjs';
import { byDigest, docker, ENV, place, REGISTRY, ROOT, run, sleep, until } from '../e2e/lib.mjs';

const RUNS = Number(process.env.BENCH_RUNS ?? 5);
const HERE = join(ROOT, 'tests', 'bench');
const EXEC = join(ROOT, 'tests', 'parts', 'exec');
const RATE = 100;
const IMAGE = (tag) => `${REGISTRY}/bench/tasks:${tag}`;
const GOALS = { outage: 0, deploy: 6, start: 2, metadata: 2, memory: 60, derive: 50, gates: 20, release: 1.15, verify: 60, select: 5, step: 20 };

async function main() {
  await images();
  const contestants = [await plainScript(), await serviceUpdate(), await cdAction()].filter(Boolean);
  const felt = new Map(contestants.map(({ name }) => [name, { good: [], bad: [] }]));
  try {
    for (let nth = 1; nth <= RUNS; nth += 1) {
      for (const it of contestants) {
        for (const kind of ['good', 'bad']) {
          const measured = await deployUnderLoad(it, kind, nth);
          felt.get(it.name)[kind].push(measured);
          say(`run ${nth} of ${RUNS}: ${it.name}, a ${kind} deploy: ${measured.outage} ms of outage, ${measured.failed} of ${measured.sent} requests failed, ${measured.seconds.toFixed(1)} s, exit ${measured.code}`);
        }
      }
    }
  } finally {
    for (const it of contestants) await it.end();
  }
  const waitless = await deployAgainstRun();
  const start = await startAgainstNode();
  print(felt, waitless, start, measureMetadata(ENV.CD_NODE), await measureRelease());
}

// --- what users feel ---------------------------------------------------------------------------------------------

/** A good version by turns, and one that never listens; both with a HEALTHCHECK, every second, three tries. */
async function images() {
  for (const [tag, knobs] of [['1', 'APP_VERSION=1'], ['2', 'APP_VERSION=2'], ['bad', 'APP_VERSION=bad START_DELAY_MS=3600000']]) {
    const dockerfile = `FROM cd-action-demo:checked\nENV ${knobs}\n`;
    const built = await run(['docker', 'build', '-q', '-t', IMAGE(tag), '-'], { env: { ...ENV, DOCKER_BUILDKIT: '0' }, input: dockerfile });
    if (built.code !== 0) throw new Error(built.stderr);
    await docker('push', '-q', IMAGE(tag));
  }
}

/** Every contestant deploys the other good version, then a bad one. */
const good = (nth) => String(1 + (nth % 2));

async function plainScript() {
  const [name, port] = ['cd-action-bench-script', 18_100];
  await docker('run', '-d', '--name', name, '--restart', 'always', '--publish', `127.0.0.1:${port}:8000`, IMAGE(good(0)));
  return {
    name: 'a plain script',
    users: [EXEC, ENV.CD_NODE, join(HERE, 'users.mjs'), `http://127.0.0.1:${port}/tasks`, String(RATE)],
    deploy: (kind, nth) => timed([EXEC, join(HERE, 'plain-script'), name, String(port), IMAGE(kind === 'good' ? good(nth) : 'bad'), IMAGE(good(nth))]),
    expected: { good: 0, bad: 1 },
    end: () => docker('rm', '-f', name),
  };
}

/** Swarm on one node. Its virtual addresses need IPVS in the kernel; its round robin by DNS does not. */
async function serviceUpdate() {
  const [name, network, door] = ['cd-action-bench', 'cd-action-bench', 'cd-action-bench-door'];
  const state = await docker('info', '--format', '{{.Swarm.LocalNodeState}}');
  if (state !== 'active') {
    const init = await run(['docker', 'swarm', 'init', '--advertise-addr', '127.0.0.1']);
    if (init.code !== 0) {
      say(`docker service update: SKIPPED, there is no swarm here: ${init.stderr.trim()}`);
      return null;
    }
  }
  const end = async () => {
    await run(['docker', 'service', 'rm', name]);
    await run(['docker', 'rm', '-f', door]);
    await until('the swarm’s network to go', async () => (await run(['docker', 'network', 'rm', network])).code === 0 || (await docker('network', 'ls', '-q', '--filter', `name=^${network}$`)) === '');
    if (state !== 'active') await run(['docker', 'swarm', 'leave', '--force']);
  };
  try {
    await docker('network', 'create', '--driver', 'overlay', '--attachable', network);
    await docker('service', 'create', '--name', name, '--network', network, '--endpoint-mode', 'dnsrr', '--replicas', '1',
      '--update-order', 'start-first', '--update-failure-action', 'rollback', '--rollback-order', 'start-first', IMAGE(good(0)));
    // Users come from a container of the same network, where the engine's name service answers.
    await docker('run', '-d', '--name', door, '--network', network, '--entrypoint', 'sleep', ENV.CD_ROUTER_IMAGE, '36000');
  } catch (error) {
    await end();
    say(`docker service update: SKIPPED, a service cannot be made here: ${error.message}`);
    return null;
  }
  const pid = await docker('inspect', '--format', '{{.State.Pid}}', door);
  return {
    name: 'docker service update',
    users: ['nsenter', `--net=/proc/${pid}/ns/net`, '--', ENV.CD_NODE, join(HERE, 'users.mjs'), `http://${name}:8000/tasks`, String(RATE), '127.0.0.11'],
    deploy: (kind, nth) => timed(['docker', 'service', 'update', '--quiet', '--image', IMAGE(kind === 'good' ? good(nth) : 'bad'), name]),
    expected: {},
    end,
  };
}

async function cdAction() {
  const here = benchPlace('bench');
  const configure = (nth) => here.config({
    health: { every: '1s', successes: 3, failures: 3, deadline: '10s' },
    // Another value makes another configuration: the same bad one would be rejected the second time.
    run: { env: { BENCH_RUN: String(nth) } },
    env: { bake: { for: '5s', errors: '5%' }, drain: '10s' },
  });
  configure(0);
  const first = await here.cd('deploy', '--image', IMAGE(good(0)));
  if (first.outcome !== 'deployed') throw new Error(first.stderr);
  return {
    name: 'cd-action',
    users: [EXEC, ENV.CD_NODE, join(HERE, 'users.mjs'), `${here.url}/tasks`, String(RATE)],
    deploy: (kind, nth) => {
      configure(nth);
      return timed([ENV.CD_NODE, join(ROOT, 'dist', 'cli.cjs'), 'deploy', '--image', IMAGE(kind === 'good' ? good(nth) : 'bad')], { cwd: here.dir });
    },
    expected: { good: 0, bad: 1 },
    end: () => here.end(),
  };
}

const benchPlace = (name) => place(name, { router: ENV.CD_ROUTER_IMAGE_NEWEST.split(':')[1] });

async function timed(argv, options) {
  const begun = performance.now();
  const result = await run(argv, options);
  return { ...result, seconds: (performance.now() - begun) / 1000 };
}

async function deployUnderLoad(contestant, kind, nth) {
  const [program, ...args] = contestant.users;
  const users = spawn(program, args, { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  users.stdout.on('data', (data) => { said += data; });
  const gone = new Promise((resolve) => users.on('close', resolve));
  await sleep(1500);
  const { code, seconds, stderr } = await contestant.deploy(kind, nth);
  await sleep(1500);
  users.kill('SIGTERM');
  await gone;
  const { sent, failed, longest_outage_ms: outage } = JSON.parse(said);
  const expected = contestant.expected[kind];
  if (expected !== undefined && code !== expected) throw new Error(`${contestant.name}, a ${kind} deploy: exit ${code}, not ${expected}\n${stderr}`);
  if (sent < RATE) throw new Error(`${contestant.name}: only ${sent} users came`);
  return { outage, failed, sent, seconds, code };
}

// --- what it costs -----------------------------------------------------------------------------------------------

/** A deploy with no waits of a service that is well at once, and `docker run -d` of the same image, by turns. */
async function deployAgainstRun() {
  const here = benchPlace('waitless').config({
    run: { env: { STOP_DELAY_MS: '0' } },
    health: { every: '0s', successes: 1, failures: 1, deadline: '10s' },
    env: { bake: { for: '0s', errors: '5%' }, drain: '0s' },
  });
  const pairs = [];
  const bare = 'cd-action-bench-bare';
  const deploy = async (image) => {
    const result = await timed([ENV.CD_NODE, join(ROOT, 'dist', 'cli.cjs'), 'deploy', '--image', image], { cwd: here.dir });
    if (result.code !== 0) throw new Error(result.stderr);
    return result.seconds;
  };
  try {
    for (const version of ['1', '2']) await deploy(IMAGE(version));
    // As `release` hands it over: by digest.
    const named = await Promise.all(['1', '2'].map((version) => byDigest(IMAGE(version))));
    for (let nth = 0; nth < 11; nth += 1) {
      const image = named[nth % 2];
      const started = await timed(['docker', 'run', '-d', '--name', bare, image]);
      await docker('rm', '-f', bare);
      pairs.push({ ours: await deploy(image), theirs: started.seconds });
    }
  } finally {
    await run(['docker', 'rm', '-f', bare]);
    await here.end();
  }
  return compare(pairs);
}

/** From the start of the process to the first effect of `plan`, and the whole of `node -e 0`, by turns. */
async function startAgainstNode() {
  const here = benchPlace('start').config();
  const config = join(here.dir, 'cd.yml');
  const env = { ...ENV, BENCH_CONFIG: config };
  const plan = ['--require', join(HERE, 'first-effect.cjs'), join(ROOT, 'dist', 'cli.cjs'), 'plan', '--config', config, '--image', IMAGE('1')];
  const pairs = [];
  try {
    for (let nth = 0; nth < 32; nth += 1) {
      const empty = process.hrtime.bigint();
      await run([ENV.CD_NODE, '-e', '0']);
      const theirs = Number(process.hrtime.bigint() - empty) / 1e9;
      const begun = process.hrtime.bigint();
      const { stderr } = await run([ENV.CD_NODE, ...plan], { env, cwd: here.dir });
      const at = /first effect at (\d+)/.exec(stderr);
      if (!at) throw new Error(`the first effect was not seen: ${stderr}`);
      // The first pair warms the disk's cache.
      if (nth > 0) pairs.push({ ours: Number(BigInt(at[1]) - begun) / 1e9, theirs });
    }
  } finally {
    await here.end();
  }
  return compare(pairs);
}

const compare = (pairs) => ({
  pairs: pairs.length,
  ours: median(pairs.map(({ ours }) => ours)),
  theirs: median(pairs.map(({ theirs }) => theirs)),
  ratio: median(pairs.map(({ ours, theirs }) => ours / theirs)),
});

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// --- the table ---------------------------------------------------------------------------------------------------

function print(felt, waitless, start, metadata, release) {
  if (RUNS > 0) table(felt);
  cost(`a deploy with no waits, against \`docker run -d\` (${waitless.pairs} pairs)`, waitless, GOALS.deploy);
  cost(`process start to the first effect of \`plan\`, against \`node -e 0\` (${start.pairs} pairs)`, start, GOALS.start);
  cost(`\`metadata\`, the whole process, against \`node -e 0\` (${metadata.pairs} pairs)`, metadata, GOALS.metadata);
  cost(`\`release\`, against the bare commands on the same project (${release.environments.pairs} pairs)`, release.environments, GOALS.release);
  cost('the same, where sessions of nox make no environments', release.none, GOALS.release);
  most('`metadata`: memory at its peak', metadata.memory, 'MiB', GOALS.memory);
  most('`metadata`: the derivation alone, natively', metadata.native.derive, 'µs', GOALS.derive);
  most('20 gates over 10,000 check runs, natively', metadata.native.gates / 1000, 'ms', GOALS.gates);
  const { ledger } = metadata.native;
  least(`verifying a ledger of ${ledger.records} records, natively, in percent of the throughput of plain SHA-256`, (100 * ledger.hash) / ledger.verify, '%', GOALS.verify);
  most('the same ledger: choosing the target of a rollback', ledger.select / 1000, 'ms', GOALS.select);
  most('one decision of a rollout', ledger.step, 'µs', GOALS.step);
}

function table(felt) {
  const row = (cells, widths) => say(cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join('').trimEnd());
  const widths = [24, 12, 10, 10, 6, 12, 10, 10, 6, 14];
  say(`\nmedians of ${RUNS}, one instance, ${RATE} users a second, each on a new connection; ${cpus().length} processors, engine ${ENV.BENCH_ENGINE}`);
  say('a bad version never listens. All wait 10 s for it at most, and watch a good one for 5 s, but for the script, which does not.\n');
  row(['', 'good deploy', '', '', '', 'bad deploy', '', '', ''], widths);
  row(['', 'outage ms', 'failed', 'seconds', 'exit', 'outage ms', 'failed', 'seconds', 'exit', 'goal'], widths);
  for (const [name, kinds] of felt) {
    const cells = ['good', 'bad'].flatMap((kind) => {
      const of = (field) => median(kinds[kind].map((it) => it[field]));
      return [of('outage').toFixed(0), of('failed').toFixed(0), of('seconds').toFixed(1), String(of('code'))];
    });
    const missed = [...kinds.good, ...kinds.bad].some((it) => it.outage > GOALS.outage);
    row([name, ...cells, name === 'cd-action' ? `outage 0${missed ? ' MISSED' : ': met'}` : ''], [...widths.slice(0, 9), 18]);
  }
  say('');
}

function cost(what, { ours, theirs, ratio }, goal) {
  const ms = (seconds) => `${(seconds * 1000).toFixed(0)} ms`;
  say(`${what.padEnd(82)}${ms(ours).padStart(9)} / ${ms(theirs).padStart(7)} = ${ratio.toFixed(2)}   goal at most ${goal}${ratio <= goal ? ': met' : ' MISSED'}`);
}

function most(what, is, unit, goal) {
  say(`${what.padEnd(82)}${`${is.toFixed(1)} ${unit}`.padStart(28)}   goal at most ${goal}${is <= goal ? ': met' : ' MISSED'}`);
}

function least(what, is, unit, goal) {
  say(`${what.padEnd(82)}${`${is.toFixed(1)} ${unit}`.padStart(28)}   goal at least ${goal}${is >= goal ? ': met' : ' MISSED'}`);
}

function say(text) { process.stdout.write(`${text}\n`); }

ENV.BENCH_ENGINE = await docker('version', '--format', '{{.Server.Version}}');
await main();
