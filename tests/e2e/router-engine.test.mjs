// The engine restarts, by order and by a crash, and the registry goes away: on an engine of this file's own, since
// nobody else's tests could go on beside that.

process.env.CD_PARTS = process.env.CD_PARTS_ENGINE ?? '/tmp/cd-e2e-engine';

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PARTS = process.env.CD_PARTS;
const SCRIPTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'parts');
const part = (name, ...args) => execFileSync(join(SCRIPTS, name), args, { env: { ...process.env, CD_PARTS_ROUTERS: '2.6' }, stdio: ['ignore', 'ignore', 'pipe'] });

const wasUp = existsSync(join(PARTS, 'env'));
if (!wasUp) {
  // What takes long to fetch and to build is the same as for the other tests.
  mkdirSync(PARTS, { recursive: true });
  writeFileSync(join(PARTS, '.made-by-cd-action-parts'), '');
  for (const folder of ['debian', 'node24', 'bin']) {
    const from = join('/tmp/cd-action-parts', folder);
    if (existsSync(from)) cpSync(from, join(PARTS, folder), { recursive: true, verbatimSymlinks: true });
  }
}
after(() => { if (!wasUp) part('down'); });
part('up');

const { countingDocker } = await import('./bin/docker.mjs');
const {
  strayOf, byDigest, committedOf, docker, everythingOf, image, ledgerOf, place, run, sleep, underLoad, until,
} = await import('./lib.mjs');

const bake = { for: '1s', errors: '5%' };

async function deploy(here, reference, expected = 'deployed') {
  const result = await here.cd('deploy', '--image', reference);
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);
const answers = (here, version) => until(`${version} to answer`, async () => (await here.ask()).version === version);

/** Stops the registry for as long as something is done. */
async function withoutRegistry(work) {
  part('registry', 'stop');
  try {
    return await work();
  } finally {
    part('registry', 'start');
  }
}

const ENGINE = {
  'restarted': () => part('engine', 'restart'),
  'killed and started': async () => {
    part('engine', 'kill9');
    await sleep(500);
    part('engine', 'start');
  },
};

test('a registry that does not answer is nobody\'s fault: nothing is touched, nothing is quarantined', async (t) => {
  const [unborn, here] = [place('unborn').config({ env: { bake } }), place('down').config({ env: { bake } })];
  t.after(() => unborn.end());
  t.after(() => here.end());
  await deploy(here, image('v1'));
  const v2 = await byDigest(image('v2'));
  await withoutRegistry(async () => {
    for (const place of [unborn, here]) {
      const before = await everythingOf(place);
      for (const reference of [image('v3'), image('no-such-tag')]) {
        const result = await deploy(place, reference, 'failed');
        assert.deepEqual([result.code, result.report.reason], [1, 'registry-unreachable'], result.stdout + result.stderr);
        assert.equal(await everythingOf(place), before);
      }
    }
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    const status = await here.cd('status');
    assert.deepEqual([status.code, status.report.status.quarantine], [0, []]);
    assert.equal((await here.cd('plan', '--image', image('v3'))).code, 0, 'a plan needs no registry');
    // A digest means one thing only, and that is here.
    const { users } = await underLoad(here, () => deploy(here, v2));
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
  });
  await deploy(here, image('v3'));
  assert.deepEqual(await committedOf(here).then((it) => it.length), 3);
});

