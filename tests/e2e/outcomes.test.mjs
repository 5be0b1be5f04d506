// How deploys end while users come at 100 new connections a second, good versions and bad ones: what the users saw,
// what the engine and the router say, what the report says, and what the ledger keeps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  astrayOf, byDigest, changesAfter, committedOf, completedAt, everythingOf, image, journalOf, ledgerOf, place, tableOf,
  underLoad,
} from './lib.mjs';

/** A place where v1 serves, known-good. */
async function serving(t, name, config = {}) {
  const here = place(name).config(config);
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stdout + first.stderr);
  return here;
}

/** Deploys under load: the run's result, the users' summary and every single request. */
async function deployUnderLoad(here, ...args) {
  const seen = await underLoad(here, () => here.cd('deploy', ...args));
  assert.ok(seen.users.sent > 50, `there was load: ${seen.users.sent} requests`);
  return seen;
}

const lastRecord = async (here) => (await ledgerOf(here)).at(-1);
const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);

test('a good version takes over and no user notices', async (t) => {
  const here = await serving(t, 'good');
  const { result, users, requests } = await deployUnderLoad(here, '--image', image('v2'));
  assert.equal(result.outcome, 'deployed', result.stdout + result.stderr);
  assert.equal(result.code, 0);
  assert.equal(users.failed, 0, JSON.stringify(users.failures));
  assert.ok(users.by_version.v1 > 0 && users.by_version.v2 > 0, JSON.stringify(users.by_version));
  const versionsSeen = requests.map((it) => it.version);
  assert.deepEqual((await here.ask()), { status: 200, version: 'v2' });
  assert.equal(versionsSeen.at(-1), 'v2', 'whoever comes last gets the new version');
  assert.deepEqual(await versions(here), ['v2 running']);
  assert.deepEqual(await astrayOf(here), []);
  assert.deepEqual(await committedOf(here), ['v1', 'v2']);
  const end = await lastRecord(here);
  assert.deepEqual([end.kind, end.outcome, end.quarantine], ['ended', 'deployed', false]);
  const { report } = result;
  assert.equal(report.before.version, 'v1');
  assert.equal(report.serving.version, 'v2');
  assert.equal(report.serving.digest, report.wanted.digest);
  assert.equal(`${report.wanted.image}`, await byDigest(image('v2')));
  assert.ok(report.serving['known-good-since'] > report.before['known-good-since']);
  assert.ok(report.because.some((it) => /0 of [1-9]\d* requests without a good answer/.test(it)), report.because.join('\n'));
});

test('a version that is not well before it has traffic is turned away and no user notices', async (t) => {
  const here = await serving(t, 'unwell', { health: { deadline: '6s' } });
  const cases = [
    { title: 'broken health', image: 'broken', reason: 'not-proven', says: /503|status of 500 or above/, log: /listens on port 8000/ },
    { title: 'a start that takes longer than the deadline', image: 'v2', run: { env: { START_DELAY_MS: '15000' } }, reason: 'not-proven', says: /not proven within 6 s/, log: /^/ },
    { title: 'another port than the configured one', image: 'v2', run: { env: { PORT: '8001' } }, reason: 'not-proven', says: /nothing listens on the port/, log: /listens on port 8001/ },
    { title: 'another version answering', image: 'liar', reason: 'not-proven', says: /version: "1\.0\.0", not "liar"/, log: /listens/ },
    { title: 'an exit at the start', image: 'exits', reason: /^(exited|restarted)$/, says: /it ended( with exit code 1)?($| and was restarted)/m, log: /EXIT_AT_START/ },
    { title: 'an answer that never comes', image: 'hangs', reason: 'not-proven', says: /no answer in time|not proven within/, log: /listens/ },
  ];
  for (const it of cases) {
    await t.test(it.title, async () => {
      here.config({ health: { deadline: '6s' }, run: it.run });
      const before = await everythingOf(here);
      const { result, users } = await deployUnderLoad(here, '--image', image(it.image));
      assert.equal(result.outcome, 'rolled-back', result.stdout + result.stderr);
      assert.equal(result.code, 1);
      assert.match(result.report.reason, it.reason instanceof RegExp ? it.reason : new RegExp(`^${it.reason}$`));
      assert.match(result.report.because.join('\n'), it.says);
      assert.equal(users.failed, 0, JSON.stringify(users.failures));
      assert.deepEqual(Object.keys(users.by_version), ['v1'], 'nobody met the new version');
      assert.equal(result.report.serving.version, 'v1');
      assert.match(result.report.logs[0]?.text ?? '', it.log, 'its last words are kept');
      assert.deepEqual(await versions(here), ['v1 running']);
      assert.deepEqual(await astrayOf(here), []);
      assert.equal(JSON.parse(await everythingOf(here)).table, JSON.parse(before).table, 'the table is the one from before');
      assert.deepEqual(await committedOf(here), ['v1'], 'it never became known-good');
      const end = await lastRecord(here);
      assert.deepEqual([end.kind, end.outcome, end.quarantine], ['ended', 'rolled-back', true]);
      assert.equal(end.reason, result.report.reason);
    });
  }
});

