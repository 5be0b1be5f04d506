// The stop button: while it is set no deploy goes on, whenever it was pressed; going back works; and it ends when it is lifted or
// when the target's clock says so.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { everythingOf, image, ledgerOf, place, ROOT, sleep, until } from './lib.mjs';
import { countingDocker, withOwnReport } from './bin/docker.mjs';
import { job } from './bin/runner.mjs';
import { assertSettled, chainOf, clear, leaseOf, stateFile } from './bin/settled.mjs';

const QUICK = { bake: { for: '0s' }, drain: '0s', lease: '2s' };
const WHY = 'the database is being moved';

/** A place where v1 serves. */
async function served(t, name, { env = {}, ...config } = {}) {
  const here = place(name).config({ env: { ...QUICK, ...env }, ...config });
  here.env = { USER: 'kim' };
  t.after(() => clear(here));
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stderr);
  return here;
}

const stop = async (here, ...args) => {
  const stopped = await here.cd('stop', '--reason', WHY, ...args);
  assert.deepEqual([stopped.code, stopped.outcome], [0, 'stopped'], stopped.stderr);
  return stopped;
};

const kindsOf = async (here) => (await ledgerOf(here)).map((it) => it.kind).filter((kind) => ['stopped', 'resumed', 'overridden'].includes(kind));

/** A deploy was held, and says who, why, until when, and how it goes on. */
function assertHeld(here, result, { code = 0, text = WHY } = {}) {
  assert.deepEqual([result.code, result.outcome, result.report.reason], [code, 'held', 'stopped'], result.stderr);
  const said = result.report.because.join('\n');
  assert.match(said, /kim set the stop button on \d{4}-/);
  assert.ok(said.includes(text), said);
  assert.match(said, /it stands until/);
  const next = result.report.next.join('\n');
  assert.ok(next.includes(`\`cd-action resume --environment ${here.environment}\``), next);
  assert.ok(result.stderr.includes(`cd-action resume --environment ${here.environment}`));
}

test('while the button is set a deploy is held and touches nothing; going back works; lifted, it goes on', { timeout: 180_000 }, async (t) => {
  const here = await served(t, 'stop');
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'deployed');
  const users = await here.load();
  let summary;
  t.after(async () => summary ?? users.stop());
  const stopped = await stop(here, '--until', '2h');
  assert.equal(stopped.report.stop.reason, WHY);
  assert.equal(stopped.report.serving.version, 'v2');

  const before = await everythingOf(here);
  const held = await here.cd('deploy', '--image', image('v3'));
  assertHeld(here, held);
  assert.match(held.stderr, /held: the stop button is set in staging, so v3 is not deployed; nothing was touched, v2 serves/);
  assert.equal(await everythingOf(here), before, 'nothing was touched');
  const outputs = readFileSync(join(here.dir, '.cd-action', 'outputs.env'), 'utf8');
  assert.match(outputs, /^CD_OUTCOME="?held"?$/m);
  assert.match(outputs, /^CD_REASON="?stopped"?$/m);
  assert.match(outputs, /^CD_STOP=.*the database is being moved/m);
  assertHeld(here, await here.cd('deploy', '--image', image('v3'), '--on-held', 'fail'), { code: 1 });
  assertHeld(here, await here.cd('deploy', '--image', image('v2')), { text: 'it stands until 2' });

  const plan = await here.cd('plan', '--image', image('v3'));
  assert.equal(plan.outcome, 'shown', plan.stderr);
  assert.match(plan.report.plan.notes.join('\n'), /kim set the stop button .*until then deploy is held/);
  const status = await here.cd('status');
  assert.match(status.stderr, /needs attention\n {2}kim set the stop button/);
  assert.deepEqual([status.report.stop.who, status.report.stop.reason], ['kim', WHY]);
  assert.equal(status.report['ledger-head'], held.report['ledger-head']);

  const back = await here.cd('rollback', '--reason', 'v2 is slow');
  assert.equal(back.outcome, 'restored', back.stderr);
  assert.match(back.report.troubles.join('\n'), /rollback goes on all the same/);
  assert.deepEqual([(await here.cd('recover')).code], [0]);
  await assertSettled(here, { version: 'v1' });
  assertHeld(here, await here.cd('deploy', '--image', image('v3')));

  const resumed = await here.cd('resume', '--reason', 'it is moved');
  assert.deepEqual([resumed.code, resumed.outcome], [0, 'resumed'], resumed.stderr);
  assert.equal(await stateFile(here, 'stop'), null);
  const again = await here.cd('resume');
  assert.deepEqual([again.code, again.outcome, again.report.reason], [0, 'unchanged', 'not-stopped'], again.stderr);
  const deployed = await here.cd('deploy', '--image', image('v3'));
  assert.equal(deployed.outcome, 'deployed', deployed.stderr);
  summary = await users.stop();
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  const { ledger } = await assertSettled(here, { version: 'v3' });
  const said = ledger.records.filter((it) => ['stopped', 'resumed'].includes(it.kind));
  assert.deepEqual(said.map((it) => [it.kind, it.who, it.reason]), [['stopped', 'kim', WHY], ['resumed', 'kim', 'it is moved']]);
  assert.equal(said[0].id, said[1].id);
  assert.equal(said[0].until - said[0].since, 7_200_000);
});

