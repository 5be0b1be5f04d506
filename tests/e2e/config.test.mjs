// What is asked for, and whether it may be done: broken configurations and command lines, plans, delivery mode,
// what is superseded, and an address that somebody else holds. In each of these nothing is touched.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLI, ENV, ROOT, docker, everythingOf, image, inside, ledgerOf, place, run, until } from './lib.mjs';

async function deploy(here, reference, expected, ...args) {
  const result = await here.cd('deploy', '--image', reference, ...args);
  assert.equal(result.outcome, expected, result.stdout + result.stderr);
  return result;
}

/** Does something and sees that nothing was touched by it. */
async function touchingNothing(here, work) {
  const before = await everythingOf(here);
  const result = await work();
  assert.equal(await everythingOf(here), before);
  return result;
}

const invalid = (result) => assert.deepEqual([result.outcome, result.code], ['invalid', 3], result.stdout + result.stderr);

const BROKEN = {
  'an unknown key and a wrong word': {
    text: 'run: { prot: 8000 }\nenvironments:\n  staging: { strategy: blue-gren }\n',
    mistakes: ['cd.yml:1:8 run.prot', 'cd.yml:3:24 environments.staging.strategy'],
    says: /did you mean `port`/,
  },
  'capabilities that are not there yet': {
    text: 'run: { port: 8000 }\nrouter: { mode: tcp }\nenvironments:\n  staging: { target: swarm }\n',
    mistakes: ['cd.yml:2:17 router.mode', 'cd.yml:4:22 environments.staging.target'],
    says: /not there yet/,
  },
  'durations and percentages without their units': {
    text: 'run: { port: 8000 }\nhealth: { every: 1 }\nenvironments:\n  staging: { drain: 5, bake: { for: soon, errors: 5 } }\n',
    mistakes: ['cd.yml:2:18 health.every', 'cd.yml:4:21 environments.staging.drain', 'cd.yml:4:37 environments.staging.bake.for', 'cd.yml:4:51 environments.staging.bake.errors'],
  },
  'numbers out of their bounds': {
    text: 'run: { port: 70000, replicas: 0, memory: 1, cpus: 0 }\nenvironments: { staging: { lease: 10ms } }\n',
    mistakes: ['cd.yml:1:14 run.port', 'cd.yml:1:31 run.replicas', 'cd.yml:1:42 run.memory', 'cd.yml:1:51 run.cpus', 'cd.yml:2:35 environments.staging.lease'],
  },
  'two probes, and a status that is none': {
    text: 'run: { port: 8000 }\nhealth: { tcp: true, http: { status: 2xx, path: health } }\nenvironments: { staging: {} }\n',
    mistakes: ['cd.yml:2:'],
  },
  'a key that stands twice, and a tag of YAML': {
    text: 'run:\n  port: 8000\n  port: 8001\nenvironments: { staging: { drain: !!str 5s } }\n',
    mistakes: ['cd.yml:3:3 run.port', 'cd.yml:4:35'],
  },
  'neither a port nor an environment': { text: 'run: {}\n', mistakes: ['cd.yml:1:'] },
  'a placeholder that nobody knows, and a secret that would steer docker': {
    text: 'run:\n  port: 8000\n  env: { A: "{{wersion}}" }\n  secrets: { PATH: env, DOCKER_HOST: env }\nenvironments: { staging: {} }\n',
    mistakes: ['cd.yml:3:13 run.env.A', 'cd.yml:4:14 run.secrets.PATH', 'cd.yml:4:25 run.secrets.DOCKER_HOST'],
  },
  'one address for two environments': {
    text: 'run: { port: 8000 }\nenvironments:\n  a: { target: { docker: { host: "ssh://a@b" } }, listen: 80 }\n  b: { target: { docker: { host: "ssh://a@b" } }, listen: 80 }\n',
    mistakes: ['cd.yml:4:59 environments.b.listen'],
  },
  'a file that is a list': { text: '- run\n', mistakes: ['cd.yml:1:1'] },
  'a file that is no YAML': { text: 'run: { port: 8000\nenvironments: [\n', mistakes: ['cd.yml:'] },
};