test('a version that fails only once it has the traffic is turned back, at once', async (t) => {
  const health = { failures: 3 };
  const env = { bake: { for: '30s', errors: '5%' } };
  const here = await serving(t, 'later', { health, env });
  const cases = [
    { image: 'crashes', reason: /^(exited|restarted)$/, says: /it ended( with exit code 1)?($| and was restarted)/m, log: /crashes: CRASH_AFTER_MS is over/, knobs: { CRASH_AFTER_MS: '8000' } },
    { image: 'errors-later', reason: /^errors$/, says: /\d+ of \d+ requests got no good answer/, knobs: {} },
    { image: 'breaks-later', reason: /^(probe-failed|errors)$/, says: /bad probes in a row|got no good answer/, knobs: {} },
  ];
  for (const it of cases) {
    await t.test(`${it.image}: going back is the first thing that happens`, async () => {
      here.config({ health, env, run: { env: it.knobs } });
      const { result, users, requests } = await deployUnderLoad(here, '--image', image(it.image));
      assert.equal(result.outcome, 'rolled-back', result.stdout + result.stderr);
      assert.equal(result.code, 1);
      assert.match(result.report.reason, it.reason);
      assert.match(result.report.because.join('\n'), it.says);
      assert.ok(users.by_version[it.image] > 0, `it had the traffic: ${JSON.stringify(users.by_version)}`);
      assert.ok(result.report.phases.some((phase) => phase.name === 'baking'), 'it got as far as the bake');

      const journal = journalOf(result);
      const { at, changes } = changesAfter(journal, 'go back: ');
      assert.ok(at, 'the decision is in the journal');
      assert.match(changes[0]?.change ?? '', /^route g1-1=256$/, JSON.stringify(changes));
      const back = completedAt(journal, changes[0].id);

      const failed = requests.filter((request) => !(request.status < 400));
      assert.equal(failed.length, users.failed);
      const innocent = failed.filter((request) => request.version !== it.image || request.at > back);
      assert.deepEqual(innocent, [], 'whoever failed was answered by the new version, and came before the way back');
      const late = requests.filter((request) => request.at > back && request.version !== 'v1');
      assert.deepEqual(late, [], 'after the way back everybody gets the old version');
      if (it.image !== 'errors-later') assert.equal(users.failed, 0, 'a crash and a broken health page are not felt');

      assert.match(result.report.logs[0]?.text ?? '', it.log ?? /listens/, 'with the tail of its log');
      assert.match(result.stdout + result.stderr, /rolled[ -]back/);
      assert.equal(result.report.serving.version, 'v1');
      assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
      assert.deepEqual(await versions(here), ['v1 running']);
      assert.deepEqual(await astrayOf(here), []);
      assert.deepEqual(await committedOf(here), ['v1']);
      const end = await lastRecord(here);
      assert.deepEqual([end.outcome, end.quarantine], ['rolled-back', true]);
    });
  }
});

test('an image that does not exist is nobody\'s fault: nothing is touched, nothing is quarantined', async (t) => {
  const missing = `${image('no-such-tag')}`;
  const unborn = place('missing').config();
  t.after(() => unborn.end());
  await t.test('where nothing was ever deployed', async () => {
    const before = await everythingOf(unborn);
    const result = await unborn.cd('deploy', '--image', missing);
    assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, 'image-missing'], result.stderr);
    assert.equal(await everythingOf(unborn), before);
  });
  await t.test('where something serves, by tag and by digest', async () => {
    const here = await serving(t, 'gone');
    const before = await everythingOf(here);
    const nobody = `${image('v1').replace(/:v1$/, '')}@sha256:${'0123456789abcdef'.repeat(4)}`;
    for (const reference of [missing, nobody]) {
      const result = await here.cd('deploy', '--image', reference);
      assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, 'image-missing'], result.stderr);
      assert.ok(result.report.next.length > 0);
      assert.equal(await everythingOf(here), before);
    }
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    assert.equal((await tableOf(here)).length, 2);
    const status = await here.cd('status');
    assert.deepEqual(status.report.status.quarantine, []);
  });
});
