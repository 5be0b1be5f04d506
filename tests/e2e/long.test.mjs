// Users who stay: a WebSocket and a slow download go on with the version they began with, across a switch and up to the
// drain's deadline, and no longer. Who comes meanwhile gets the new one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { ENV, image, place, ROOT, until } from './lib.mjs';

/** A megabyte, in lines of 16 bytes. */
const LINES = 64_000;

/** How long it takes, in milliseconds: from before the start of a deploy, however slow the machine, into its drain. */
const SLOWLY = 16_000;

/** A client that stays: `{ seen, last, ended }`, what it has written so far, the newest of it, and its end. */
function stays(t, here, what, ...more) {
  const client = join(ROOT, 'tests', 'e2e', 'bin', 'long-client.mjs');
  const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), ['node', client, what, here.url, ...more.map(String)], { env: ENV, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (data) => { out += data; });
  const seen = () => out.split('\n').slice(0, -1).map((line) => JSON.parse(line));
  return { seen, last: () => seen().at(-1), ended: new Promise((resolve) => child.on('close', () => resolve(seen()))) };
}

async function serving(t, name, { router, env }) {
  const here = place(name, { router }).config({ env: { bake: { for: '1s', errors: '5%' }, lease: '30s', ...env } });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  return here;
}

/** Messages in order, each answered once, all by one version. */
function conversation(seen) {
  const messages = seen.filter((it) => it.echo !== undefined);
  assert.deepEqual(messages.map((it) => it.echo), messages.map((_, nth) => nth + 1), 'every message comes back, in order');
  return [...new Set(messages.map((it) => it.version))];
}

/** When an act of a run was begun and when it had ended, by the run's clock, which is the clients' too. */
function acts(result, what) {
  const found = result.report.acts.filter((it) => it.what.startsWith(what) && it.ended === 'done');
  return found.map((it) => ({ begun: it.at, ended: it.at + it.took }));
}

const ENDING = 'ending what lingers';

/** The one act that ended what was still in use, and all that must hold of when it came. */
function endedAtTheDeadline(result, since, drain) {
  const forced = result.report.acts.filter((it) => it.what.endsWith(ENDING));
  assert.equal(forced.length, 1, JSON.stringify(result.report.acts));
  const [begun, ended] = [forced[0].at, forced[0].at + forced[0].took];
  assert.ok(begun >= since + drain, `ended ${begun - since} ms after the routing, before the drain of ${drain} ms was over`);
  const [{ begun: removing }] = acts(result, 'remove ');
  assert.ok(removing >= ended, 'what drains is not stopped before');
  return { begun, ended };
}

suite('users who stay', { concurrency: true }, () => {
  for (const router of ['2.6', '3.2']) {
    test(`HAProxy ${router}: a download slower than the switch arrives whole, a WebSocket goes on to the drain's deadline and no longer`, async (t) => {
      // As long as the download, so that it ends within it wherever it began.
      const drain = SLOWLY;
      const here = await serving(t, `long-${router.replace('.', '')}`, { router, env: { drain: `${drain}ms` } });
      const socket = stays(t, here, 'socket');
      await until('the first message', () => socket.last()?.echo);
      // Through the start, the switch, the bake and into the drain.
      const download = stays(t, here, 'download', LINES, SLOWLY);
      await until('its beginning', () => download.last()?.status);

      const deploy = here.start('deploy', '--image', image('v2'));
      await until('the new version', async () => (await here.ask()).version === 'v2');
      const switched = Date.now();
      assert.equal(socket.last().closed, undefined, 'new requests go to the new version, the socket is where it was');
      const result = await deploy.ended;
      assert.deepEqual([result.outcome, result.code], ['deployed', 0], result.stderr);

      const [began, end] = await download.ended;
      assert.deepEqual([began.status, began.version], [200, 'v1']);
      assert.deepEqual([end.bytes, end.whole], [LINES * 16, true], JSON.stringify(end));
      const [committed] = acts(result, 'record the commit');
      assert.ok(began.at < switched && end.at > committed.ended, 'it began before the switch and went on into the drain');

      const seen = await socket.ended;
      assert.deepEqual(conversation(seen), ['v1']);
      const forced = endedAtTheDeadline(result, committed.ended, drain);
      const { closed, at } = seen.at(-1);
      assert.ok(closed && at >= forced.begun, `closed at ${at}, the drain ended at ${forced.begun}`);
      assert.ok(seen.at(-2).at > (committed.ended + forced.begun) / 2, 'it was answered while the old version drained');
      assert.deepEqual((await here.containers()).map((it) => it.version), ['v2']);
    });
  }

  test('where everybody who stayed is done before the deadline, a deploy does not wait for it', async (t) => {
    const here = await serving(t, 'long-done', { env: { drain: '60s' } });
    const download = stays(t, here, 'download', LINES, SLOWLY);
    await until('its beginning', () => download.last()?.status);
    const result = await here.cd('deploy', '--image', image('v2'));
    const ended = Date.now();
    assert.deepEqual([result.outcome, result.code], ['deployed', 0], result.stderr);
    const [, end] = await download.ended;
    assert.equal(end.whole, true, JSON.stringify(end));
    const [committed] = acts(result, 'record the commit');
    assert.ok(end.at > committed.ended, 'it was waited for');
    assert.ok(end.at <= acts(result, 'remove ')[0].begun, 'the old version goes after it');
    assert.ok(ended - committed.ended < 60_000, 'and not at the deadline');
    assert.equal(result.report.acts.some((it) => it.what.endsWith(ENDING)), false);
  });

  test('going back: who stayed with the old version notices nothing, who came to the new one has the drain to end', async (t) => {
    const drain = 4000;
    const here = await serving(t, 'long-back', { router: '3.2', env: { bake: { for: '30s', errors: '5%' }, drain: `${drain}ms` } });
    const old = stays(t, here, 'socket');
    await until('the first message', () => old.last()?.echo);
    const deploy = here.start('deploy', '--image', image('errors'));
    await until('the new version', async () => (await here.ask('/health')).version === 'errors');
    const fresh = stays(t, here, 'socket');
    await until('a message of the new version', () => fresh.last()?.echo);
    const load = await here.load();
    const result = await deploy.ended;
    await load.stop();
    assert.deepEqual([result.outcome, result.report.reason], ['rolled-back', 'errors'], result.stderr);
    const seen = await fresh.ended;
    assert.deepEqual(conversation(seen), ['errors']);
    const back = acts(result, 'route g1-1=256').at(0);
    const forced = endedAtTheDeadline(result, back.begun, drain);
    assert.ok(seen.at(-1).at >= forced.begun);
    const heard = old.last().echo;
    await until('another message of the old version', () => old.last().echo > heard);
    assert.deepEqual(conversation(old.seen()), ['v1']);
  });
});
