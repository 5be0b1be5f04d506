// The action as a runner runs it: inputs from the environment, results into files, commands in the log, signals, `post`.
// The runner is ours (bin/runner.mjs), strict where GitHub's is.

import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { docker, ENV, image, place, sleep, until } from './lib.mjs';
import { countingDocker, lives, relatives } from './bin/docker.mjs';
import { job, obeyed, stopStep, values } from './bin/runner.mjs';
import { assertAnswers, assertSettled, clear, leaseOf } from './bin/settled.mjs';

/** A place of a team that deploys with the action; v1 serves unless `empty`. */
async function team(t, name, { env = {}, run = {}, health = {}, empty = false } = {}) {
  const here = place(name).config({ env: { bake: { for: '0s' }, drain: '0s', lease: '60s', url: 'https://staging.example', ...env }, run, health });
  here.steps = [];
  t.after(async () => {
    for (const { child } of here.steps) if (lives(child.pid)) child.kill('SIGKILL');
    await clear(here);
  });
  if (!empty) assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
  return here;
}

function start(here, theJob, inputs) {
  const run = theJob.start(inputs);
  here.steps.push(run);
  return run;
}

/** Markdown without what stands between fences of backticks. */
function withoutFences(markdown) {
  let fence = null;
  return markdown.split('\n').filter((line) => {
    const ticks = /^(`{3,})/.exec(line)?.[1];
    if (fence === null && ticks) { fence = ticks; return false; }
    if (fence !== null && ticks && ticks.length >= fence.length && line.trim() === ticks) { fence = null; return false; }
    return fence === null;
  }).join('\n');
}

const errors = (result) => result.annotations.filter((it) => it.name === 'error');
const said = (run, words) => until(`a step to say ${words}`, () => words.test(run.output()) || run.child.exitCode !== null, { every: 20 });

test('the runner of these tests reads files and logs as strictly as the real one', () => {
  assert.deepEqual(values('a=1\nb<<X\none=1\n\ntwo\nX\n'), { a: '1', b: 'one=1\n\ntwo' });
  for (const broken of ['a', 'a=1\nb', 'a<<X\n1\n', 'a<<X\n1\nX']) assert.throws(() => values(broken));
  const names = (log) => obeyed(log).map((it) => it.name);
  assert.deepEqual(names('x ::error::no\n  ::error::yes\nx ##[warning]yes'), ['error', 'warning']);
  assert.deepEqual(names('::stop-commands::abcd\n::error::no\n##[error]no\n::abcd::\n::notice::yes\r::debug::yes'), ['stop-commands', 'notice', 'debug']);
  assert.throws(() => obeyed('::stop-commands::abcd\n'));
});

test('a deploy hands its outputs to later steps, its summary to people, and leaves nothing for post', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'good');
  const before = (await docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', image('v1'))).split('@')[1];
  const result = await start(here, job(here), { image: image('v2') }).ended;
  assert.equal(result.code, 0, result.log);
  const { outputs } = result;
  const digest = (await docker('image', 'inspect', '--format', '{{index .RepoDigests 0}}', image('v2'))).split('@')[1];
  assert.deepEqual(
    { ...outputs, plan: null, report: null },
    {
      outcome: 'deployed', reason: 'proven', version: 'v2', image: `127.0.0.1:5000/demo/tasks@${digest}`, digest,
      'previous-digest': before, tags: outputs.tags, hashes: outputs.hashes, stop: outputs.stop, comment: outputs.comment, url: 'https://staging.example', report: null, plan: null,
    },
  );
  assert.equal(JSON.parse(outputs.plan).strategy, 'blue-green');
  assert.equal(result.report.outcome, 'deployed');
  assert.match(result.summary, /v2/);
  assert.match(result.summary, new RegExp(here.service));
  assert.deepEqual(errors(result), []);
  assert.deepEqual([result.state.isPost, result.state.open], ['true', '0']);
  assert.equal(existsSync(result.state.scratch), false, 'its own folder is gone');
  const { ledger } = await assertSettled(here, { version: 'v2' });
  const { run } = ledger.serving;
  assert.deepEqual([run.actor, run.url], ['anna', 'https://github.example/acme/tasks/actions/runs/1001']);

  const counting = countingDocker(here);
  const post = await result.post(counting.env).ended;
  assert.deepEqual([post.code, counting.calls(), post.annotations, post.summary], [0, [], [], ''], post.log);
});

test('a deploy that fails is one error with its cause and what to do, and its outputs can be read all the same', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'bad');
  const result = await start(here, job(here), { image: image('exits') }).ended;
  assert.equal(result.code, 1);
  assert.equal(result.outputs.outcome, 'rolled-back');
  assert.ok(result.outputs.reason.length > 0 && result.outputs.digest.startsWith('sha256:'));
  const [error, ...more] = errors(result);
  assert.deepEqual(more, [], 'one error');
  assert.match(error.properties.title, /rolled back/i);
  assert.match(error.data, /ended|exit/, 'the cause');
  assert.match(error.data, /deploy it again|quarantine/, 'the remedy');
  assert.match(result.summary, /rolled back/i);
  assert.equal(result.state.open, '0');
  assert.equal((await result.post().ended).code, 0);
  await assertSettled(here, { version: 'v1' });

  const again = await start(here, job(here, { runId: '1002' }), { image: image('exits') }).ended;
  assert.deepEqual([again.code, again.outputs.outcome, again.outputs.reason], [1, 'rejected', 'quarantine']);
  assert.equal(errors(again).length, 1);
});

test('mistakes of the configuration are annotations at their places, all at once', { timeout: 60_000 }, async (t) => {
  const here = await team(t, 'wrong', { empty: true });
  writeFileSync(join(here.dir, 'cd.yml'), 'service: tasks\nrun: { port: 8000, replica: 2 }\nenvironments:\n  staging: { drain: soon }\n');
  const result = await start(here, job(here), { image: image('v1') }).ended;
  assert.deepEqual([result.code, result.outputs.outcome], [3, 'invalid'], result.log);
  const places = errors(result).map(({ properties }) => [properties.file, properties.line]);
  assert.deepEqual(places.sort(), [['cd.yml', '2'], ['cd.yml', '4']]);
  assert.match(errors(result)[0].data, /replica/);
  assert.match(result.summary, /replica/);
});

test('lines of a failing instance are never obeyed, whatever they say', { timeout: 120_000 }, async (t) => {
  // The service refuses such a value, and quotes it in its log.
  const evil = [
    '::set-output name=outcome::hacked', '##[error]hacked', 'x ##[set-output name=digest]hacked', '  ::error title=hacked::hacked',
    '::stop-commands::hacked', '::add-mask::a', '\u001b[0m::warning::hacked', '\r::notice::hacked', '##[add-mask]e', '::save-state name=open::1',
    '::add-path::/hacked', '</code></pre><script>hacked</script>', '```', '%0A::error::hacked',
  ];
  const here = await team(t, 'evil', { run: { env: { DELAY_MS: `x\n${evil.join('\n')}\n` } } , empty: true });
  const result = await start(here, job(here), { image: image('v1') }).ended;
  assert.equal(result.code, 1, result.log);
  assert.equal(result.outputs.outcome, 'rolled-back', result.log);
  assert.match(result.log, /DELAY_MS is/, 'the lines are shown');
  for (const it of result.commands) {
    assert.ok(['add-mask', 'group', 'endgroup', 'error', 'warning', 'notice', 'debug', 'stop-commands'].includes(it.name), `${it.name} is obeyed`);
    if (it.name === 'add-mask') assert.ok(it.data.length >= 4, `${it.data} is masked`);
    if (it.name === 'stop-commands') assert.match(it.data, /^[0-9a-f]{32}$/);
    else if (it.name !== 'error') assert.doesNotMatch(it.data, /hacked/);
  }
  const [error, ...more] = errors(result);
  assert.deepEqual(more, []);
  assert.doesNotMatch(error.properties.title, /hacked/);
  assert.equal(result.state.open, '0');
  assert.doesNotMatch(withoutFences(result.summary), /hacked/, 'in the summary they stand in a fence that they cannot end');
});

test('cancelled in the bake it goes back within the time that a runner gives', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'stopped', { env: { bake: { for: '60s', errors: '5%' } } });
  const run = start(here, job(here), { image: image('v2') });
  await said(run, /baking/);
  await sleep(1000);
  const { took, by } = await stopStep(run);
  const result = await run.ended;
  t.diagnostic(`ended ${took} ms after SIGINT`);
  assert.deepEqual([by, result.code, result.outputs.outcome, result.state.open], ['SIGINT', 1, 'cancelled', '0'], result.log);
  assert.equal(errors(result).length <= 1, true);
  assert.match(result.summary, /request/);
  const counting = countingDocker(here);
  assert.equal((await result.post(counting.env).ended).code, 0);
  assert.deepEqual(counting.calls(), [], 'there is nothing left to do');
  await assertSettled(here, { version: 'v1' });
});