test('it ends by the target\'s clock, whatever time the runner believes it is', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'expiry');
  const elsewhere = (millis) => ({ ...here.env, CLOCK_AHEAD: String(millis), NODE_OPTIONS: `--require=${join(ROOT, 'tests/e2e/bin/clock-ahead.cjs')}` });
  const mine = here.env;
  await stop(here, '--until', '1h');
  here.env = elsewhere(365 * 86_400_000);
  assertHeld(here, await here.cd('deploy', '--image', image('v2')));
  here.env = mine;

  await stop(here, '--until', '6s');
  const since = Date.now();
  here.env = elsewhere(-365 * 86_400_000);
  assertHeld(here, await here.cd('deploy', '--image', image('v2')));
  await sleep(Math.max(0, 8000 - (Date.now() - since)));
  const deployed = await here.cd('deploy', '--image', image('v2'));
  assert.equal(deployed.outcome, 'deployed', deployed.stderr);
  here.env = mine;
  const status = await here.cd('status');
  assert.equal(status.report.stop, undefined, 'what has run out is no stop');
  await assertSettled(here, { version: 'v2' });
});

// Each is held up before the call of this name, and then the button is pressed.
const LINES = [
  { strategy: 'blue-green', call: 'record#1', what: 'before it records that it begins', held: true },
  { strategy: 'blue-green', call: 'run#1', what: 'while the new version is started', held: true },
  { strategy: 'blue-green', call: 'route#1', what: 'before the new version is made known to the router', held: true },
  { strategy: 'blue-green', call: 'route#2', what: 'before the new version gets its traffic', held: true },
  { strategy: 'blue-green', call: 'commit#1', what: 'while the new version has the traffic', held: false },
  { strategy: 'recreate', call: 'record#1', what: 'before it records that it begins', held: true },
  { strategy: 'recreate', call: 'route#1', what: 'when the old version is about to be taken away', held: false },
  { strategy: 'recreate', call: 'run#1', what: 'while nothing serves', held: false },
];

for (const { strategy, call, what, held } of LINES) {
  test(`${strategy}: pressed ${what}, a deploy ${held ? 'ends, and what served was not touched' : 'goes on to its end'}`, { timeout: 120_000 }, async (t) => {
    const here = await served(t, 'line', { env: { strategy } });
    const users = strategy === 'blue-green' ? await here.load() : null;
    const docker = countingDocker(here, `${call} before pause`);
    const run = docker.start('deploy', '--image', image('v2'));
    let result, summary;
    try {
      await docker.waitForCall(call);
      await stop(here);
    } finally {
      docker.go(call);
      result = await run.ended;
      summary = users && await users.stop();
    }
    if (summary) assert.equal(summary.failed, 0, JSON.stringify(summary));
    if (held) assertHeld(here, result);
    else assert.deepEqual([result.code, result.outcome], [0, 'deployed'], result.stderr);
    assertHeld(here, await here.cd('deploy', '--image', image('v3'), '--wait', '30s'));
    await assertSettled(here, { version: held ? 'v1' : 'v2' });
    assert.deepEqual(await kindsOf(here), ['stopped'], 'it is recorded, once, by whoever had the lease next');
    if (held) {
      const ended = (await ledgerOf(here)).findLast((it) => it.kind === 'ended');
      assert.deepEqual([ended.outcome, ended.reason, ended.quarantine], ['held', 'stopped', false]);
      assert.equal((await here.cd('resume')).outcome, 'resumed');
      assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'deployed', 'nothing is held against it');
    }
  });
}

test('pressed while one deploy bakes and another waits for the lease, the one goes on and the other is held', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'waiting', { env: { bake: { for: '6s', errors: '5%' }, lease: '5s' } });
  const first = withOwnReport(here, here.start('deploy', '--image', image('v2')));
  await until('v2 to have the traffic', async () => (await here.ask()).version === 'v2', { every: 50 });
  const second = withOwnReport(here, here.start('deploy', '--image', image('v3'), '--wait', '60s'));
  await until('it to wait', () => second.output().includes('waiting for the lease'));
  const began = Date.now();
  const stopped = await stop(here);
  assert.ok(Date.now() - began < 4000, 'nobody is waited for');
  assert.match(stopped.report.troubles.join('\n'), /is under way/);
  const [one, two] = [await first.ended, await second.ended];
  assert.equal(one.outcome, 'deployed', one.stderr);
  assertHeld(here, two);
  await assertSettled(here, { version: 'v2' });
  assert.deepEqual(await kindsOf(here), ['stopped']);
});

