// Runs that are killed at each call that changes something, one after the other, and what the next run makes of it.
//
// KILLS=all: every call, before, during, torn, after and late. KILLS=each: every call, in one of these ways. Without it each call of a
// series is met once, or with a chance of `share`, or `sample` of them are met; which and how, a fixed seed decides.

import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';

import { image, place } from '../lib.mjs';
import { countingDocker, seeded } from './docker.mjs';
import { assertAnswers, assertSettled, chainOf, clear, leaseOf } from './settled.mjs';

export const ALL = process.env.KILLS === 'all' || process.env.CD_TEST_ALL === 'true';

/** Times as small as they may be: a dead run's lease is what the next one waits for. */
export const QUICK = { bake: { for: '0s' }, drain: '0s', lease: '2s' };

export const WAYS = ['before', 'during', 'torn', 'after'];

/** What came of one kill, as a line of the file that `make kill-matrix` makes its table of (matrix.mjs). */
const NOTES = process.env.KILL_MATRIX;
const note = (kill) => NOTES && appendFileSync(NOTES, `${JSON.stringify(kill)}\n`);

/** Those that are noted already, where an earlier try was interrupted: they are not made again. */
const noted = NOTES && existsSync(NOTES) ? readFileSync(NOTES, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) : [];
const isNoted = (of, it) => noted.some((kill) => kill.of === of && kill.call === it.call && (kill.way === it.way || !ALL) && kill.serves !== null);

/** Which calls to kill at, and how: `{ call, way, line }`, `line` for the counting docker. */
export function cases(calls, { seed, sample = calls.length, share = 1 }) {
  const chance = seeded(seed);
  const line = (call, way) => {
    if (way === 'late') return `${call} before late 4`;
    return `${call} ${way} kill${way === 'torn' ? ` ${Math.floor(chance() * 6)}` : ''}`;
  };
  if (ALL) return calls.flatMap((call) => [...WAYS, 'late'].map((way) => ({ call, way, line: line(call, way) })));
  const each = process.env.KILLS === 'each';
  const first = Math.floor(chance() * WAYS.length);
  // Without replacement, in the order of the run.
  const drawn = new Set(calls.map((call) => [chance(), call]).sort(([a], [b]) => a - b).slice(0, each ? calls.length : sample).map(([, call]) => call));
  const met = calls.filter((call) => drawn.has(call) && (each || chance() < share));
  return met.map((call, at) => {
    const way = WAYS[(first + at) % WAYS.length];
    return { call, way, line: line(call, way) };
  });
}

/**
 * Kills a command at each of its changing calls. `command(from, to)` is the run to kill, where `from` serves and `to` is
 * what the run brings. After each the roles may have changed: what serves is the next `from`.
 */