test('a rollback needs no registry, and what it goes to survives a clean-up of the host', async (t) => {
  const here = place('prune').config({ env: { bake }, health: { deadline: '4s' } });
  t.after(() => here.end());
  const named = {};
  for (const tag of ['v1', 'v2', 'exits', 'noisy']) named[tag] = await byDigest(image(tag));
  // As on a host that built nothing: images come by digest, without a tag.
  for (const tag of Object.keys(named)) await docker('image', 'rm', image(tag));
  t.after(async () => { for (const tag of Object.keys(named)) await docker('pull', '-q', image(tag)); });
  await deploy(here, named.v1);
  await deploy(here, named.v2);
  await deploy(here, named.exits, 'rolled-back');
  await docker('pull', '-q', named.noisy);
  const pruned = await docker('image', 'prune', '-f');
  assert.match(pruned, new RegExp(named.noisy.split('@')[1]), 'what nobody keeps is gone');
  const tags = await docker('image', 'inspect', '--format', '{{json .RepoTags}}', named.v1);
  assert.deepEqual(JSON.parse(tags).filter((it) => !it.startsWith('cd-action/')), [], 'only our tag keeps it');
  await withoutRegistry(async () => {
    const { result, users } = await underLoad(here, () => here.cd('rollback'));
    assert.deepEqual([result.outcome, result.code], ['restored', 0], result.stdout + result.stderr);
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.equal(result.report.serving.digest, named.v1.split('@')[1]);
  });
  const { candidates } = (await here.cd('rollback')).report.candidates;
  assert.deepEqual(candidates.map((it) => it['known-good'].release.digest), [named.v1, named.v2].map((it) => it.split('@')[1]));
  assert.deepEqual(await strayOf(here), []);

  await t.test('an image that is gone all the same is passed over, and said', async () => {
    await docker('image', 'rm', '-f', (await docker('image', 'inspect', '--format', '{{.Id}}', named.v2)));
    const back = await withoutRegistry(() => here.cd('rollback', '--version', 'g2'));
    assert.deepEqual([back.outcome, back.report.reason], ['rejected', 'no-target'], back.stdout + back.stderr);
    assert.equal(back.report.candidates.candidates.find((it) => it['known-good'].generation === 2).verdict, 'image-missing');
    assert.deepEqual(await strayOf(here), []);
  });

  await t.test('and fetched where the registry has it', async () => {
    const back = await here.cd('rollback', '--version', 'g2');
    assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stdout + back.stderr);
    assert.equal(back.report.serving.digest, named.v2.split('@')[1]);
    // The commonest clean-up of all takes the digest's name even of an image that is used.
    await docker('image', 'prune', '-a', '-f');
    const again = await here.cd('rollback', '--version', named.v1.split('@')[1]);
    assert.deepEqual([again.outcome, again.code], ['restored', 0], again.stdout + again.stderr);
    assert.deepEqual(await strayOf(here), []);
  });
});

test('an engine that restarts between deploys changes nothing', async (t) => {
  const [here, other] = ['between', 'beside'].map((name) => place(name).config({ run: { replicas: 2 }, env: { bake } }));
  t.after(() => here.end());
  t.after(() => other.end());
  await deploy(here, image('v1'));
  await deploy(other, image('v3'));
  await deploy(here, image('v2'));
  for (const [how, restart] of Object.entries(ENGINE)) {
    await t.test(how, async () => {
      await restart();
      await answers(here, 'v2');
      await answers(other, 'v3');
      await until('everything to run again', async () => (await versions(here)).concat(await versions(other)).join() === 'v2 running,v2 running,v3 running,v3 running');
      assert.deepEqual([await strayOf(here), await strayOf(other)], [[], []]);
      const status = (await here.cd('status')).report.status;
      assert.deepEqual([status.unfinished, status.astray], [null, []]);
      assert.equal((await here.cd('recover')).outcome, 'unchanged');
    });
  }
  await t.test('and the next deploy is as good as any', async () => {
    const { users } = await underLoad(here, () => deploy(here, image('v3')));
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.deepEqual(await strayOf(here), []);
    assert.deepEqual(await versions(here), ['v3 running', 'v3 running']);
  });
});