test('killed in the bake, post puts things right at once, without waiting for the lease', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'killed', { env: { bake: { for: '60s', errors: '5%' } } });
  const load = await here.load();
  const run = start(here, job(here), { image: image('v2') });
  await said(run, /baking/);
  await sleep(500);
  for (const pid of [...relatives(here.dir), run.child.pid]) process.kill(pid, 'SIGKILL');
  const result = await run.ended;
  assert.deepEqual([result.signal, result.state.open], ['SIGKILL', '1']);
  const { until: expires } = await leaseOf(here);
  const post = await result.post().ended;
  const summary = await load.stop();
  assert.equal(post.code, 0, post.log);
  const uptime = Number((await docker('exec', `${here.prefix}-router`, 'cat', '/proc/uptime')).split(' ')[0].replace('.', ''));
  assert.ok(uptime < expires, 'it did not wait for the lease');
  assert.equal(existsSync(result.state.scratch), false, 'the folder of the dead run is gone');
  assert.match(post.summary, /v1/, 'it says what serves');
  assert.equal(summary.failed, 0, JSON.stringify(summary));
  await assertSettled(here, { version: 'v1' });
});

test('killed while it takes the lease, post gives it back', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'taken');
  const counting = countingDocker(here, 'open#1 after kill');
  const result = await start(here, job(here, { env: counting.env }), { image: image('v2') }).ended;
  assert.equal(result.signal, 'SIGKILL');
  assert.notEqual((await leaseOf(here)).until, 0, 'it had taken it');
  const post = await result.post().ended;
  assert.equal(post.code, 0, post.log);
  await assertSettled(here, { version: 'v1' });
});

