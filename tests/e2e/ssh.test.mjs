// An engine that is reached over ssh: everything as at home, through one forwarded socket. The server is a real OpenSSH
// of the test's own, the way to the engine's socket is where it is on any host, and this side has no other way to it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { countingDocker, relatives } from './bin/docker.mjs';
import { filesUnder, found, needlesOf, watchCommandLines } from './bin/secrecy.mjs';
import { astrayOf, docker, ENV, everythingOf, image, place, ROOT, run, sleep, until } from './lib.mjs';

const SERVER = join(ROOT, 'tests', 'e2e', 'bin', 'ssh-server');

/** A server with keys of its own, and with these settings: `{ port, dir, knownHosts, key, log() }`. */
async function sshServer(t, ...settings) {
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-ssh-'));
  for (const name of ['host_key', 'user_key']) await keyPair(join(dir, name));
  cpSync(join(dir, 'user_key.pub'), join(dir, 'authorized_keys'));
  const port = await freePort();
  const child = spawn(SERVER, [dir, String(port), ENV.DOCKER_HOST.replace('unix://', ''), ...settings], { env: ENV, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (data) => { log += data; });
  const exited = new Promise((resolve) => child.on('exit', resolve));
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    child.stderr.destroy(); // a connection that is left would hold it
    rmSync(dir, { recursive: true, force: true });
  };
  t.after(stop);
  await until('the ssh server', () => {
    if (child.exitCode !== null) throw new Error(`the ssh server ended: ${log}`);
    return log.includes('Server listening on');
  }, { seconds: 60 });
  const publicKey = readFileSync(join(dir, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  return { port, dir, log: () => log, knownHosts: `[127.0.0.1]:${port} ${publicKey}\n`, key: readFileSync(join(dir, 'user_key'), 'utf8') };
}

async function keyPair(file) {
  const made = await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'e2e', '-f', file]);
  assert.equal(made.code, 0, made.stderr);
}

/** The private half of a fresh pair. */
async function strangeKey(server) {
  const file = join(server.dir, `strange-${Date.now()}`);
  await keyPair(file);
  return { key: readFileSync(file, 'utf8'), publicKey: readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ') };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A place whose target is the server, from a machine with no engine, no agent, and nothing in its home. */
function far(name, server, config = {}) {
  const here = place(name);
  const target = { docker: { host: `ssh://root@127.0.0.1:${server.port}`, 'known-hosts': 'HOST_KEYS', key: 'SSH_KEY' } };
  here.config({ ...config, env: { target, ...config.env } });
  const temp = join(here.dir, 'temp');
  const home = join(here.dir, 'home');
  for (const dir of [temp, home]) mkdirSync(dir, { recursive: true });
  const counting = countingDocker(here);
  here.env = { ...counting.env, DOCKER_HOST: undefined, SSH_AUTH_SOCK: undefined, HOME: home, TMPDIR: temp, HOST_KEYS: server.knownHosts, SSH_KEY: server.key };
  return Object.assign(here, { temp, counting });
}

/** The ids of every ssh that was started for this place and still runs. */
function sshOf(here) {
  return relatives(here.dir).filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0].endsWith('ssh'));
}

/** Deploys under load: the run's result and the users' summary. */
async function underLoad(here, ...args) {
  const load = await here.load();
  const result = await here.cd(...args);
  return { result, users: await load.stop() };
}

/** Nothing of the private key is in any of these. */
function assertNoKey(server, heaps) {
  const lines = server.key.trim().split('\n').slice(1, -1).join('\n');
  const needles = needlesOf({ SSH_KEY: lines });
  assert.deepEqual(heaps.filter(([, heap]) => found(needles, heap).length > 0).map(([what]) => what), []);
}

