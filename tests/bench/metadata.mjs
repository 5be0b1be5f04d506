// What `metadata` costs: the whole process for a tag push with seven rules and two images, as a runner starts it, against `node -e 0`, by turns; its
// memory; and the derivation natively. `node tests/bench/metadata.mjs` measures this alone, and needs no engine.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '../..');
const MAIN = join(ROOT, 'metadata', /^ {2}main: (.+)$/m.exec(readFileSync(join(ROOT, 'metadata/action.yml'), 'utf8'))[1]);
const PAIRS = 31;

/** `{ pairs, ours, theirs, ratio, memory, native }`: seconds, MiB, microseconds. */
export function measureMetadata(node = process.execPath) {
  const at = mkdtempSync(join(tmpdir(), 'cd-bench-metadata-'));
  try {
    let step = 0;
    let env;
    const timed = (argv) => {
      // Files of its own for each, as a runner makes them for each step: to write over what another run has left, disks take longer.
      step += 1;
      const cwd = join(at, String(step));
      mkdirSync(cwd);
      env = stepEnvironment(cwd);
      const begun = process.hrtime.bigint();
      const { status, stdout, stderr } = spawnSync(node, argv, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
      const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
      if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stdout}\n${stderr}`);
      return { seconds, stderr };
    };
    const pairs = [];
    for (let nth = 0; nth <= PAIRS; nth += 1) {
      const theirs = timed(['-e', '0']).seconds;
      const ours = timed([MAIN]).seconds;
      // The first pair warms the disk's cache.
      if (nth > 0) pairs.push({ ours, theirs });
    }
    // The kernel's own count of the most that was ever resident, in a run that is not timed.
    const peaks = Array.from({ length: 5 }, () => Number(timed(['--require', join(HERE, 'peak-memory.cjs'), MAIN]).stderr) / 1024);
    if (!readFileSync(env.GITHUB_OUTPUT, 'utf8').includes('ghcr.io/octocat/app:1.2.3\n')) throw new Error('nothing was derived');
    const of = (key) => median(pairs.map((pair) => pair[key]));
    const ratio = median(pairs.map(({ ours, theirs }) => ours / theirs));
    return { pairs: PAIRS, ours: of('ours'), theirs: of('theirs'), ratio, memory: median(peaks), native: native() };
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
}

/** What a runner sets for the step, and nothing of this process. */
function stepEnvironment(at) {
  const push = JSON.parse(readFileSync(join(HERE, 'tag-push.json'), 'utf8'));
  const file = (name, text = '') => {
    writeFileSync(join(at, name), text);
    return join(at, name);
  };
  mkdirSync(join(at, 'temp'));
  const inputs = Object.entries(push.inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
  return {
    PATH: process.env.PATH, HOME: at, ...push.env, ...Object.fromEntries(inputs), GITHUB_WORKSPACE: at, RUNNER_TEMP: join(at, 'temp'),
    GITHUB_EVENT_PATH: file('event.json', JSON.stringify(push.payload, null, 2)), GITHUB_OUTPUT: file('output'), GITHUB_ENV: file('env'),
    GITHUB_STATE: file('state'), GITHUB_STEP_SUMMARY: file('summary'),
  };
}

/** The derivation alone, natively: microseconds. */
function native() {
  const argv = ['run', '--quiet', '--locked', '--release', '--package', 'bench-native'];
  return JSON.parse(execFileSync('cargo', argv, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }));
}

function median(values) {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { pairs, ours, theirs, ratio, memory, native } = measureMetadata();
  const ms = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
  console.log(`${process.version}, ${pairs} pairs: metadata ${ms(ours)}, node -e 0 ${ms(theirs)}, ratio ${ratio.toFixed(2)}; peak ${memory.toFixed(1)} MiB`);
  console.log(`natively: derive ${native.derive.toFixed(1)} µs, with outputs and files ${native.whole.toFixed(1)} µs; 20 gates over 10,000 check runs ${(native.gates / 1000).toFixed(2)} ms`);
  const of = native.ledger;
  console.log(`a ledger of ${of.records} records, ${of.segments} segments, ${(of.bytes / 1e6).toFixed(1)} MB: reading the newest segment (${(of.newest_bytes / 1000).toFixed(0)} KB) ${(of.read / 1000).toFixed(2)} ms, verifying all ${(of.verify / 1000).toFixed(1)} ms, plain SHA-256 of the same bytes ${(of.hash / 1000).toFixed(1)} ms, a target of a rollback ${(of.select / 1000).toFixed(3)} ms; one decision of a rollout ${of.step.toFixed(2)} µs`);
}
