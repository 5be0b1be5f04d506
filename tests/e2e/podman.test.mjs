// Podman as a target: the whole road of a service, with no engine anywhere; and what brings it up again.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { relatives } from './bin/docker.mjs';
import { docker, ENV, image, inside, place, ROOT, run, until } from './lib.mjs';

/** Where podman has the locks of the user that tests/parts/podman makes up. */
const LOCKS = '/dev/shm/libpod_rootless_lock_20001';

const ROUTER = 'cd-action-router:3.2';

/** Podman where the tests' ports are, with the router's image: `{ path, podman(…), boot(), end() }`. */
async function podmans(rootless) {
  const bin = await run([join(ROOT, 'tests', 'parts', 'podman'), ...(rootless ? ['rootless'] : [])], { timeout: 300_000 });
  assert.equal(bin.code, 0, bin.stderr);
  const home = dirname(bin.stdout.trim());
  // Whatever podman has begun, and is not a container's own: it has been told where that is.
  const begun = () => relatives(join(home, 'containers.conf'));
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-podman-'));
  chmodSync(dir, 0o755);
  const path = join(dir, 'podman');
  writeFileSync(path, `#!/bin/sh\nexec nsenter --net='${ENV.CD_PARTS_NETNS}' -- '${bin.stdout.trim()}/podman' "$@"\n`);
  chmodSync(path, 0o755);
  const podman = async (...args) => {
    const { code, stdout, stderr } = await run([path, ...args]);
    assert.equal(code, 0, `podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  };
  const tar = join(dir, 'router.tar');
  await docker('save', '--output', tar, ROUTER);
  chmodSync(tar, 0o644);
  await podman('load', '--quiet', '--input', tar);
  return {
    dir,
    path,
    podman,
    /** What a power cut leaves of containers: whoever watches goes first, so that nothing is started again. */
    async cut(names) {
      const of = (field) => Promise.all(names.map((name) => podman('inspect', '--format', `{{.${field}}}`, name)));
      const [pids, ids] = [await of('State.Pid'), await of('Id')];
      for (const pid of [...begun(), ...pids]) kill(pid);
      // What lies in memory is gone.
      const memory = ['run', 'libpod', 'xdg'].map((it) => join(home, it)).filter((it) => existsSync(it));
      for (const folder of memory) {
        for (const entry of readdirSync(folder)) rmSync(join(folder, entry), { recursive: true, force: true });
      }
      if (rootless) return rmSync(LOCKS, { force: true });
      for (const id of ids) rmSync(join('/run/runc', id), { recursive: true, force: true });
      rmSync('/run/containers/networks', { recursive: true, force: true });
    },
    async end() {
      await run([path, 'rm', '--all', '--force', '--time', '0']);
      await run([path, 'network', 'rm', 'cd-e2e-back']);
      await run([path, 'rmi', '--all', '--force']);
      for (const pid of begun()) kill(pid);
      if (rootless) rmSync(LOCKS, { force: true });
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A place in which podman is at hand, and no docker. */
function at(t, its, name, { env, ...more } = {}) {
  const here = place(name, { podman: its.path, router: '3.2' }).config({
    health: { deadline: '15s' },
    env: { target: 'podman', bake: { for: '2s', errors: '5%' }, drain: '2s', lease: '30s', ...env },
    ...more,
  });
  // Whoever asks docker gets nowhere.
  writeFileSync(join(its.dir, 'docker'), '#!/bin/sh\necho "this is no docker" >&2\nexit 1\n');
  chmodSync(join(its.dir, 'docker'), 0o755);
  here.env = { PATH: `${its.dir}:${ENV.PATH}`, RUNNER_TRACKING_ID: `github_${here.service}` };
  t.after(async () => {
    await here.end().finally(() => its.end());
  });
  return here;
}

function kill(pid) {
  // What does not run has the number 0, which stands for everything here.
  assert.ok(Number(pid) > 1, `${pid} is nobody's`);
  try { process.kill(Number(pid), 'SIGKILL'); } catch { /* it has ended by itself */ }
}

for (const rootless of [false, true]) test(`${rootless ? 'rootless' : 'as root'}: a good, a bad and a repeated deploy, a rollback; and what a crash and a boot leave`, { timeout: 300_000 }, async (t) => {
  const its = await podmans(rootless);
  const here = at(t, its, rootless ? 'podman-less' : 'podman');
  const plan = await here.cd('plan', '--image', image('v1'));
  assert.equal(plan.code, 0, plan.stderr);
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  const load = await here.load();

  const good = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([good.outcome, good.code], ['deployed', 0], good.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  const bad = await here.cd('deploy', '--image', image('broken'));
  assert.deepEqual([bad.outcome, bad.report.reason, bad.code], ['rolled-back', 'not-proven', 1], bad.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
  const rejected = await here.cd('deploy', '--image', image('broken'));
  assert.deepEqual([rejected.outcome, rejected.code], ['rejected', 1], rejected.stderr);
  const unchanged = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([unchanged.outcome, unchanged.code], ['unchanged', 0], unchanged.stderr);
  const exits = await here.cd('deploy', '--image', image('exits'));
  assert.deepEqual([exits.outcome, exits.code], ['rolled-back', 1], exits.stderr);
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, back.code], ['restored', 0], back.stderr);
  assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });

  const users = await load.stop();
  assert.equal(users.failed, 0, JSON.stringify(users));
  assert.deepEqual((await here.containers()).map((it) => [it.version, it.state]), [['v1', 'running']], 'nothing is left behind');
  const status = await here.cd('status');
  assert.deepEqual([status.outcome, status.report.status['ledger-sound']], ['shown', true], status.stderr);
  assert.doesNotMatch(status.stdout + good.stdout + plan.stdout, /the router is not what the configuration says/);
  const kept = await its.podman('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}');
  for (const version of ['v1', 'v2']) assert.match(kept, new RegExp(`demo/tasks:${version}`));

  // A runner ends what bears its mark when the job is over: what watches over the containers must not be among it.
  const mark = Buffer.from(`RUNNER_TRACKING_ID=github_${here.service}`);
  const marked = readdirSync('/proc').filter((it) => /^\d+$/.test(it)).filter((pid) => {
    try { return readFileSync(`/proc/${pid}/environ`).includes(mark); } catch { return false; }
  });
  assert.deepEqual(marked, [], 'nothing that bears the runner\'s mark is left');

  await t.test('a router and an instance that crash are started again', async () => {
    const pid = (container) => its.podman('inspect', '--format', '{{.State.Pid}}', container);
    const [instance] = await here.containers();
    for (const name of [`${here.prefix}-router`, instance.name]) {
      const before = await pid(name);
      kill(before);
      await until(`${name} to run again`, async () => !['0', before].includes(await pid(name)), { seconds: 20 });
      await until('an answer', async () => (await here.ask()).version === 'v1', { seconds: 20 });
    }
  });

  // As root podman keeps which addresses are taken in one place of the machine: another podman's are not ours to forget.
  const others = (await run(['sh', '-c', 'command -v podman'], { env: process.env })).code === 0;
  await t.test('after a boot, what podman-restart.service does brings all of it back where it was', { skip: others && !rootless && 'this machine has a podman of its own' }, async () => {
    const names = [`${here.prefix}-router`, (await here.containers())[0].name];
    const address = (name) => its.podman('inspect', '--format', '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}', name);
    const before = await Promise.all(names.map(address));
    await its.cut(names);
    const states = async () => JSON.parse(await its.podman('ps', '-a', '--format', 'json')).map((it) => it.State);
    assert.equal((await states()).includes('running'), false, `${await states()}`);
    await its.podman('start', '--all', '--filter', 'restart-policy=always');
    await until('an answer', async () => (await here.ask()).version === 'v1', { seconds: 20 });
    assert.deepEqual(await Promise.all(names.map(address)), before, 'each is at its own address again');
    const again = await here.cd('deploy', '--image', image('v2'));
    assert.deepEqual([again.outcome, again.code], ['deployed', 0], again.stderr);
  });
});