test('a person who says why goes on in spite of it, unless that is forbidden, or somebody presses again', { timeout: 180_000 }, async (t) => {
  const here = await served(t, 'override');
  await stop(here);
  const unsaid = await here.cd('deploy', '--image', image('v2'), '--override', 'stop');
  assert.deepEqual([unsaid.code, unsaid.outcome], [3, 'invalid'], unsaid.stderr);
  const hotfix = ['--override', 'stop', '--reason', 'the login is broken'];
  assert.match((await here.cd('plan', '--image', image('v2'), ...hotfix)).report.plan.notes.join('\n'), /deploy would override it/);
  const through = await here.cd('deploy', '--image', image('v2'), ...hotfix);
  assert.equal(through.outcome, 'deployed', through.stderr);
  assert.match(through.report.troubles.join('\n'), /kim set the stop button .*; kim has overridden it: the login is broken/);
  const records = await ledgerOf(here);
  const overridden = records.find((it) => it.kind === 'overridden');
  assert.deepEqual([overridden.what, overridden.who, overridden.reason], ['stop', 'kim', 'the login is broken']);
  assert.deepEqual(records.findLast((it) => it.kind === 'began').overrides, ['stop']);
  assertHeld(here, await here.cd('deploy', '--image', image('v3')));

  const docker = countingDocker(here, 'route#2 before pause');
  const run = docker.start('deploy', '--image', image('v3'), ...hotfix);
  await docker.waitForCall('route#2');
  const again = await here.cd('stop', '--reason', 'not that one either');
  assert.equal(again.outcome, 'stopped', again.stderr);
  assert.match(again.report.troubles.join('\n'), /this replaces what stood until now: .*database/);
  docker.go('route#2');
  assertHeld(here, await run.ended, { text: 'not that one either' });

  here.config({ env: { ...QUICK, overrides: ['quarantine'] } });
  const forbidden = await here.cd('deploy', '--image', image('v3'), ...hotfix);
  assert.deepEqual([forbidden.code, forbidden.outcome, forbidden.report.reason], [1, 'rejected', 'override-forbidden'], forbidden.stderr);
  await assertSettled(here, { version: 'v2' });
});

test('what a person writes as the reason stays words, at the target and in everything that is said', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'hostile');
  const reason = "it's $(reboot) `reboot` \"quoted\"\n::error::no\nid other\nuntil 1\nCD_END\n</details> \u2028 ü 🦀";
  const stopped = await here.cd('stop', '--reason', reason, '--until', '2h');
  assert.equal(stopped.outcome, 'stopped', stopped.stderr);
  const held = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([held.outcome, held.report.stop.reason], ['held', reason], held.stderr);
  const status = await here.cd('status');
  for (const { stdout, stderr } of [stopped, held, status]) assert.doesNotMatch(stdout + stderr, /^::error|^CD_END|^until 1/m);
  const run = await job(here, { env: { GITHUB_ACTOR: 'kim' } }).start({ command: 'deploy', image: image('v2'), 'on-held': 'fail' }).ended;
  assert.deepEqual([run.code, run.outputs.outcome, run.outputs.reason], [1, 'held', 'stopped'], run.log);
  assert.equal(JSON.parse(run.outputs.stop).reason, reason);
  assert.ok(!run.commands.some((it) => it.data === 'no'), 'no command of the runner came of it');
  assert.doesNotMatch(run.summary, /<\/details> \u2028/);
});

test('as a step of a workflow it is set and lifted by inputs, and a deploy of that workflow is held', { timeout: 120_000 }, async (t) => {
  const here = await served(t, 'workflow');
  const step = (inputs) => job(here, { env: { GITHUB_ACTOR: 'kim', GITHUB_TRIGGERING_ACTOR: 'kim' } }).start(inputs).ended;
  const stopped = await step({ command: 'stop', reason: WHY, until: '2h' });
  assert.deepEqual([stopped.code, stopped.outputs.outcome], [0, 'stopped'], stopped.log);
  assert.deepEqual([JSON.parse(stopped.outputs.stop).who, JSON.parse(stopped.outputs.stop).url], ['kim', 'https://github.example/acme/tasks/actions/runs/1001']);
  const post = await stopped.post().ended;
  assert.equal(post.code, 0, post.log);
  const held = await step({ command: 'deploy', image: image('v2') });
  assert.deepEqual([held.code, held.outputs.outcome], [0, 'held'], held.log);
  assert.match(held.summary, /stop button/);
  const resumed = await step({ command: 'resume' });
  assert.deepEqual([resumed.code, resumed.outputs.outcome, resumed.outputs.stop], [0, 'resumed', ''], resumed.log);
  const deployed = await step({ command: 'deploy', image: image('v2') });
  assert.deepEqual([deployed.code, deployed.outputs.outcome], [0, 'deployed'], deployed.log);
});