export async function killEverywhere(t, { name, of, worker, config = {}, env = {}, command, underLoad, seed, share, sample }) {
  const versions = ['v1', 'v2'];
  const replicas = config.run?.replicas ?? 1;
  let here = null;
  const other = (version) => versions.find((it) => it !== version);
  const fresh = async () => {
    if (here) await clear(here);
    here = place(name, { worker }).config({ ...config, env: { ...QUICK, ...env } });
    for (const version of ['v2', 'v1']) assert.equal((await here.cd('deploy', '--image', image(version))).outcome, 'deployed');
    return 'v1';
  };
  t.after(() => here && clear(here));

  let kills = 0;
  let from = await fresh();
  const calls = await undisturbed(t, here, command(from, other(from)), replicas);
  from = other(from);

  const met = cases(calls, { seed, share, sample }).filter((it) => !isNoted(of, it));
  for (const [at, it] of met.entries()) {
    await t.test(`killed ${it.way} ${it.call}`, { timeout: 120_000 }, async (t) => {
      if (from === null) from = await fresh();
      const [old, wanted] = [from, other(from)];
      from = null;
      const load = underLoad ? await here.load() : null;
      const kill = { of, call: it.call, way: it.way, came: false, next: null, outcome: null, serves: null, users: null };
      try {
        const docker = countingDocker(here, it.line);
        const killed = await docker.start(...command(old, wanted)).ended;
        if (docker.reached().length === 0) {
          assert.equal(killed.code, 0, killed.stderr);
          t.diagnostic('this call did not come this time: nothing was killed');
        } else {
          assert.equal(killed.signal, 'SIGKILL');
          kills += 1;
          kill.came = true;
        }
        const { token: dead } = await leaseOf(here);
        const committed = (await chainOf(here)).serving.release.version === wanted;
        // What comes late comes while the next run is at work, or after it; then the one after that finds it.
        const next = at % 2 === 0 ? ['recover'] : command(old, wanted);
        const result = await here.cd(...next, '--wait', '30s');
        Object.assign(kill, { next: next[0] === 'recover' ? 'recover' : 'again', outcome: result.outcome });
        assert.equal(result.code, 0, `${next.join(' ')}: ${result.outcome} ${result.stdout}${result.stderr}`);
        let after = null;
        if (it.way === 'late' && docker.reached().length > 0) {
          await docker.waitFor('late');
          await assertServing(here);
          after = await here.cd('recover', '--wait', '30s');
          assert.equal(after.code, 0, `${after.outcome} ${after.stderr}`);
        }
        const settled = await assertSettled(here, { replicas, renaming: result.outcome === 'unchanged' });
        const redone = [result, after].some((it) => it?.outcome === 'restored' && it.report.command === 'recover');
        if (redone) assert.ok(settled.token > dead, 'what the dead run held bears the name of the one that put it right');
        if (next[0] === 'recover' && it.way === 'before') assert.equal(settled.version, committed ? wanted : old);
        if (next[0] !== 'recover') assert.equal(settled.version, wanted, 'the same command again ends where it was to end');
        from = settled.version;
        kill.serves = from === old ? 'old' : 'new';
      } finally {
        const summary = load && await load.stop();
        kill.users = summary && { sent: summary.sent, failed: summary.failed };
        note(kill);
        if (summary) assert.equal(summary.failed, 0, `failed requests: ${JSON.stringify({ ...summary, latency_ms: undefined })}`);
      }
    });
  }

  await t.test('in the end status finds nothing to remark, and most of the kills were kills', async () => {
    assert.ok(kills * 2 >= met.length, `${kills} of ${met.length} calls came`);
    if (from === null) from = await fresh();
    const { report } = await here.cd('status', '--json');
    assert.deepEqual([report.status.unfinished, report.status['ledger-sound'], report.status.lease], [null, true, null]);
  });
}

/** Users get what the ledger says; whatever else a late call may have made. */
async function assertServing(here) {
  const { release, generation } = (await chainOf(here)).serving;
  await assertAnswers(here, release.version, generation);
}

/** A run that nobody kills: the calls that change something, in order. */
export async function undisturbed(t, here, command, replicas = 1) {
  const docker = countingDocker(here);
  const { code, stderr } = await docker.start(...command).ended;
  assert.equal(code, 0, stderr);
  t.diagnostic(`calls that change something: ${docker.changes().join(' ')}`);
  await assertSettled(here, { replicas });
  return docker.changes();
}

/** The same for a first deploy, before each of which there is nothing. */
export async function killFirstDeploys(t, { name, of, seed, share }) {
  const here = place(name);
  const bare = async () => {
    await clear(here);
    mkdirSync(here.dir);
    here.config({ env: QUICK });
  };
  const deploy = ['deploy', '--image', image('v1')];
  t.after(() => clear(here));
  await bare();
  const calls = await undisturbed(t, here, deploy);
  for (const [at, it] of cases(calls, { seed, share }).filter((it) => !isNoted(of, it)).entries()) {
    await t.test(`killed ${it.way} ${it.call}`, { timeout: 120_000 }, async () => {
      await bare();
      const docker = countingDocker(here, it.line);
      assert.equal((await docker.start(...deploy).ended).signal, 'SIGKILL');
      const next = at % 2 === 0 ? ['recover'] : deploy;
      const result = await here.cd(...next, '--wait', '30s');
      const kill = { of, call: it.call, way: it.way, came: true, next: next[0] === 'recover' ? 'recover' : 'again', outcome: result.outcome, serves: null, users: null };
      assert.equal(result.code, 0, `${next.join(' ')}: ${result.outcome} ${result.stdout}${result.stderr}`);
      if (it.way === 'late') {
        await docker.waitFor('late');
        assert.equal((await here.cd('recover', '--wait', '30s')).code, 0);
      }
      // A recovery of what had not begun leaves nothing that runs; the deploy after it is a first one still.
      if (next[0] === 'recover') {
        const again = await here.cd(...deploy, '--wait', '30s');
        assert.equal(again.code, 0, `${again.outcome} ${again.stdout}${again.stderr}`);
      }
      await assertSettled(here, { version: 'v1' });
      note({ ...kill, serves: 'new' });
    });
  }
}