test('what a service may ask for: replicas, secrets of both kinds, limits, another network, and its image\'s own check', { timeout: 300_000 }, async (t) => {
  const its = await podmans(false);
  const asked = { replicas: 2, secrets: { PODMAN_ENV: 'env', PODMAN_FILE: { file: '/run/secrets/file' } }, memory: '64m', networks: ['cd-e2e-back'] };
  const here = at(t, its, 'podman-more', { run: asked, env: { health: { http: null, image: true } } });
  await its.podman('network', 'create', 'cd-e2e-back');
  here.env = { ...here.env, PODMAN_ENV: 'of the environment', PODMAN_FILE: 'of a file' };
  const first = await here.cd('deploy', '--image', image('checked-v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  assert.deepEqual((await here.containers()).map((it) => it.state), ['running', 'running']);
  const { stdout } = await inside(['curl', '-s', `${here.url}/secret-check?name=PODMAN_ENV&file=/run/secrets/file`]);
  assert.deepEqual(JSON.parse(stdout), { name: { there: true, bytes: 18 }, file: { there: true, bytes: 9 } });
  const bad = await here.cd('deploy', '--image', image('checked-broken'));
  // It is asked at every probe, so it is the probes that judge: podman's own count of their answers condemns nobody.
  assert.deepEqual([bad.outcome, bad.report.reason], ['rolled-back', 'not-proven'], bad.stderr);
  assert.match(bad.report.because[0], /the command ended with 1: unhealthy/);
  assert.deepEqual(await here.ask(), { status: 200, version: 'checked-v1' });
});