test('an engine that restarts in the middle of a deploy is not the version\'s fault, and ends in no muddle', async (t) => {
  const env = { bake: { for: '8s', errors: '5%' }, lease: '2s' };
  const slow = { START_DELAY_MS: '4000' };
  const here = place('middle').config({ run: { replicas: 2 }, env, health: { deadline: '30s' } });
  t.after(() => here.end());
  await deploy(here, image('v1'));
  const cases = [
    { phase: 'proving', how: 'restarted' },
    { phase: 'baking', how: 'restarted' },
    { phase: 'baking', how: 'killed and started' },
    { phase: 'baking', how: 'killed and started', dead: true },
    { phase: 'baking', how: 'restarted', dead: true, then: 'deploy' },
  ];
  for (const [round, { phase, how, dead, then }] of cases.entries()) {
    await t.test(`${how} while ${phase}${dead ? ', the run dead' : ''}; then ${then ?? 'recover'}`, async (t) => {
      const knobs = { ROUND: String(round), ...(phase === 'proving' ? slow : {}) };
      here.config({ run: { replicas: 2, env: knobs }, env, health: { deadline: '30s' } });
      const begun = here.start('deploy', '--image', image('v2'));
      t.after(() => begun.child.kill('SIGKILL'));
      await until(phase, () => new RegExp(`^${phase}$`, 'm').test(begun.output()), { every: 10 });
      if (phase === 'baking') await answers(here, 'v2');
      if (dead) begun.child.kill('SIGKILL');
      await ENGINE[how]();
      const result = await begun.ended;
      if (!dead) {
        const codes = { deployed: 0, 'rolled-back': 1, failed: 1, stranded: 2 };
        assert.equal(codes[result.outcome], result.code, result.stdout + result.stderr);
        if (result.outcome === 'stranded') assert.match(result.report.next.join('\n'), /cd-action recover --environment staging/);
      }
      const was = (await ledgerOf(here)).filter((it) => it.kind === 'committed').at(-1).release;
      assert.equal(was.version === 'v2' && was.spec.env.ROUND === String(round), result.outcome === 'deployed', 'only `deployed` makes it known-good');
      if (dead) {
        await answers(here, 'v2');
        await until('all to run', async () => (await versions(here)).every((it) => it.endsWith(' running')));
        assert.deepEqual(await strayOf(here), [], 'nobody settled anything yet, and still each address is whose it was');
      }
      let settled = was.version;
      if (then === 'deploy') {
        here.config({ run: { replicas: 2 }, env: { ...env, bake }, health: { deadline: '30s' } });
        await deploy(here, image('v3'));
        settled = 'v3';
      } else {
        const recovered = await here.cd('recover');
        assert.equal(recovered.code, 0, recovered.stdout + recovered.stderr);
      }
      assert.deepEqual(await here.ask(), { status: 200, version: settled });
      assert.deepEqual(await versions(here), [`${settled} running`, `${settled} running`]);
      assert.deepEqual(await strayOf(here), []);
      const status = (await here.cd('status')).report.status;
      assert.deepEqual([status.unfinished, status.astray, status.quarantine], [null, [], []], result.stdout + result.stderr);
    });
  }
  const left = await run(['docker', 'ps', '-aq', '--filter', `label=cd-action.service=${here.service}`]);
  assert.equal(left.stdout.trim().split('\n').length, 3, 'two instances and their router');
});

test('an engine that restarts once the old worker is stopped starts the new one alone, and what is brought back has its policy again', async (t) => {
  const here = place('alone', { worker: true }).config({ env: { lease: '2s' } });
  t.after(() => here.end());
  const policies = async () => {
    const names = (await here.containers()).map((it) => it.name);
    const format = '{{index .Config.Labels "cd-action.version"}} {{.State.Status}} {{.HostConfig.RestartPolicy.Name}}';
    return (await docker('inspect', '--type', 'container', '--format', format, ...names)).split('\n').sort();
  };
  await deploy(here, image('v1'));
  for (const [how, restart] of Object.entries(ENGINE)) {
    await t.test(how, async () => {
      const killed = await countingDocker(here, 'run#1 after kill').start('deploy', '--image', image('v2')).ended;
      assert.equal(killed.signal, 'SIGKILL', killed.stderr);
      await restart();
      await until('the new one to run', async () => (await versions(here)).includes('v2 running'));
      await sleep(3000);
      assert.deepEqual(await policies(), ['v1 exited no', 'v2 running always']);
      const recovered = await here.cd('recover', '--wait', '30s');
      assert.equal(recovered.outcome, 'restored', recovered.stderr);
      assert.deepEqual(await policies(), ['v1 running always']);
    });
  }
});

test('an engine that is away for a while as traffic moves or the commit is written is waited for', async (t) => {
  const here = place('away').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, image('v1'));
  for (const [at, next] of [['route#2', 'v2'], ['commit#1', 'v3']]) {
    await t.test(`before ${at}`, async () => {
      const counting = countingDocker(here, `${at} before pause`);
      const begun = counting.start('deploy', '--image', image(next));
      await until(`the call ${at}`, () => counting.reached().length > 0);
      part('engine', 'stop');
      counting.go(at);
      await sleep(5000);
      part('engine', 'start');
      const result = await begun.ended;
      assert.equal(result.outcome, 'deployed', result.stdout + result.stderr);
      assert.equal((await here.ask()).version, next);
      assert.deepEqual(await versions(here), [`${next} running`]);
      assert.deepEqual([await strayOf(here), (await here.cd('status')).report.status.unfinished], [[], null]);
    });
  }
});
