// The router is restarted, crashes, is stopped, removed or tampered with, between deploys and in the middle of one.
// Afterwards the version behind each server that is routed is the one in the table that is written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  astrayOf, committedOf, docker, image, ledgerOf, place, run, serversOf, strayOf, tableOf, underLoad, until,
} from './lib.mjs';

/** The oldest that is supported takes its turn when there is time for everything. */
const ROUTERS = process.env.CD_TEST_ALL === 'true' ? ['2.6', '3.2'] : ['3.2'];

const bake = { for: '1s', errors: '5%' };

async function deploy(here, tag, expected = 'deployed') {
  const result = await here.cd('deploy', '--image', image(tag));
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

const routerOf = (here) => `${here.prefix}-router`;
const versions = async (here) => (await here.containers()).map((it) => `${it.version} ${it.state}`);
const answers = (here, version) => until(`${version} to answer`, async () => (await here.ask()).version === version);

/** The worker dies as it would by a bug of its own; the policy starts the router again. */
async function crash(here) {
  const startedAt = () => docker('inspect', '--format', '{{.State.StartedAt}} {{.State.Status}}', routerOf(here));
  const before = await startedAt();
  const { stdout } = await run(['docker', 'exec', '-u', '0', routerOf(here), 'sh', '-c', 'for pid in $(pidof haproxy); do [ $pid = 1 ] || kill -9 $pid; done; echo killed']);
  assert.match(stdout, /killed/);
  await until('the policy to start the router again', async () => {
    const now = await startedAt();
    return now !== before && now.endsWith(' running');
  });
}

/** Whatever became of a run, what comes after it leaves everything as it is recorded. */
async function sound(here, { quarantine = 0 } = {}) {
  const good = (await committedOf(here)).at(-1);
  assert.deepEqual(await strayOf(here), []);
  assert.deepEqual(await versions(here), [`${good} running`]);
  assert.deepEqual(await here.ask(), { status: 200, version: good });
  const { status } = (await here.cd('status')).report;
  assert.deepEqual([status.astray, status.unfinished, status.lease, status.quarantine.length], [[], null, null, quarantine]);
}

for (const version of ROUTERS) {
  test(`HAProxy ${version}: between deploys a router that went away comes back as the table says`, async (t) => {
    const here = place(`away${version.replace('.', '')}`, { router: version }).config({ env: { bake } });
    t.after(() => here.end());
    await deploy(here, 'v1');
    await deploy(here, 'v2');
    const goings = {
      'restarted': () => docker('restart', '-t', '2', routerOf(here)),
      'crashed': () => crash(here),
      'killed and started': async () => { await docker('kill', routerOf(here)); await docker('start', routerOf(here)); },
    };
    for (const [how, going] of Object.entries(goings)) {
      await t.test(`${how}, and nothing else`, async () => {
        const before = await tableOf(here);
        await going();
        await answers(here, 'v2');
        assert.deepEqual(await tableOf(here), before);
        await sound(here);
      });
    }
    await t.test('the next deploy after that is as good as any', async () => {
      await docker('restart', '-t', '2', routerOf(here));
      await answers(here, 'v2');
      const { users } = await underLoad(here, () => deploy(here, 'v3'));
      assert.equal(users.failed, 0, JSON.stringify(users.failures));
      await sound(here);
    });
  });
}

test('a router that is stopped is started, and one that was removed is made again, serving what served', async (t) => {
  const here = place('gone').config({ env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');

  await t.test('stopped, and recover', async () => {
    await docker('stop', '-t', '2', routerOf(here));
    const result = await here.cd('recover');
    assert.equal(result.code, 0, result.stdout + result.stderr);
    await answers(here, 'v1');
    await sound(here);
  });

  await t.test('stopped, and a deploy', async () => {
    await docker('stop', '-t', '2', routerOf(here));
    await deploy(here, 'v2');
    await sound(here);
  });

  await t.test('removed, and a deploy of the same: it serves again', async () => {
    await docker('rm', '-f', routerOf(here));
    const result = await here.cd('deploy', '--image', image('v2'));
    assert.ok(['unchanged', 'deployed'].includes(result.outcome), result.stdout + result.stderr);
    await sound(here);
  });

  await t.test('removed, and a deploy', async () => {
    await docker('rm', '-f', routerOf(here));
    await deploy(here, 'v3');
    await sound(here);
    assert.deepEqual(await committedOf(here).then((it) => it.slice(0, 2).concat(it.at(-1))), ['v1', 'v2', 'v3'], 'the volume remembers');
  });

  await t.test('removed because the plan said that it is outdated: then it is not any more', async () => {
    here.config({ env: { bake }, router: { image: 'cd-action-router:3.2', forwarded: false } });
    const outdated = await here.cd('plan', '--image', image('v1'));
    const note = outdated.report.plan.notes.find((it) => it.includes(`docker rm -f ${routerOf(here)}`));
    assert.ok(note, JSON.stringify(outdated.report.plan.notes));
    await docker('rm', '-f', routerOf(here));
    await deploy(here, 'v1');
    await sound(here);
    assert.equal(await docker('inspect', '--format', '{{.Config.Image}}', routerOf(here)), 'cd-action-router:3.2');
    assert.ok(!(await here.state('haproxy.cfg')).includes('forwardfor'), 'the new router has the new settings');
    const after = await here.cd('plan', '--image', image('v2'));
    assert.deepEqual(after.report.plan.notes, []);
  });
});

test('a router that does not do what its table says is found, and put right', async (t) => {
  const here = place('astray').config({ run: { replicas: 2 }, env: { bake } });
  t.after(() => here.end());
  await deploy(here, 'v1');
  const ways = {
    'a weight set by hand': { commands: ['set server app/g1-1 weight 0'], says: /g1-1 has weight 0, not 256/ },
    'an instance taken out by hand': { commands: ['set server app/g1-2 state maint', 'del server app/g1-2'], says: /g1-2 is missing/ },
  };
  for (const [what, { commands, says }] of Object.entries(ways)) {
    await t.test(what, async () => {
      for (const command of commands) {
        await until(`${command} to be accepted`, async () => !/still has|cannot/i.test(await here.runtime(command)), { seconds: 20 });
      }
      assert.notDeepEqual(await astrayOf(here), []);
      const status = await here.cd('status');
      assert.match(status.report.status.astray.join('\n'), says);
      assert.match(status.report.status.unfinished, /does not follow/);
      const { result, users } = await underLoad(here, () => here.cd('recover'));
      assert.deepEqual([result.outcome, result.code], ['restored', 0], result.stdout + result.stderr);
      assert.equal(users.failed, 0, JSON.stringify(users.failures));
      assert.deepEqual(await strayOf(here), []);
      assert.equal((await serversOf(here)).filter((it) => it.usable && it.weight === 256 && !it.name.endsWith('.r')).length, 2);
    });
  }
});

for (const version of ROUTERS) {
  test(`HAProxy ${version}: a router that goes away in the middle of a deploy is not the version's fault, and ends in no muddle`, async (t) => {
    const slow = { START_DELAY_MS: '2500' };
    const env = { bake: { for: '6s', errors: '5%' }, lease: '2s' };
    const here = place(`mid${version.replace('.', '')}`, { router: version }).config({ env });
    t.after(() => here.end());
    await deploy(here, 'v1');
    const cases = [
      { phase: 'proving', how: 'is restarted', going: () => docker('restart', '-t', '2', routerOf(here)) },
      { phase: 'baking', how: 'is restarted', going: () => docker('restart', '-t', '2', routerOf(here)) },
      { phase: 'baking', how: 'crashes', going: () => crash(here) },
      { phase: 'baking', how: 'is killed and started 3 s later', going: async () => {
        await docker('kill', routerOf(here));
        await new Promise((resolve) => setTimeout(resolve, 3000));
        await docker('start', routerOf(here));
      } },
      { phase: 'retiring', how: 'is restarted', going: () => docker('restart', '-t', '2', routerOf(here)) },
    ];
    for (const [at, { phase, how, going }] of cases.entries()) {
      await t.test(`it ${how} while ${phase}`, async (t) => {
        const tag = ['v2', 'v3', 'v1'][at % 3];
        here.config({ env, run: { env: { ...(phase === 'proving' ? slow : {}), ROUND: String(at) } } });
        const begun = here.start('deploy', '--image', image(tag));
        t.after(() => begun.child.kill('SIGKILL'));
        await until(phase, () => new RegExp(`^${phase}$`, 'm').test(begun.output()), { every: 10 });
        await going();
        const result = await begun.ended;
        const ends = ['deployed', 'rolled-back', 'failed', 'stranded'];
        assert.ok(ends.includes(result.outcome), result.stdout + result.stderr);
        const committed = (await committedOf(here)).at(-1);
        const last = (await ledgerOf(here)).filter((it) => it.kind === 'committed').at(-1);
        if (result.outcome === 'deployed') {
          assert.equal(committed, tag);
          assert.equal(last.release.spec.env.ROUND, String(at));
        } else {
          assert.notEqual(last.release.spec.env.ROUND, String(at), 'only `deployed` makes it known-good');
        }
        const settled = await here.cd('recover');
        assert.equal(settled.code, 0, settled.stdout + settled.stderr);
        await answers(here, committed);
        await sound(here);
      });
    }
    await t.test('and the next deploy is as good as any', async () => {
      here.config({ env: { ...env, bake } });
      const { users } = await underLoad(here, () => deploy(here, 'v2'));
      assert.equal(users.failed, 0, JSON.stringify(users.failures));
      await sound(here);
    });
  });
}