test('killed while another run waits, that one puts things right, and post does not wait for it', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'after', { env: { bake: { for: '30s', errors: '5%' }, lease: '2s' } });
  const run = start(here, job(here), { image: image('v2') });
  await said(run, /baking/);
  run.child.kill('SIGKILL');
  const result = await run.ended;
  assert.equal(result.state.open, '1');
  const other = start(here, job(here, { runId: '1002' }), { image: image('v3'), wait: '30s' });
  await said(other, /baking/);
  const begun = Date.now();
  const post = result.post();
  here.steps.push(post);
  const quick = await Promise.race([post.ended, sleep(20_000).then(() => null)]);
  assert.ok(quick, `post waits for a run that took over, which settles everything anyway: ${post.output()}`);
  t.diagnostic(`post ended after ${Date.now() - begun} ms with ${quick.code}`);
  assert.equal(quick.code, 0, quick.log);
  assert.equal(other.child.exitCode, null, 'the other one is at it still');
  await assertAnswers(here, 'v3');
});

test('a second attempt of a job takes over at once what the first one left', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'attempt', { env: { bake: { for: '3s', errors: '5%' } } });
  const run = start(here, job(here), { image: image('v2') });
  await said(run, /baking/);
  run.child.kill('SIGKILL');
  await run.ended;
  const begun = Date.now();
  const result = await start(here, job(here, { attempt: '2' }), { image: image('v2'), wait: '1s' }).ended;
  t.diagnostic(`deployed ${Date.now() - begun} ms later`);
  assert.deepEqual([result.code, result.outputs.outcome], [0, 'deployed'], result.log);
  await assertSettled(here, { version: 'v2' });
});

test('two legs of a matrix that deploy to one place do so one after the other', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'legs', { env: { bake: { for: '3s', errors: '5%' } } });
  const leg = (name) => ({ env: { RUNNER_TRACKING_ID: `github_0000-${name}` } });
  const first = start(here, job(here, leg('leg1')), { image: image('v2') });
  await said(first, /baking/);
  const busy = await start(here, job(here, leg('leg2')), { image: image('v3'), wait: '0' }).ended;
  assert.deepEqual([busy.outputs.outcome, busy.code], ['busy', 1], busy.log);
  const second = start(here, job(here, leg('leg2')), { image: image('v3'), wait: '60s' });
  assert.deepEqual((await first.ended).outputs.outcome, 'deployed');
  assert.deepEqual((await second.ended).outputs.outcome, 'deployed');
  await assertSettled(here, { version: 'v3' });
});

test('stopped while the engine says nothing any more it says what is known, and post puts things right at once', { timeout: 120_000 }, async (t) => {
  const here = await team(t, 'silent', { env: { bake: { for: '60s', errors: '5%' } } });
  const counting = countingDocker(here, 'route#2 before silence');
  const run = start(here, job(here, { env: counting.env }), { image: image('v2') });
  await counting.waitForCall('route#2');
  await sleep(200);
  const { took, by } = await stopStep(run);
  const result = await run.ended;
  t.diagnostic(`ended ${took} ms after SIGINT, by ${by}`);
  assert.notEqual(by, 'SIGKILL', 'it ends by itself');
  assert.deepEqual(relatives(counting.dir), []);
  assert.deepEqual([result.outputs.outcome, result.code, result.state.open], ['stranded', 2, '1'], result.log);
  assert.equal(errors(result).length, 1);
  assert.match(errors(result)[0].data, /recover/, 'it says what to do');
  const post = await result.post({ PATH: ENV.PATH }).ended;
  assert.equal(post.code, 0, post.log);
  await assertSettled(here, { version: 'v1' });
});
