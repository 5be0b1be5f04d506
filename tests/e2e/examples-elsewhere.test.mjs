// The examples for GitLab, Bitbucket and Jenkins, as they stand in docs/examples, on real parts. GitLab's is run by gitlab-ci-local; of the
// other two the scripts are taken out and run step by step, each in a fresh checkout, with a run's recorded variables. Each ends with
// the version answering that was committed, from the image that was built once.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { CLI, ENV, inside, ledgerOf, removeRuns, ROOT } from './lib.mjs';
import { example, EXAMPLES, packed, SECRETS } from './bin/example.mjs';
import { findGitlabCiLocal, without } from './bin/tools.mjs';

const GITLAB = findGitlabCiLocal();
const bytes = (path) => readFileSync(join(EXAMPLES, path), 'utf8');

test('GitLab: a push reaches staging, and the job\'s button brings that very image to production', { skip: without(GITLAB), timeout: 300_000 }, async (t) => {
  assert.ok(GITLAB, 'there is gitlab-ci-local; the continuous integration requires it');
  const it = await example(t, 'ex-gitlab', { config: 'deployment.cd.yml', files: { '.gitlab-ci.yml': 'gitlab/.gitlab-ci.yml' } });
  it.vendor();
  const revision = it.commit('a change');
  const variables = { CI_REGISTRY_USER: 'anna', CI_REGISTRY_PASSWORD: 'a-token', SSH_KEY: 'an-ssh-key', HOST_KEYS: 'hosts', DOCKER_HOST: ENV.DOCKER_HOST, DOCKER_CONFIG: ENV.DOCKER_CONFIG };
  const argv = [...GITLAB, '--force-shell-executor', '--home', it.staging.dir, ...Object.entries(variables).flatMap(([name, value]) => ['--variable', `${name}=${value}`])];
  const pushed = await inside(argv, { cwd: it.dir, timeout: 200_000 });
  assert.equal(pushed.code, 0, pushed.stdout + pushed.stderr);
  await it.serves(it.staging, revision);
  await it.servesNothing(it.production);

  const pressed = await inside([...argv, 'production'], { cwd: it.dir, timeout: 200_000 });
  assert.equal(pressed.code, 0, pressed.stdout + pressed.stderr);
  await it.serves(it.production, revision);
});

/** What a system's run had in its environment when it was recorded, for this commit. */
function recorded(system, name, own) {
  const cases = JSON.parse(readFileSync(join(ROOT, 'core', 'src', 'event', 'cases', `${system}.json`), 'utf8'));
  const found = cases.find((it) => it.name === name);
  assert.ok(found, `${system} has a case "${name}"`);
  return { ...found.env, ...own };
}

/**
 * A pipeline: `run(steps)` runs some of its steps, one after the other, until one fails, and gives how each ended. Each has a checkout of
 * its own, the files that earlier ones handed on, and in its environment the engine, `SECRETS` and `env`.
 */
function pipeline(it, env) {
  const kept = mkdtempSync(join(it.staging.dir, 'kept-'));
  const own = Object.entries({ ...SECRETS, ...env }).map(([name, value]) => `${name}=${value}`);
  const bare = { PATH: ENV.PATH, HOME: it.staging.dir, CD_PARTS: ENV.CD_PARTS };
  const perform = async (step) => {
    const dir = mkdtempSync(join(it.staging.dir, 'step-'));
    execFileSync('git', ['clone', '--quiet', `file://${it.dir}`, dir], { env: ENV, stdio: 'pipe' });
    cpSync(kept, dir, { recursive: true });
    const result = await inside(['env', ...own, 'bash', '-e', '-c', `cd "$1"; ${step.script}`, 'bash', dir], { env: bare });
    if (result.code === 0) for (const name of step.hands) copyFileSync(join(dir, name), join(kept, name));
    return { name: step.name, ...result };
  };
  return {
    async run(steps) {
      const ended = [];
      for (const step of steps) {
        ended.push(await perform(step));
        for (const value of Object.values(SECRETS)) assert.ok(!told(ended).includes(value), `${step.name} says a secret`);
        if (ended.at(-1).code !== 0) break;
      }
      return ended;
    },
  };
}

const told = (ended) => ended.map(({ name, code, stdout, stderr }) => `${name}: ${code}\n${stdout}${stderr}`).join('\n');

/** The steps of bitbucket-pipelines.yml: `{ name, script, hands, manual }`. */
function bitbucketSteps(text) {
  return text.split(/^ +- step:\n/m).slice(1).map((step) => {
    const lines = /^ +script:\n((?: {12}- .*\n)+)/m.exec(step)[1].trimEnd().split('\n');
    return {
      name: /name: (\S+)/.exec(step)[1],
      script: lines.map((line) => line.replace(/^ *- /, '')).join('\n'),
      hands: (/artifacts: \[(.*)\]/.exec(step)?.[1] ?? '').split(',').filter(Boolean),
      manual: /trigger: manual/.test(step),
    };
  });
}

