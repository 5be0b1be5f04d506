// A memory that was put back from an older copy or lost, and a router whose file somebody broke: each has a way out, and it is
// said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { astrayOf, docker, image, place, run, until } from './lib.mjs';

const STATE = '/var/lib/cd-action';

async function cd(here, outcome, ...args) {
  const result = await here.cd(...args);
  assert.equal(result.outcome, outcome, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
}

const deploy = (here, tag, outcome = 'deployed') => cd(here, outcome, 'deploy', '--image', image(tag));
const inRouter = (here, script, input = '') => run(['docker', 'exec', '-i', '-u', '0', `${here.prefix}-router`, 'sh', '-c', script], { input });
const quick = () => ({ env: { bake: { for: '0s', errors: '5%' } } });

/** What serves is g4, and the ledger knows nothing younger than g2. */
async function restored(t) {
  const here = place('copy').config(quick());
  t.after(() => here.end());
  await deploy(here, 'v1');
  await deploy(here, 'v2');
  assert.equal((await inRouter(here, `cp -r ${STATE}/ledger ${STATE}/copy`)).code, 0);
  await deploy(here, 'v3');
  await cd(here, 'restored', 'rollback', '--version', 'v2');
  assert.equal((await inRouter(here, `rm -r ${STATE}/ledger && mv ${STATE}/copy ${STATE}/ledger`)).code, 0);
  return here;
}

for (const [way, args, version] of [
  ['a deploy', ['deploy', '--image', image('v3')], 'v3'],
  ['a rollback', ['rollback', '--version', 'v2'], 'v2'],
]) {
  test(`a ledger from an older copy is no dead end: ${way} leads out`, { timeout: 120_000 }, async (t) => {
    const here = await restored(t);
    await cd(here, 'stranded', 'recover');
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    await cd(here, args[0] === 'deploy' ? 'deployed' : 'restored', ...args);
    assert.deepEqual((await here.containers()).map((it) => it.version), [version], 'nothing piles up');
    assert.deepEqual(await here.ask(), { status: 200, version });
    assert.deepEqual(await astrayOf(here), []);
  });
}

test('where the ledger is lost the names that are there are said, and what serves', { timeout: 120_000 }, async (t) => {
  const here = place('gone').config(quick());
  t.after(() => here.end());
  await deploy(here, 'v1');
  await cd(here, 'unchanged', 'recover');
  await inRouter(here, `rm -r ${STATE}/ledger`);
  const [{ name }] = await here.containers();
  const refused = await deploy(here, 'v2', 'failed');
  assert.equal(refused.report.reason, 'ledger-lost');
  assert.ok(refused.report.next.join().includes(`docker rm -f ${name}\``), refused.stdout + refused.stderr);
  assert.deepEqual([refused.report.serving.version, refused.report.serving.generation], ['v1', 'g1']);
  const status = await cd(here, 'shown', 'status');
  assert.match(status.stdout + status.stderr, /needs attention[^]*the ledger is lost/);
  assert.doesNotMatch(status.stdout + status.stderr, /nothing serves/);
  await docker('rm', '-f', name);
  await deploy(here, 'v2');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
});

test('what HAProxy has against its file is said at once, and the way out', { timeout: 120_000 }, async (t) => {
  const here = place('garbage').config(quick());
  t.after(() => here.end());
  await deploy(here, 'v1');
  await inRouter(here, `{ echo garbage; cat ${STATE}/haproxy.cfg; } > ${STATE}/.garbage && mv ${STATE}/.garbage ${STATE}/haproxy.cfg`);
  const renew = `docker rm -f ${here.prefix}-router`;
  const refused = await deploy(here, 'v2', 'failed');
  assert.match(refused.report.because.join('\n') + refused.report.troubles.join('\n'), /unknown keyword 'garbage'/);
  assert.ok(refused.report.next.join().includes(renew), refused.stdout + refused.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v1'], 'nothing piles up');
  await docker('restart', '-t', '1', `${here.prefix}-router`);
  // By then it is down for seconds each time.
  const state = () => docker('inspect', '--format', '{{.RestartCount}} {{.State.Status}}', `${here.prefix}-router`);
  await until('the router ends again and again', async () => /^([6-9]|\d\d) restarting$/.test(await state()));
  const away = await here.cd('recover');
  assert.ok(away.report.next.join().includes(renew), away.stdout + away.stderr);
  await docker('rm', '-f', `${here.prefix}-router`);
  await cd(here, 'unchanged', 'recover');
  await deploy(here, 'v2');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  assert.deepEqual((await here.containers()).map((it) => it.version), ['v2']);
});
