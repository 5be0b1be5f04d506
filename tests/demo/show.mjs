// The show: three deploys with the shipped command line, two of them while users come. `tests/demo/demo` sets it up.

import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist', 'cli.cjs');
const { CD_DEMO_PLACE: PLACE, CD_DEMO_PORT: PORT, CD_DEMO_IMAGE: IMAGE, CD_DEMO_LOAD: LOAD, CD_DEMO_OWN: OWN } = process.env;
const URL_ = `http://127.0.0.1:${PORT}/tasks`;
const USERS = 'cd-action-demo-load';
const RATE = 100;
const ACTS = [
  { version: '1.0.0', title: 'the first version, on an empty host', expected: 'deployed' },
  { version: '1.1.0', title: `a good version, while ${RATE} users a second come`, expected: 'deployed', users: true },
  { version: '1.2.0', title: 'a version that breaks once it has traffic, while they come', expected: 'rolled-back', users: true },
];

// ^C ends the deploy that is under way as it would anybody's, and the show with it.
let stopped = false;
let underWay = null;
process.on('SIGINT', () => {
  stopped = true;
  underWay?.kill('SIGINT');
});

process.exitCode = await main();

async function main() {
  showConfiguration();
  const rows = [];
  for (const act of ACTS) {
    const row = await perform(act);
    rows.push(row);
    if (stopped || ['invalid', 'failed', 'crashed'].includes(row.outcome)) break;
  }
  const good = rows.length === ACTS.length && rows.every((row) => row.outcome === row.expected && row.failed === 0);
  printTable(rows);
  printWhereToLook();
  if (!good) say('not what was expected: see the lines above and the reports');
  return good ? 0 : 1;
}

function showConfiguration() {
  say(`\nThe configuration, ${shown(join(PLACE, 'cd.yml'))}:\n`);
  say(readFileSync(join(PLACE, 'cd.yml'), 'utf8').trimEnd().replace(/^/gm, '    '));
}

/** One deploy, with users before, during and after it. */
async function perform({ version, title, expected, users }) {
  const args = ['deploy', '--image', `${IMAGE}:${version}`];
  say(`\n${bold(`${version}: ${title}`)}\n$ node dist/cli.cjs ${args.join(' ')}\n`);
  const clock = stopwatch();
  const crowd = users ? await usersCome(clock) : null;
  const begun = Date.now();
  const outcome = stopped ? 'not begun' : await deploy(args, clock);
  const seconds = (Date.now() - begun) / 1000;
  if (crowd) await sleep(1000);
  const summary = crowd ? await crowd.leave() : { sent: 0, failed: 0 };
  return { version, outcome, expected, seconds, users, ...summary };
}

/** Runs the command line as anybody would, and passes its lines on as they come. */
function deploy(args, clock) {
  const child = spawn('node', [CLI, ...args, '--json'], { cwd: PLACE, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  underWay = child;
  createInterface({ input: child.stderr }).on('line', (line) => say(line === '' ? '' : `${clock()}  ${line}`));
  let report = '';
  child.stdout.on('data', (data) => { report += data; });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      underWay = null;
      try { resolve(JSON.parse(report).outcome); } catch { resolve(`exit ${code}`); }
    });
  });
}

/** Users at a fixed rate from the engine's own network, each on a new connection; how they fare is said every two seconds. */
async function usersCome(clock) {
  const argv = ['run', '--rm', '--name', USERS, '--label', 'cd-action.demo=true', '--network', 'host', LOAD, '--url', URL_, '--rate', String(RATE), '--record', '/dev/stdout'];
  const child = spawn('docker', argv, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let summary;
  const soFar = { sent: 0, failed: 0, by_version: {} };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line);
    if ('sent' in said) { summary = said; return; }
    soFar.sent += 1;
    if (said.error !== undefined || said.status >= 400) soFar.failed += 1;
    else soFar.by_version[said.version] = (soFar.by_version[said.version] ?? 0) + 1;
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  const ticker = setInterval(() => say(`${clock()}  ${dim(`users: ${faring(soFar)}`)}`), 2000);
  await Promise.race([sleep(1000), closed]);
  return {
    leave: async () => {
      clearInterval(ticker);
      execFileSync('docker', ['kill', '--signal', 'TERM', USERS], { stdio: 'ignore' });
      await closed;
      if (!summary) throw new Error('the users ended without a summary');
      say(`${clock()}  ${dim(`users, all in all: ${faring(summary)}`)}`);
      return summary;
    },
  };
}

function faring({ sent, failed, by_version: byVersion }) {
  const answers = Object.entries(byVersion).map(([version, count]) => `${count} answered by ${version}`);
  return [`${sent} requests`, `${failed} failed`, ...answers].join(', ');
}

function printTable(rows) {
  const line = (...cells) => say(cells.map((cell, at) => (at < 2 ? cell.padEnd([8, 14][at]) : cell.padStart(10))).join(''));
  say('');
  line('deploy', 'outcome', 'seconds', 'requests', 'failed');
  for (const row of rows) {
    const counts = row.users ? [String(row.sent), String(row.failed)] : ['-', '-'];
    line(row.version, row.outcome, row.seconds.toFixed(1), ...counts);
  }
}

function printWhereToLook() {
  const prefix = OWN ? `DOCKER_HOST=unix://${OWN}/docker.sock ` : '';
  const ask = OWN ? `CD_PARTS=${OWN} tests/parts/exec curl -s ${URL_}` : `curl -s ${URL_}`;
  say(`
what serves  ${ask}
reports      ${shown(join(PLACE, '.cd-action'))}/report-*.json
status       ${prefix}node dist/cli.cjs status --config ${shown(join(PLACE, 'cd.yml'))}
clean up     make demo-clean`);
}

function say(text) { process.stdout.write(`${text}\n`); }
function stopwatch() {
  const begun = Date.now();
  return () => `${((Date.now() - begun) / 1000).toFixed(1).padStart(6)} s`;
}
function shown(path) { return relative(ROOT, path); }
function sleep(ms) { return new Promise((resolve) => setTimeout(resolve, ms)); }
function bold(text) { return process.stdout.isTTY ? `\u001b[1m${text}\u001b[0m` : text; }
function dim(text) { return process.stdout.isTTY ? `\u001b[2m${text}\u001b[0m` : text; }
