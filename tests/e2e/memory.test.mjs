// What is remembered at the target, and what follows from it: known-good, quarantine, where a rollback goes, a ledger
// that was written to by somebody else, and what a run that was killed leaves for the next one.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { astrayOf, byDigest, committedOf, docker, everythingOf, image, ledgerOf, place, run, underLoad, until } from './lib.mjs';

async function deploy(here, tag, expected, ...args) {
  const result = await here.cd('deploy', '--image', image(tag), ...args);
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);
const statusOf = async (here) => (await here.cd('status')).report.status;

test('quarantine is of an image in a configuration: the same image in another one is not rejected', async (t) => {
  const here = place('three').config({ health: { deadline: '4s' } });
  t.after(() => here.end());
  await deploy(here, 'v1', 'deployed');

  here.config({ health: { deadline: '4s' }, run: { env: { BREAK: '1' } } });
  const broken = await deploy(here, 'v1', 'rolled-back');
  assert.equal(broken.code, 1);
  assert.equal(broken.report.serving['config-hash'], broken.report.before['config-hash'], 'the former configuration serves');
  assert.notEqual(broken.report.wanted['config-hash'], broken.report.before['config-hash']);

  await t.test('the good configuration serves already', async () => {
    here.config({ health: { deadline: '4s' } });
    const before = await everythingOf(here);
    const again = await deploy(here, 'v1', 'unchanged');
    assert.equal(again.code, 0);
    assert.equal(await everythingOf(here), before);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('what failed is rejected, with reason and date, and nothing is touched', async () => {
    here.config({ health: { deadline: '4s' }, run: { env: { BREAK: '1' } } });
    const before = await everythingOf(here);
    const rejected = await deploy(here, 'v1', 'rejected');
    assert.deepEqual([rejected.code, rejected.report.reason], [1, 'quarantine']);
    const year = new Date().getUTCFullYear();
    assert.match(rejected.report.because.join('\n'), new RegExp(`not-proven on ${year}-\\d\\d-\\d\\d`));
    assert.match(rejected.report.next.join('\n'), /override/);
    assert.equal(await everythingOf(here), before);
  });

  await t.test('an override without a reason is no override', async () => {
    const mute = await here.cd('deploy', '--image', image('v1'), '--override', 'quarantine');
    assert.deepEqual([mute.outcome, mute.code], ['invalid', 3]);
    assert.match(mute.report.because.join('\n'), /needs a `reason`/);
  });

  await t.test('with an override and its reason it is tried again, and the ledger says who and why', async () => {
    here.env = { GITHUB_ACTOR: 'marie' };
    const again = await deploy(here, 'v1', 'rolled-back', '--override', 'quarantine', '--reason', 'the disk was full');
    here.env = {};
    assert.match(again.report.troubles.join('\n'), /quarantine was overridden: the disk was full/);
    const records = await ledgerOf(here);
    const overridden = records.find((it) => it.kind === 'overridden');
    assert.deepEqual([overridden?.what, overridden?.who, overridden?.reason], ['quarantine', 'marie', 'the disk was full']);
    const began = records.filter((it) => it.kind === 'began').at(-1);
    assert.deepEqual([began.overrides, began.reason], [['quarantine'], 'the disk was full']);
    assert.deepEqual(await committedOf(here), ['v1']);
    assert.equal((await statusOf(here)).quarantine.length, 1, 'once, with the newest failure');
  });

  await t.test('the good one was never rejected, and is still known-good', async () => {
    here.config({ health: { deadline: '4s' } });
    await deploy(here, 'v1', 'unchanged');
    assert.deepEqual((await statusOf(here))['known-good'].map((it) => it.version), ['v1']);
  });
});

test('where the first version ever fails there is nothing, as before', async (t) => {
  const here = place('first').config({ health: { deadline: '4s' } });
  t.after(() => here.end());
  for (const tag of ['broken', 'exits']) {
    const result = await deploy(here, tag, 'rolled-back');
    assert.equal(result.code, 1);
    assert.deepEqual(await here.containers(), [], 'no instance is left');
    assert.notEqual((await here.ask()).status, 200);
    assert.deepEqual(await committedOf(here), []);
    assert.equal(result.report.serving, null);
    assert.equal(result.report.before, null);
    assert.match(result.report.plan.rollback, /none: nothing serves here yet/);
    assert.match(result.stdout + result.stderr, /nothing to go back to|nothing serves/);
  }
  const status = await here.cd('status');
  assert.deepEqual([status.code, status.report.serving], [0, null]);
  assert.deepEqual([status.report.status['known-good'], status.report.status.quarantine.length], [[], 2]);
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, back.code, back.report.reason], ['rejected', 1, 'no-target']);
  assert.deepEqual(back.report.candidates['never-proven'].map((it) => it.version), ['exits', 'broken']);
  const good = await deploy(here, 'v1', 'deployed');
  assert.equal(good.report.serving.version, 'v1');
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('a rollback goes to what was proven, never to what was there before', async (t) => {
  const here = place('back').config({ health: { deadline: '4s' }, env: { bake: { for: '1s', errors: '5%' } } });
  t.after(() => here.end());
  const candidates = (result) => result.report.candidates.candidates.map((it) => [it['known-good'].release.version, Object.keys(it.verdict)[0].length > 1 ? Object.keys(it.verdict)[0] : it.verdict]);

  await deploy(here, 'v1', 'deployed');
  await deploy(here, 'exits', 'rolled-back');
  await deploy(here, 'broken', 'rolled-back');

  await t.test('good, bad, bad: the good one serves already, and the bad ones are listed as never proven', async () => {
    const before = await everythingOf(here);
    const back = await here.cd('rollback');
    assert.deepEqual([back.outcome, back.code], ['unchanged', 0], back.stdout + back.stderr);
    assert.deepEqual(candidates(back), [['v1', 'serves']]);
    assert.deepEqual(back.report.candidates['never-proven'].map((it) => it.version), ['broken', 'exits']);
    assert.match(back.stdout + back.stderr, /v1/);
    assert.equal(await everythingOf(here), before);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  });

  await t.test('a bad one is not gone to by name either', async () => {
    const back = await here.cd('rollback', '--version', 'broken');
    assert.deepEqual([back.outcome, back.code], ['rejected', 1]);
    assert.deepEqual(candidates(back), [['v1', 'not-asked']]);
  });

  await deploy(here, 'v2', 'deployed');
  await deploy(here, 'exits', 'rejected');
  await deploy(here, 'liar', 'rolled-back');

  await t.test('good, good, bad: it goes to the first, users notice nothing, every candidate has its verdict', async () => {
    const { result: back, users } = await underLoad(here, () => here.cd('rollback', '--reason', 'prices are wrong'));
    assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stdout + back.stderr);
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.deepEqual(Object.keys(users.by_version).sort(), ['v1', 'v2']);
    assert.deepEqual(candidates(back), [['v2', 'serves'], ['v1', 'chosen']]);
    assert.deepEqual(back.report.candidates['never-proven'].map((it) => it.version), ['liar', 'broken', 'exits']);
    assert.equal(back.report.serving.version, 'v1');
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    assert.deepEqual(await versions(here), ['v1 running']);
    assert.deepEqual(await astrayOf(here), []);
    const committed = (await ledgerOf(here)).filter((it) => it.kind === 'committed').at(-1);
    assert.deepEqual([committed.command, committed.release.version], ['rollback', 'v1']);
    const began = (await ledgerOf(here)).filter((it) => it.kind === 'began').at(-1);
    assert.equal(began.reason, 'prices are wrong');
  });

  await t.test('a second one does not go back to what the first one left', async () => {
    const back = await here.cd('rollback');
    assert.deepEqual([back.outcome, back.code], ['unchanged', 0], back.stdout + back.stderr);
    assert.deepEqual(candidates(back), [['v1', 'serves'], ['v2', 'left']]);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  });

  await t.test('by name it does', async () => {
    const back = await here.cd('rollback', '--version', 'v2');
    assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stdout + back.stderr);
    assert.deepEqual(candidates(back), [['v1', 'not-asked'], ['v2', 'chosen']]);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('by digest and by generation too; an unknown name is rejected with the list', async () => {
    const digest = (await byDigest(image('v1'))).split('@')[1];
    const back = await here.cd('rollback', '--version', digest);
    assert.deepEqual([back.outcome, back.report.serving.version], ['restored', 'v1'], back.stdout + back.stderr);
    const nobody = await here.cd('rollback', '--version', 'v9');
    assert.deepEqual([nobody.outcome, nobody.code, nobody.report.reason], ['rejected', 1, 'no-target']);
    assert.deepEqual(candidates(nobody), [['v1', 'not-asked'], ['v2', 'not-asked']]);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  });

  await t.test('status lists known-good and quarantine', async () => {
    const status = await here.cd('status');
    assert.deepEqual([status.outcome, status.code], ['shown', 0]);
    const { 'known-good': good, quarantine, 'ledger-sound': sound, unfinished, lease, astray } = status.report.status;
    assert.deepEqual(good.map((it) => it.version), ['v1', 'v2']);
    assert.equal(quarantine.length, 3);
    for (const [at, version] of ['liar', 'broken', 'exits'].entries()) assert.ok(quarantine[at].startsWith(version), quarantine[at]);
    assert.deepEqual([sound, unfinished, lease, astray], [true, null, null, []]);
    assert.match(status.stdout + status.stderr, /v1/);
  });
});

test('a ledger in which one byte was flipped is found, named, and not deployed on', async (t) => {
  const here = place('flip').config();
  t.after(() => here.end());
  await deploy(here, 'v1', 'deployed');
  const file = '/var/lib/cd-action/ledger/000001';
  const router = `${here.prefix}-router`;
  const sound = await run(['docker', 'exec', '-u', '0', router, 'cat', file]);
  const write = (text) => run(['docker', 'exec', '-i', '-u', '0', router, 'sh', '-c', `cat > ${file}`], { input: text });
  const lines = sound.stdout.split('\n').filter(Boolean);
  const startOf = (line) => lines.slice(0, line).reduce((sum, text) => sum + text.length + 1, 0);
  const flips = [
    { what: 'what was deployed', line: 1, at: lines[0].indexOf('"version":"v1"') + 12 },
    { what: 'a proof', line: 2, at: lines[1].indexOf('"bake-ms":0') + 10 },
    { what: 'a hash', line: 2, at: lines[1].length - 10 },
    { what: 'a link', line: 3, at: lines[2].indexOf('"prev":"') + 8 },
    { what: 'the frame (the high bit: no text any more)', line: 1, at: 0, bit: 0x80 },
    { what: 'a proof (the high bit)', line: 2, at: lines[1].indexOf('"bake-ms":0') + 10, bit: 0x80 },
  ];
  const good = await everythingOf(here);
  for (const flip of flips) {
    await t.test(`a byte of ${flip.what}`, async () => {
      const offset = startOf(flip.line - 1) + flip.at;
      const bytes = Buffer.from(sound.stdout);
      bytes[offset] ^= flip.bit ?? 1;
      await write(bytes);
      const named = new RegExp(`segment 000001, line ${flip.line}\\b`);
      const status = await here.cd('status');
      assert.deepEqual([status.outcome, status.code, status.report.reason], ['failed', 1, 'ledger-tampered'], status.stdout + status.stderr);
      assert.match(status.report.because.join('\n'), named);
      assert.match(status.stdout + status.stderr, named);
      assert.equal(status.report.status['ledger-sound'], false);
      const before = await everythingOf(here);
      const deployed = await here.cd('deploy', '--image', image('v2'));
      assert.deepEqual([deployed.outcome, deployed.code, deployed.report.reason], ['failed', 1, 'ledger-tampered'], deployed.stdout + deployed.stderr);
      assert.match(deployed.report.because.join('\n'), named);
      assert.equal(await everythingOf(here), before, 'nothing is touched on a memory that cannot be trusted');
      assert.equal((await statusOf(here)).lease, null, 'nobody holds the lease any more');
      assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    });
  }
  await t.test('rollback and recover are refused as well', async () => {
    const before = await everythingOf(here);
    for (const command of ['rollback', 'recover']) {
      const refused = await here.cd(command);
      assert.deepEqual([refused.outcome, refused.report.reason], ['failed', 'ledger-tampered'], refused.stdout + refused.stderr);
    }
    assert.equal(await everythingOf(here), before);
  });
  await t.test('once it is as it was written all is well again', async () => {
    await write(sound.stdout);
    assert.equal(await everythingOf(here), good);
    assert.equal((await here.cd('status')).code, 0);
    await deploy(here, 'v2', 'deployed');
  });
});

test('status reads the newest segment of the ledger; with verify all of it, however long it is', async (t) => {
  const here = place('long-ledger').config();
  t.after(() => here.end());
  await deploy(here, 'v1', 'deployed');
  const [folder, router] = ['/var/lib/cd-action/ledger', `${here.prefix}-router`];
  const write = (text) => run(['docker', 'exec', '-i', '-u', '0', router, 'sh', '-c', `cat > ${folder}/000001`], { input: text });
  let { stdout: text } = await run(['docker', 'exec', '-u', '0', router, 'cat', `${folder}/000001`]);
  let { seq, hash } = JSON.parse(text.trim().split('\n').at(-1));
  // What a long history would have left: the segment is full, so the next record begins another one.
  while (seq < 70) {
    seq += 1;
    const body = `{"format":1,"at":1,"run":{"holder":"x","token":1},"kind":"decided","phase":"p","decision":"number ${seq}","because":[]}`;
    const next = createHash('sha256').update(`${hash}\n${seq}\n${body}`).digest('hex');
    text += `{"seq":${seq},"prev":"${hash}","body":${body},"hash":"${next}"}\n`;
    hash = next;
  }
  await write(text);
  await deploy(here, 'v2', 'deployed');
  const ledger = (status) => status.report.status.ledger;
  assert.match(ledger(await here.cd('status')), /^7\d records, unbroken from 71 on, where the newest segment begins; its head is [0-9a-f]{64}; .*status.*verify.* verifies all$/);
  assert.match(ledger(await here.cd('status', '--verify')), /^7\d records, unbroken; its head is [0-9a-f]{64}$/);
  await write(text.replace('number 40', 'number 04'));
  const newest = await here.cd('status');
  assert.deepEqual([newest.outcome, newest.code], ['shown', 0], newest.stderr);
  const all = await here.cd('status', '--verify');
  assert.deepEqual([all.outcome, all.code, all.report.reason], ['failed', 1, 'ledger-tampered'], all.stderr);
  assert.match(all.report.because.join('\n'), /segment 000001, line 40 /);
  const misplaced = await here.cd('deploy', '--image', image('v1'), '--verify');
  assert.deepEqual([misplaced.outcome, misplaced.code], ['invalid', 3], misplaced.stderr);
  assert.match(misplaced.stdout + misplaced.stderr, /`verify` is for status, not for `deploy`/);
});

test('a run that was killed while its version baked never made that version known-good', async (t) => {
  const env = { bake: { for: '60s', errors: '5%' }, lease: '2s' };
  const here = place('killed').config({ env });
  t.after(() => here.end());
  const checkpoint = '/var/lib/cd-action/checkpoint';
  const router = `${here.prefix}-router`;
  const inRouter = (script, input = '') => run(['docker', 'exec', '-i', '-u', '0', router, 'sh', '-c', script], { input });
  await deploy(here, 'v1', 'deployed');

  /** Kills a deploy of v2 in its bake. */
  const killMidBake = async () => {
    const begun = here.start('deploy', '--image', image('v2'));
    t.after(() => begun.child.kill('SIGKILL'));
    await until('the bake', () => /^baking$/m.test(begun.output()));
    await until('users on v2', async () => (await here.ask()).version === 'v2');
    begun.child.kill('SIGKILL');
    await begun.ended;
  };
  const garble = {
    'as it was': () => inRouter(`test -s ${checkpoint}`),
    'missing': () => inRouter(`rm ${checkpoint}`),
    'torn': () => inRouter(`head -c 200 ${checkpoint} > ${checkpoint}.half && mv ${checkpoint}.half ${checkpoint}`),
    'garbage': () => inRouter(`head -c 3001 /dev/zero | tr '\\0' '\\377' > ${checkpoint}`),
    'a lie: it says that v2 was committed': async () => {
      const { stdout } = await inRouter(`cat ${checkpoint}`);
      const text = JSON.parse(stdout);
      text.mark = { settling: { goal: text.plan.new.generation, why: 'committed' } };
      return inRouter(`cat > ${checkpoint}`, JSON.stringify(text));
    },
  };
  for (const [how, spoil] of Object.entries(garble)) {
    await t.test(`its checkpoint is ${how}`, async () => {
      const { result: recovered, users } = await underLoad(here, async () => {
        await killMidBake();
        assert.equal((await spoil()).code, 0);
        // As long as its lease runs it may be at work.
        await until('its lease to end', async () => (await statusOf(here)).lease === null, { every: 500 });
        assert.match((await statusOf(here)).unfinished, /was begun and not ended/);
        return here.cd('recover');
      });
      assert.deepEqual([recovered.outcome, recovered.code], ['restored', 0], recovered.stdout + recovered.stderr);
      assert.equal(users.failed, 0, `neither the kill nor the recovery is felt: ${JSON.stringify(users.failures)}`);
      assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
      assert.deepEqual(await versions(here), ['v1 running']);
      assert.deepEqual(await astrayOf(here), []);
      assert.deepEqual(await committedOf(here), ['v1']);
      const after = await statusOf(here);
      assert.deepEqual(after['known-good'].map((it) => it.version), ['v1']);
      assert.deepEqual([after.quarantine, after.unfinished, after.lease], [[], null, null], 'nobody is to blame');
      assert.notEqual((await inRouter(`test -e ${checkpoint}`)).code, 0, 'the checkpoint is gone');
    });
  }
  await t.test('the next deploy settles it first, and goes on', async () => {
    await killMidBake();
    assert.equal((await garble.garbage()).code, 0);
    here.config({ env: { ...env, bake: { for: '1s', errors: '5%' } } });
    const { result: next, users } = await underLoad(here, () => deploy(here, 'v3', 'deployed'));
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.match(next.report.troubles.join('\n'), /an earlier run did not finish/);
    assert.deepEqual(await versions(here), ['v3 running']);
    assert.deepEqual(await committedOf(here), ['v1', 'v3']);
    assert.deepEqual(await astrayOf(here), []);
  });
  await t.test('what was committed before the kill stays', async () => {
    const begun = here.start('deploy', '--image', image('v1'));
    await until('the commit', () => /^retiring$/m.test(begun.output()), { every: 5 });
    begun.child.kill('SIGKILL');
    await begun.ended;
    const recovered = await here.cd('recover');
    assert.ok(['restored', 'unchanged'].includes(recovered.outcome), recovered.stdout + recovered.stderr);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    assert.deepEqual(await versions(here), ['v1 running']);
    assert.deepEqual(await committedOf(here), ['v1', 'v3', 'v1']);
    assert.deepEqual(await astrayOf(here), []);
    assert.equal((await docker('ps', '-aq', '--filter', `label=cd-action.service=${here.service}`)).split('\n').length, 2);
  });
});