test('a broken configuration is refused with every mistake in its place, and nothing is touched', async (t) => {
  const here = place('broken').config();
  t.after(() => here.end());
  await deploy(here, image('v1'), 'deployed');
  here.env = { GITHUB_REPOSITORY: `acme/${here.service}` };
  for (const [what, { text, mistakes, says }] of Object.entries(BROKEN)) {
    await t.test(what, async () => {
      writeFileSync(join(here.dir, 'cd.yml'), text);
      const result = await touchingNothing(here, () => here.cd('deploy', '--image', image('v2')));
      invalid(result);
      const told = result.report.because.join('\n\n');
      for (const mistake of mistakes) assert.ok(told.includes(`--> ${mistake}`), `${mistake} in\n${told}`);
      const places = [...told.matchAll(/^ {2}--> /gm)].length;
      if (mistakes.length > 1) assert.equal(places, mistakes.length, told);
      assert.ok(places >= mistakes.length);
      assert.match(told, /^error\[config\/[a-z-]+\]: /);
      if (says) assert.match(told, says);
      for (const mistake of mistakes) assert.ok((result.stdout + result.stderr).includes(mistake), 'people see it as well');
    });
  }
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
});

test('two configurations, none, or one for another environment are no configuration', async (t) => {
  const here = place('which').config();
  t.after(() => here.end());
  mkdirSync(join(here.dir, '.github'));
  writeFileSync(join(here.dir, '.github', 'cd.yml'), 'run: { port: 8000 }\nenvironments: { staging: {} }\n');
  const cases = [
    [['deploy', '--image', image('v1')], /two configurations/],
    [['deploy', '--image', image('v1'), '--config', 'nowhere.yml'], /looked for nowhere\.yml/],
    [['deploy', '--image', image('v1'), '--config', 'cd.yml', '--environment', 'prod'], /no environment `prod`; there are staging/],
  ];
  for (const [args, says] of cases) {
    const result = await touchingNothing(here, () => here.cd(...args));
    invalid(result);
    assert.match(result.report.because.join('\n'), says);
  }
});

test('a command line with mistakes is refused with all of them, and nothing is touched', async (t) => {
  const here = place('words').config();
  t.after(() => here.end());
  const cases = [
    [['deploi'], [/no command `deploi`; there are plan, release, deploy/]],
    [['promote', '--dry-run', '--image', image('v1')], [/`dry-run` works for release and deploy/, /`promote` takes no `image`/]],
    [['deploy'], [/`image` is missing/]],
    [['deploy', '--image', image('v1'), '--force', 'yes', '--wait', 'long', '--on-held', 'maybe'], [/no flag `--force`; there are/, /`wait` is a duration/, /`on-held` is pass or fail/]],
    [['deploy', '--image', image('v1'), '--override', 'gravity'], [/needs a `reason`/]],
    [['deploy', '--image', image('v1'), '--override', 'gravity', '--reason', 'x'], [/`gravity`, which is no gate of this environment; there are quarantine, stop/]],
    [['deploy', '--image', '$(reboot)'], [/`image` is name:tag/]],
    [['deploy', '--image', `${image('v1')}@sha256:1234`], [/64 hexadecimal digits/]],
    [['status', 'please'], [/one word too many/]],
    [['rollback', '--dry-run'], [/`dry-run` works for release and deploy/]],
    [['deploy', '--image'], [/`--image` needs a value/]],
  ];
  for (const [args, says] of cases) {
    const result = await touchingNothing(here, () => here.cd(...args));
    invalid(result);
    for (const words of says) assert.match(result.report.because.join('\n'), words);
  }
  const help = await run(['node', CLI, '--help'], { env: ENV, cwd: here.dir });
  assert.equal(help.code, 0);
  for (const command of ['plan', 'release', 'deploy', 'rollback', 'status', 'recover']) assert.match(help.stdout, new RegExp(`^ +${command} `, 'm'));
});