test('mistakes and empty places are said, and nothing is done', { timeout: 120_000 }, async (t) => {
  const bare = place('bare').config({ env: QUICK });
  t.after(() => clear(bare));
  for (const [args, code, outcome, words] of [
    [['stop'], 3, 'invalid', /`stop` needs a `reason`/],
    [['stop', '--reason', 'x', '--until', 'soon'], 3, 'invalid', /`until` is a duration/],
    [['deploy', '--until', '2h'], 3, 'invalid', /goes with `stop`/],
    [['resume', '--dry-run'], 3, 'invalid', /`dry-run`/],
    [['stop', '--reason', 'x'], 1, 'failed', /nothing was ever deployed here/],
    [['resume'], 0, 'unchanged', /nothing was ever deployed here/],
  ]) {
    const result = await bare.cd(...args);
    assert.deepEqual([result.code, result.outcome], [code, outcome], result.stderr);
    assert.match(result.stderr, words);
  }
  const here = await served(t, 'past');
  const past = await here.cd('stop', '--reason', 'x', '--until', '2020-01-01T00:00:00Z');
  assert.deepEqual([past.code, past.outcome], [3, 'invalid'], past.stderr);
  assert.match(past.stderr, /`until` is 2020-01-01 00:00:00Z, and at the target it is 2/);
  assert.equal(await stateFile(here, 'stop'), null);
  assert.deepEqual(await kindsOf(here), []);
});

// --- killed ------------------------------------------------------------------------------------------------------------

const WAYS = ['before kill', 'during kill', 'torn kill 2', 'after kill', 'before late 2'];

for (const command of ['stop', 'resume']) {
  test(`${command} that is killed at any call that changes something has happened or not, and happens the next time`, { timeout: 240_000 }, async (t) => {
    const here = await served(t, `kill${command}`);
    const args = command === 'stop' ? ['stop', '--reason', WHY] : ['resume'];
    const fresh = async () => {
      const resumed = await here.cd('resume', '--wait', '30s');
      assert.equal(resumed.code, 0, resumed.stderr);
      if (command === 'resume') await stop(here);
    };
    await fresh();
    const counting = countingDocker(here);
    assert.equal((await counting.start(...args).ended).code, 0);
    const calls = counting.changes();
    t.diagnostic(`calls that change something: ${calls.join(' ')}`);
    assert.ok(calls.length >= 2, `it changes something: ${calls}`);
    for (const call of calls) {
      for (const way of WAYS) {
        await fresh();
        const docker = countingDocker(here, `${call} ${way}`);
        const killed = await docker.start(...args).ended;
        assert.equal(killed.signal, 'SIGKILL', `${call} ${way}: ${killed.stderr}`);
        if (way.includes('late')) await docker.waitFor('late');
        if (way.includes('during')) await sleep(700); // the call itself goes on
        const status = await here.cd('status');
        assert.equal(status.outcome, 'shown', status.stderr);
        assert.equal(status.report.status['ledger-sound'], true);
        const stands = status.report.stop !== undefined;
        const deploy = await here.cd('deploy', '--image', image('v1'), '--wait', '30s');
        assert.deepEqual([deploy.code, deploy.outcome], [0, stands ? 'held' : 'unchanged'], `${call} ${way}: ${deploy.stderr}`);
        const next = await here.cd(...args, '--wait', '30s');
        const expected = command === 'stop' ? ['stopped'] : ['resumed', 'unchanged'];
        assert.ok(expected.includes(next.outcome), `${call} ${way}: ${next.outcome} ${next.stderr}`);
        const after = await here.cd('status');
        assert.equal(after.report.stop !== undefined, command === 'stop', `${call} ${way}`);
      }
    }
    await fresh();
    const { records } = await chainOf(here);
    const pressed = new Set(records.filter((it) => it.kind === 'stopped').map((it) => it.id));
    assert.equal(records.filter((it) => it.kind === 'stopped').length, pressed.size, 'each pressing is recorded once');
    const { holder } = await leaseOf(here);
    assert.equal(holder, '-');
    await assertSettled(here, { version: 'v1' });
  });
}