/** The stages of a Jenkinsfile, likewise. */
function jenkinsSteps(text) {
  return text.split(/^ +stage\('/m).slice(1).map((stage) => ({
    name: /^\w+/.exec(stage)[0],
    script: [...stage.matchAll(/\bsh '([^']*)'/g)].map(([, line]) => line).join('\n'),
    hands: [...stage.matchAll(/stash name: '\w+', includes: '([^']*)'/g)].map(([, name]) => name),
    manual: /\binput \{/.test(stage),
  }));
}

const systems = [
  { name: 'bitbucket', path: 'bitbucket/bitbucket-pipelines.yml', steps: bitbucketSteps, env: (commit) => recorded('bitbucket', 'push', { BITBUCKET_COMMIT: commit, BITBUCKET_BRANCH: 'main' }), page: 'https://bitbucket.org/acme/app/pipelines/results/42' },
  { name: 'jenkins', path: 'jenkins/Jenkinsfile', steps: jenkinsSteps, env: (commit) => recorded('jenkins', 'main branch', { GIT_COMMIT: commit }), page: 'https://ci.example/job/app/9/' },
];

for (const { name, path, steps, env, page } of systems) {
  test(`${name}: a push reaches staging, and the button brings that very image to production`, { timeout: 300_000 }, async (t) => {
    const all = steps(bytes(path));
    assert.deepEqual(all.map((step) => [step.name, step.manual]), [['test', false], ['release', false], ['staging', false], ['production', true]]);
    const it = await example(t, `ex-${name}`, { config: 'deployment.cd.yml', files: {} });
    it.vendor();
    const revision = it.commit('a change');
    const { run } = pipeline(it, env(revision));
    const pushed = await run(all.slice(0, 3));
    assert.deepEqual(pushed.map(({ code }) => code), [0, 0, 0], told(pushed));
    await it.serves(it.staging, revision);
    await it.servesNothing(it.production);

    const pressed = await run([all[3]]);
    assert.deepEqual(pressed.map(({ code }) => code), [0], told(pressed));
    await it.serves(it.production, revision);
    const [record] = await ledgerOf(it.production);
    assert.equal(record.run.url, page, 'the ledger leads to the run');
  });

  test(`${name}: where the configuration wants a person and the platform names none, the step is red`, { timeout: 300_000 }, async (t) => {
    const [, release, , production] = steps(bytes(path));
    const it = await example(t, `ex-${name}-held`, { config: 'delivery.cd.yml', files: {} });
    it.vendor();
    const revision = it.commit('a change');
    const ended = await pipeline(it, env(revision)).run([release, production]);
    assert.deepEqual(ended.map(({ code }) => code), [0, 1], told(ended));
    assert.match(ended[1].stderr, /production is in delivery mode/);
    await it.servesNothing(it.production);
  });
}

test('anywhere: the npm package releases and deploys, and hands over by dotenv and by JSON', { timeout: 300_000 }, async (t) => {
  const it = await example(t, 'ex-npm', { config: 'deployment.cd.yml', files: {} });
  const revision = it.commit('a change');
  const tools = mkdtempSync(join(it.staging.dir, 'tools-'));
  execFileSync('npm', ['install', '--prefix', tools, '--offline', '--no-audit', '--no-fund', '--ignore-scripts', packed().tarball], { env: ENV, stdio: 'pipe' });
  const program = join(tools, 'node_modules', '.bin', 'cd-action');
  const released = await inside([program, 'release', '--json'], { cwd: it.dir, env: { ...ENV, ...SECRETS } });
  assert.equal(released.code, 0, released.stderr);
  const report = JSON.parse(released.stdout);
  assert.deepEqual([report.outcome, report.published.digest], ['released', await it.digest(`sha-${revision}`)]);

  const script = '. .cd-action/outputs.env; exec "$0" deploy --environment staging --image "$CD_IMAGE" --json';
  const deployed = await inside(['sh', '-e', '-c', script, program], { cwd: it.dir });
  assert.equal(deployed.code, 0, deployed.stderr);
  assert.equal(JSON.parse(deployed.stdout).serving.digest, report.published.digest);
  await it.serves(it.staging, revision);
});

test('the configurations of the examples, unchanged, are right and lead to their hosts by ssh', { timeout: 120_000 }, async () => {
  for (const name of ['delivery.cd.yml', 'deployment.cd.yml']) {
    for (const [environment, host] of [['staging', 'staging.example'], ['production', 'www.example']]) {
      const dir = mkdtempSync(join(ENV.CD_PARTS, 'run', 'config-'));
      copyFileSync(join(EXAMPLES, name), join(dir, 'cd.yml'));
      const argv = ['node', CLI, 'plan', '--environment', environment, '--image', `ghcr.io/acme/tasks@sha256:${'0'.repeat(64)}`, '--json'];
      const { code, stdout, stderr } = await inside(argv, { cwd: dir, env: { ...ENV, ...SECRETS } });
      const report = JSON.parse(stdout);
      assert.deepEqual([code, report.outcome, report.reason], [1, 'failed', 'ssh'], stderr);
      assert.ok(report.because.join('\n').includes(host), stderr);
      removeRuns(dir);
    }
  }
});