test('a plan says what would happen, and touches nothing', async (t) => {
  const here = place('plan').config();
  t.after(() => here.end());

  await t.test('of a first deploy', async () => {
    const { report, code } = await touchingNothing(here, () => here.cd('plan', '--image', image('v1')));
    assert.deepEqual([report.outcome, code], ['shown', 0]);
    assert.equal(report.wanted.version, 'v1');
    assert.match(report.wanted.digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(report.plan.steps.map((step) => step.name), ['start', 'prove', 'shift', 'bake', 'commit']);
    assert.match(report.plan.rollback, /^none: nothing serves here yet/);
    assert.equal(report.plan.peak, 1);
    assert.match(report.plan.notes.join('\n'), /first deploy here/);
    const status = await touchingNothing(here, () => here.cd('status'));
    assert.deepEqual([status.outcome, status.code, status.report.status.instances], ['shown', 0, []]);
    const back = await touchingNothing(here, () => here.cd('rollback'));
    assert.deepEqual([back.outcome, back.code, back.report.reason], ['failed', 1, 'nothing-there']);
    const recover = await touchingNothing(here, () => here.cd('recover'));
    assert.deepEqual([recover.outcome, recover.code], ['unchanged', 0]);
  });

  await deploy(here, image('v1'), 'deployed');

  await t.test('of the next one, also as a dry run of deploy', async () => {
    here.config({ run: { replicas: 3 } });
    for (const args of [['plan'], ['deploy', '--dry-run'], ['plan', '--json']]) {
      const result = await touchingNothing(here, () => here.cd(...args, '--image', image('v2')));
      const { report, code } = result;
      assert.deepEqual([report.outcome, code], ['shown', 0], result.stdout + result.stderr);
      assert.deepEqual([report.before.version, report.wanted.version], ['v1', 'v2']);
      const { plan } = report;
      assert.equal(plan.strategy, 'blue-green');
      assert.equal(plan.interruption, null);
      assert.equal(plan.peak, 4, 'three beside one');
      assert.match(plan.rollback, /^v1 \(g1\), known-good since \d{4}-/);
      assert.match(plan.button, /deployment mode/);
      assert.equal(plan.worst, plan.steps.reduce((sum, step) => sum + step.worst, 0));
      for (const step of plan.steps) assert.ok(step.does && step.worst > 0 && step['on-failure'], JSON.stringify(step));
      const bake = plan.steps.find((step) => step.name === 'bake');
      assert.ok(bake.worst >= 2000 && /2 s/.test(bake.does), JSON.stringify(bake));
      if (args.includes('--json')) assert.deepEqual(JSON.parse(result.stdout).plan, plan);
      else for (const words of ['v2', 'start', 'prove', 'shift', 'bake', 'commit', 'retire', 'known-good since']) assert.ok((result.stdout + result.stderr).includes(words), words);
    }
  });

  await t.test('of what serves already, and of what was never seen here', async () => {
    here.config();
    const same = await touchingNothing(here, () => here.cd('plan', '--image', image('v1')));
    assert.deepEqual([same.outcome, same.code], ['unchanged', 0]);
    const reference = `127.0.0.1:5000/demo/elsewhere:${here.service}`;
    await docker('tag', image('v2'), reference);
    await docker('push', '-q', reference);
    await docker('image', 'rm', '--no-prune', reference);
    const unseen = await touchingNothing(here, () => here.cd('plan', '--image', reference));
    assert.deepEqual([unseen.outcome, unseen.code], ['shown', 0]);
    assert.ok(unseen.report.plan?.steps.length > 0, 'steps, worst time, peak and the way back do not depend on the image');
    assert.match(unseen.report.plan.rollback, /^v1 \(g1\)/);
  });

  await t.test('of a place that interrupts, with the interruption', async () => {
    here.config({ env: { strategy: 'recreate' } });
    const { report } = await touchingNothing(here, () => here.cd('plan', '--image', image('v2')));
    assert.match(report.plan.interruption, /until the new one is proven/);
    assert.equal(report.plan.steps[0].name, 'withdraw');
    assert.equal(report.plan.peak, 1);
  });

  await t.test('of a router that is not what the configuration says any more', async () => {
    for (const change of [{ router: { image: 'cd-action-router:3.2' } }, { router: { image: 'cd-action-router:2.6', forwarded: false } }]) {
      here.config(change);
      const { report } = await touchingNothing(here, () => here.cd('plan', '--image', image('v2')));
      assert.match(report.plan.notes.join('\n'), /router/, JSON.stringify(change));
    }
    here.config({ env: { listen: `127.0.0.1:${here.port + 20}` } });
    const { report } = await touchingNothing(here, () => here.cd('plan', '--image', image('v2')));
    assert.match(report.plan.notes.join('\n'), new RegExp(`${here.port}\\b`), 'it says that the router still has the former address');
    here.config();
    const same = await here.cd('plan', '--image', image('v2'));
    assert.deepEqual(same.report.plan.notes, []);
  });
});

test('in delivery mode a person pushes the button', async (t) => {
  const here = place('button', { environment: 'production' }).config({ env: { bake: { for: '1s', errors: '5%' } } });
  t.after(() => here.end());
  const automatic = { CI: 'true', GITHUB_EVENT_NAME: 'push' };
  const go = (env, ...args) => {
    here.env = env;
    return here.cd('deploy', '--image', image('v1'), ...args);
  };
  for (const [env, args, code] of [[automatic, [], 0], [{ CI: 'true' }, [], 0], [automatic, ['--on-held', 'pass'], 0], [automatic, ['--on-held', 'fail'], 1]]) {
    const held = await touchingNothing(here, () => go(env, ...args));
    assert.deepEqual([held.outcome, held.code, held.report.reason], ['held', code, 'delivery'], held.stdout + held.stderr);
    assert.match(held.report.because.join('\n'), /delivery mode: a person pushes the button/);
    assert.match(held.report.next.join('\n'), /workflow_dispatch/);
  }
  const plan = await touchingNothing(here, () => here.cd('plan', '--image', image('v1')));
  assert.deepEqual([plan.outcome, plan.code], ['shown', 0]);
  assert.match(plan.report.plan.button, /delivery mode/);

  const pressed = await go({ CI: 'true', GITHUB_EVENT_NAME: 'workflow_dispatch' });
  assert.deepEqual([pressed.outcome, pressed.code], ['deployed', 0], pressed.stdout + pressed.stderr);
  here.config({ run: { env: { A: '1' } }, env: { bake: { for: '1s', errors: '5%' } } });
  const byHand = await go({});
  assert.deepEqual([byHand.outcome, byHand.code], ['deployed', 0], 'on a command line of one\'s own');
  here.config({ run: { env: { A: '2' } }, env: { mode: 'deployment', bake: { for: '1s', errors: '5%' } } });
  const let_ = await go(automatic);
  assert.deepEqual([let_.outcome, let_.code], ['deployed', 0], 'deployment mode lets every run through');
});

test('an older run of a workflow does not replace what a newer one brought', async (t) => {
  const here = place('older').config({ env: { bake: { for: '1s', errors: '5%' } } });
  t.after(() => here.end());
  const go = (tag, number, workflow = 'cd', repository = 'acme/tasks') => {
    here.env = { CI: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REPOSITORY: repository, GITHUB_WORKFLOW: workflow, GITHUB_RUN_NUMBER: String(number), GITHUB_RUN_ID: String(1000 + number), GITHUB_SERVER_URL: 'https://forge.example' };
    return here.cd('deploy', '--image', image(tag));
  };
  assert.equal((await go('v1', 10)).outcome, 'deployed');
  const committed = (await ledgerOf(here)).find((it) => it.kind === 'committed');
  assert.deepEqual([committed.sequence['run-number'], committed.run.url], [10, 'https://forge.example/acme/tasks/actions/runs/1010']);
  const older = await touchingNothing(here, () => go('v2', 9));
  assert.deepEqual([older.outcome, older.code, older.report.reason], ['superseded', 0, 'newer-serves'], older.stdout + older.stderr);
  assert.match(older.report.because.join('\n'), /v1 serves, and is newer: run 10 .*this is run 9/);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  const elsewhere = await go('v2', 3, 'another');
  assert.equal(elsewhere.outcome, 'deployed', 'numbers of another workflow say nothing');
  assert.match(elsewhere.report.troubles.join('\n'), /neither git nor run numbers can tell/);
  assert.equal((await go('v3', 4, 'another')).outcome, 'deployed');
});

test('an ancestor of what serves does not replace it, whatever its run number says', async (t) => {
  const here = place('git').config({ env: { bake: { for: '1s', errors: '5%' } } });
  t.after(() => here.end());
  const git = async (...args) => {
    const { code, stdout, stderr } = await run(['git', '-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost', '-c', 'commit.gpgsign=false', ...args], { cwd: here.dir });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  await git('init', '-q', '-b', 'main');
  const commit = async (message) => {
    await git('commit', '-q', '--allow-empty', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  const [first, second] = [await commit('first'), await commit('second')];
  await git('checkout', '-q', '-b', 'side', first);
  const side = await commit('side');
  await git('checkout', '-q', 'main');
  const built = [];
  t.after(() => docker('image', 'rm', '--force', '--no-prune', ...built));
  const build = async (revision, version) => {
    const tag = `e2e-${here.service}:${version}`;
    const { code, stderr } = await run(['docker', 'build', '-q', '--label', `org.opencontainers.image.revision=${revision}`, '--label', `org.opencontainers.image.version=${version}`, '-t', tag, '-'], { input: `FROM ${image('v1')}\nENV BUILT=${version}\n`, env: { ...ENV, DOCKER_BUILDKIT: '0' } });
    assert.equal(code, 0, stderr);
    built.push(tag);
    return tag;
  };
  const images = { first: await build(first, '1.0.0'), second: await build(second, '2.0.0'), side: await build(side, '1.5.0'), unknown: await build('0'.repeat(39) + '1', '9.0.0') };

  here.env = { GITHUB_WORKFLOW: 'cd', GITHUB_REPOSITORY: 'acme/tasks', GITHUB_RUN_NUMBER: '20' };
  const newest = await deploy(here, images.second, 'deployed');
  assert.equal(newest.report.serving.version, '2.0.0', 'the version is the image\'s label');
  here.env.GITHUB_RUN_NUMBER = '21';
  const older = await touchingNothing(here, () => deploy(here, images.first, 'superseded'));
  assert.equal(older.code, 0);
  assert.match(older.report.because.join('\n'), /2\.0\.0 serves, and is newer: its revision is a descendant/);
  const nobody = await touchingNothing(here, () => {
    here.env.GITHUB_RUN_NUMBER = '19';
    return deploy(here, images.unknown, 'superseded');
  });
  assert.match(nobody.report.because.join('\n'), /run 20 .*this is run 19/, 'where git cannot tell, run numbers do');
  here.env.GITHUB_RUN_NUMBER = '22';
  await deploy(here, images.side, 'deployed');
  assert.deepEqual(await here.ask(), { status: 200, version: '1.5.0' });
  here.env.GITHUB_RUN_NUMBER = '18';
  await deploy(here, images.second, 'deployed');
});

test('an address that somebody else holds is said with his name, before anything is touched', async (t) => {
  await t.test('a container', async (t) => {
    const here = place('held-c').config();
    const foreign = `foreign-${here.service}`;
    t.after(() => here.end());
    t.after(() => run(['docker', 'rm', '-f', foreign]));
    for (const address of [`127.0.0.1:${here.port}`, `0.0.0.0:${here.port}`, `${here.port}`]) {
      await docker('run', '-d', '--name', foreign, '-p', `${address}:8000`, image('v1'));
      const result = await touchingNothing(here, () => here.cd('deploy', '--image', image('v2')));
      assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, 'address-held'], result.stdout + result.stderr);
      assert.match(result.report.because.join('\n'), new RegExp(`127\\.0\\.0\\.1:${here.port} is held by .*${foreign}`));
      assert.match(result.report.next.join('\n'), /hand the address over/);
      assert.equal(await docker('inspect', '--format', '{{.State.Status}}', foreign), 'running');
      await docker('rm', '-f', foreign);
    }
    await deploy(here, image('v2'), 'deployed');
  });

  await t.test('a process', async (t) => {
    const here = place('held-p').config();
    t.after(() => here.end());
    const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), ['demo-service'], { env: { ...ENV, PORT: String(here.port) }, stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    await until('the process to listen', async () => (await inside(['curl', '-s', '-o', '/dev/null', `${here.url}/health`])).code === 0);
    const result = await touchingNothing(here, () => here.cd('deploy', '--image', image('v2')));
    assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, 'address-held'], result.stdout + result.stderr);
    assert.match(result.report.because.join('\n'), /is held by the process demo-service \(pid \d+\)/);
    assert.equal(child.exitCode, null, 'it lives on');
  });

  await t.test('a container that took it while our router was down', async (t) => {
    const here = place('held-r').config();
    const foreign = `foreign-${here.service}`;
    t.after(() => here.end());
    t.after(() => run(['docker', 'rm', '-f', foreign]));
    await deploy(here, image('v1'), 'deployed');
    await docker('stop', '-t', '0', `${here.prefix}-router`);
    await docker('run', '-d', '--name', foreign, '-p', `127.0.0.1:${here.port}:8000`, image('v1'));
    const before = (await here.containers()).map((it) => it.name);
    const result = await here.cd('deploy', '--image', image('v2'));
    assert.deepEqual([result.outcome, result.code, result.report.reason], ['failed', 1, 'address-held'], result.stdout + result.stderr);
    assert.match(result.report.because.join('\n'), new RegExp(foreign));
    assert.deepEqual((await here.containers()).map((it) => it.name), before);
    await docker('rm', '-f', foreign);
    await deploy(here, image('v2'), 'deployed');
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  });
});