test('deploys and rolls back over ssh as at home', async (t) => {
  const server = await sshServer(t);
  const here = far('far', server, { health: { deadline: '4s' } });
  const processes = watchCommandLines();
  const said = [];
  const note = (result) => { said.push(['what was said', result.stdout + result.stderr], ['the report', JSON.stringify(result.report)]); };
  t.after(async () => {
    processes.stop();
    await here.end();
  });

  await t.test('this side has no other way: neither users nor containers can be reached from here', async () => {
    const here = await run(['docker', 'version'], { env: { ...ENV, DOCKER_HOST: undefined, HOME: '/nonexistent' } });
    assert.notEqual(here.code, 0);
  });

  await t.test('a first version is deployed', async () => {
    const first = await here.cd('deploy', '--image', image('v1'));
    note(first);
    assert.equal(first.outcome, 'deployed', first.stderr);
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
    const direct = await run(['curl', '-s', '-m', '2', `${here.url}/tasks`]);
    assert.notEqual(direct.code, 0, 'the users’ address is not reachable from this side');
  });

  await t.test('a second one takes over, and no user notices', async () => {
    const { result, users } = await underLoad(here, 'deploy', '--image', image('v2'));
    note(result);
    assert.equal(result.outcome, 'deployed', result.stderr);
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('a broken one is undone, and no user notices', async () => {
    const { result, users } = await underLoad(here, 'deploy', '--image', image('broken'));
    note(result);
    assert.equal(result.outcome, 'rolled-back', result.stderr);
    assert.equal(result.code, 1);
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.deepEqual(await here.ask(), { status: 200, version: 'v2' });
    assert.deepEqual(await astrayOf(here), []);
  });

  await t.test('a rollback goes to the first one', async () => {
    const { result, users } = await underLoad(here, 'rollback');
    note(result);
    assert.equal(result.outcome, 'restored', result.stderr);
    assert.equal(users.failed, 0, JSON.stringify(users.failures));
    assert.deepEqual(await here.ask(), { status: 200, version: 'v1' });
  });

  await t.test('every command went through one forwarded socket', async () => {
    const tunnels = [...processes.seen].map((line) => line.split('\0')).filter(([program, ...rest]) => /(^|\/)ssh$/.test(program) && rest.includes('-L'));
    assert.ok(tunnels.length >= 1);
    for (const words of tunnels) {
      assert.ok(words.includes('StrictHostKeyChecking=yes'), words.join(' '));
      assert.ok(words.some((word) => word.startsWith(`UserKnownHostsFile=${here.temp}/`)), words.join(' '));
      assert.ok(words.some((word) => word.endsWith(':/var/run/docker.sock')), words.join(' '));
    }
    const accepted = server.log().split('\n').filter((line) => line.startsWith('Accepted publickey')).length;
    assert.equal(accepted, 4, 'one connection a run');
  });

  await t.test('the private key was in nobody’s arguments, nothing that was said, and is gone from the disk', async () => {
    processes.stop();
    assertNoKey(server, [['the command lines of all processes', [...processes.seen].join('\n')], ...said]);
    assertNoKey(server, filesUnder(here.dir).map((file) => [file, readFileSync(file)]));
    assert.deepEqual(filesUnder(here.temp), [], 'nothing is left in the folder for temporary files');
  });

  await t.test('no ssh of ours is left', () => {
    assert.deepEqual(sshOf(here), []);
  });
});

test('what is wrong with the way is said, and nothing is touched', async (t) => {
  const server = await sshServer(t);
  const here = far('wrong', server);
  t.after(() => here.end());
  const strange = await strangeKey(server);
  const good = { ...here.env };

  for (const [what, env, reason, words] of [
    ['another host key than the pinned one', { HOST_KEYS: `[127.0.0.1]:${server.port} ${strange.publicKey}\n` }, 'host-key', /host key/i],
    ['a host key that is not known', { HOST_KEYS: `other.example ${strange.publicKey}\n` }, 'host-key', /host key/i],
    ['a private key that the host does not know', { SSH_KEY: strange.key }, 'ssh', /permission denied/i],
    ['a private key that is none', { SSH_KEY: 'not a key' }, 'ssh', /./],
  ]) {
    await t.test(what, async () => {
      const before = await everythingOf(here);
      here.env = { ...good, ...env };
      const result = await here.cd('deploy', '--image', image('v1'));
      assert.equal(result.outcome, 'failed', result.stderr);
      assert.equal(result.report.reason, reason);
      assert.match(result.report.because.join('\n'), words);
      assert.equal(await everythingOf(here), before);
      assert.deepEqual(here.counting.calls(), [], 'no engine was asked anything');
      assert.deepEqual(filesUnder(here.temp), []);
    });
  }

  await t.test('a private key that is not set', async () => {
    here.env = { ...good, SSH_KEY: undefined };
    const result = await here.cd('deploy', '--image', image('v1'));
    assert.ok(['failed', 'invalid'].includes(result.outcome), result.stderr);
    assert.match(result.stderr, /SSH_KEY/);
    assert.deepEqual(here.counting.calls(), []);
  });

  await t.test('a host where nobody listens', async () => {
    const port = await freePort();
    here.config({ env: { target: { docker: { host: `ssh://root@127.0.0.1:${port}`, 'known-hosts': 'HOST_KEYS', key: 'SSH_KEY' } } } });
    here.env = good;
    const result = await here.cd('deploy', '--image', image('v1'));
    assert.equal(result.outcome, 'failed', result.stderr);
    assert.equal(result.report.reason, 'ssh');
    assert.match(result.report.because.join('\n'), /refused/);
  });
});

test('a host that forwards no sockets is named as that', async (t) => {
  const server = await sshServer(t, 'AllowStreamLocalForwarding no');
  const here = far('noforward', server);
  t.after(() => here.end());
  const before = await everythingOf(here);
  const result = await here.cd('deploy', '--image', image('v1'));
  assert.equal(result.outcome, 'failed', result.stderr);
  assert.match(result.stderr, /AllowStreamLocalForwarding/);
  assert.equal(await everythingOf(here), before);
});

test('the socket may lie where the configuration says', async (t) => {
  const server = await sshServer(t);
  const here = far('socket', server);
  t.after(() => here.end());
  const at = (path) => here.config({ env: { target: { docker: { host: `ssh://root@127.0.0.1:${server.port}${path}`, 'known-hosts': 'HOST_KEYS', key: 'SSH_KEY' } } } });
  at('/run/docker.sock');
  const status = await here.cd('status');
  assert.equal(status.outcome, 'shown', status.stderr);
  at('/run/user/1000/docker.sock');
  const nowhere = await here.cd('status');
  assert.deepEqual([nowhere.outcome, nowhere.report.reason], ['failed', 'engine-unreachable'], nowhere.stderr);
});

test('a key that lost its last line end is a key all the same', async (t) => {
  const server = await sshServer(t);
  const here = far('trimmed', server);
  t.after(() => here.end());
  here.env = { ...here.env, SSH_KEY: server.key.trimEnd(), HOST_KEYS: server.knownHosts.trimEnd() };
  const status = await here.cd('status');
  assert.equal(status.outcome, 'shown', status.stderr);
});

test('while a run is under way its key lies in a folder that only its owner may enter', async (t) => {
  const server = await sshServer(t);
  const here = far('private', server);
  t.after(() => here.end());
  const begun = here.start('deploy', '--image', image('v1'));
  const modes = new Map();
  let over = false;
  begun.ended.then(() => { over = true; });
  while (!over) {
    for (const file of filesUnder(here.temp)) {
      try { modes.set(file, [statSync(join(file, '..')).mode & 0o777, statSync(file).mode & 0o777]); } catch { /* gone */ }
    }
    await sleep(5);
  }
  assert.equal((await begun.ended).outcome, 'deployed');
  assert.ok(modes.size > 0, 'some file was seen');
  for (const [file, [folder, own]] of modes) {
    assert.equal(folder, 0o700, file);
    assert.equal(own & 0o077, 0, file);
  }
});

test('a run whose connection breaks is put right by the next one', async (t) => {
  const server = await sshServer(t);
  const here = far('cut', server, { env: { lease: '3s' } });
  t.after(() => here.end());
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.equal(first.outcome, 'deployed', first.stdout + first.stderr);
  const load = await here.load();
  let users;
  try {
    await cutAndMend(here);
  } finally {
    users = await load.stop();
  }
  assert.equal(users.failed, 0, JSON.stringify(users.failures));
  assert.deepEqual(await astrayOf(here), []);
});

async function cutAndMend(here) {
  const begun = here.start('deploy', '--image', image('v2'));
  await until('the new instance', async () => (await here.containers()).length === 2, { every: 50 });
  const [tunnel] = sshOf(here);
  if (tunnel) process.kill(tunnel, 'SIGKILL');
  const cut = await begun.ended;
  assert.ok(tunnel, 'there was an ssh');
  assert.ok(['failed', 'busy', 'stranded', 'rolled-back'].includes(cut.outcome), `${cut.outcome}: ${cut.stderr}`);
  await sleep(3500);
  const next = await here.cd('recover');
  assert.ok(['restored', 'unchanged'].includes(next.outcome), next.stderr);
  const again = await here.cd('deploy', '--image', image('v2'));
  assert.ok(['deployed', 'unchanged'].includes(again.outcome), again.stderr);
}

test('a run that is killed leaves no key on the disk, and a connection that the runner finds', async (t) => {
  const server = await sshServer(t);
  const here = far('dead', server, { env: { lease: '3s' } });
  here.env.RUNNER_TRACKING_ID = `github_${here.service}`;
  t.after(async () => {
    for (const pid of sshOf(here)) process.kill(pid, 'SIGKILL');
    await here.end();
  });
  const begun = here.start('deploy', '--image', image('v1'));
  await until('the way', () => here.counting.calls().length > 2, { every: 20 });
  begun.child.kill('SIGKILL');
  await begun.ended;
  assertNoKey(server, filesUnder(here.temp).map((file) => [file, readFileSync(file)]));
  // By this variable a runner finds what a job has left, and ends it.
  for (const pid of sshOf(here)) assert.match(readFileSync(`/proc/${pid}/environ`, 'utf8'), new RegExp(`RUNNER_TRACKING_ID=github_${here.service}`));
  await sleep(3500);
  const next = await here.cd('deploy', '--image', image('v1'));
  assert.equal(next.outcome, 'deployed', next.stderr);
});
