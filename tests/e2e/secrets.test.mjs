// Secrets reach the service and nobody else. Values of every awkward kind go through every way a run can end; then
// everything that a run says, writes or leaves is searched for them, in every form a tool may give them.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { countingDocker } from './bin/docker.mjs';
import { filesUnder, found, needlesOf, watchCommandLines } from './bin/secrecy.mjs';
import { docker, ENV, image, inside, place, ROOT, run, sleep, until } from './lib.mjs';

/** Each kind of value comes as a variable and as a file. */
const FILES = { FILE_TOKEN: '/run/secrets/token', FILE_PEM: '/run/secrets/tls/key', FILE_ODD: '/run/secrets/odd' };
const SECRETS = {
  TOKEN: 'env', PEM: 'env', ODD: 'env',
  'file-token': { file: FILES.FILE_TOKEN }, 'file-pem': { file: FILES.FILE_PEM }, odd: { file: FILES.FILE_ODD, from: 'FILE_ODD' },
};
const TALKER = `cd-action-e2e-talker:${process.pid}`;

/** Values that nothing else in the world has: a plain one, one of many lines, and one of everything that needs quoting. */
function freshSecrets() {
  const random = (bytes) => randomBytes(bytes).toString('base64url');
  const pem = () => Array.from({ length: 4 }, () => randomBytes(36).toString('base64')).join('\n');
  const of = () => [
    `tok-${random(18)}`,
    `-----BEGIN ${random(3)} KEY-----\n${pem()}\n-----END ${random(3)} KEY-----\n`,
    `q"u'o 25%&amp;<${random(12)}>\\n$(id)\`;é#${random(6)}=`,
  ];
  const [[TOKEN, PEM, ODD], [FILE_TOKEN, FILE_PEM, FILE_ODD]] = [of(), of()];
  return { TOKEN, PEM, ODD, FILE_TOKEN, FILE_PEM, FILE_ODD };
}

/** The standard output of a command, byte for byte. */
function bytesOf(...argv) {
  return new Promise((resolve, reject) => {
    execFile(argv[0], argv.slice(1), { env: ENV, encoding: 'buffer', maxBuffer: 1 << 30 }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

/**
 * A place with a runner's files, a counting docker first in PATH, and a folder for temporary files. `job` runs what
 * the runner would run: the bundle of the action, then its post step.
 */
function runnerOf(here) {
  const counting = countingDocker(here);
  /** Kills whoever makes the next call for this. */
  counting.killAtNext = (what) => {
    const soFar = counting.calls().filter(({ name }) => name.startsWith(`${what}#`)).length;
    writeFileSync(join(counting.dir, 'plan'), `${what}#${soFar + 1} before kill\n`);
  };
  const runner = {
    counting,
    secrets: freshSecrets(),
    /** All values that were ever used. */
    known: [],
    said: [],
    temp: join(here.dir, 'temp'),
    files: Object.fromEntries(['OUTPUT', 'STATE', 'STEP_SUMMARY'].map((name) => [name, join(here.dir, `github-${name}`)])),
    rotate(...names) {
      const fresh = freshSecrets();
      for (const name of names) runner.secrets[name] = fresh[name];
      runner.known.push({ ...runner.secrets });
    },
    env: () => ({ ...ENV, ...counting.env, ...runner.secrets, TMPDIR: runner.temp, RUNNER_TEMP: runner.temp }),
    /** The command line; the process is given for those who want to disturb it. */
    start(...args) {
      const before = here.env;
      here.env = { ...before, ...counting.env, ...runner.secrets, TMPDIR: runner.temp };
      const begun = here.start(...args);
      here.env = before;
      const ended = begun.ended.then((result) => {
        runner.said.push({ what: `the command line's ${args[0]}`, text: result.stdout + result.stderr });
        return result;
      });
      return { ...begun, ended };
    },
    cd: (...args) => runner.start(...args).ended,
    /** The action with these inputs, then its post step; outcome and exit code are those of main. */
    async job(inputs, { id = 1 } = {}) {
      for (const file of Object.values(runner.files)) writeFileSync(file, '');
      const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]);
      const env = {
        ...runner.env(),
        ...Object.fromEntries(given),
        CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: here.dir, GITHUB_REPOSITORY: 'acme/tasks', GITHUB_RUN_ID: String(id),
        GITHUB_RUN_ATTEMPT: '1', GITHUB_RUN_NUMBER: String(id), GITHUB_JOB: 'deploy', GITHUB_SERVER_URL: 'http://127.0.0.1:9', GITHUB_EVENT_NAME: 'push',
        ...Object.fromEntries(Object.entries(runner.files).map(([name, file]) => [`GITHUB_${name}`, file])),
      };
      const main = await action(env, here.dir);
      const state = Object.fromEntries(commandFile(runner.files.STATE).map(([name, value]) => [`STATE_${name}`, value]));
      const post = await action({ ...env, ...state }, here.dir);
      const outputs = Object.fromEntries(commandFile(runner.files.OUTPUT));
      for (const [what, text] of [['main', main.said], ['post', post.said]]) {
        // The runner reads these lines and shows them to nobody.
        const shown = text.split('\n').filter((line) => !line.startsWith('::add-mask::')).join('\n');
        runner.said.push({ what: `the action's ${what} with ${JSON.stringify(inputs)}`, text: shown });
      }
      for (const [name, file] of Object.entries(runner.files)) runner.said.push({ what: `GITHUB_${name} of ${JSON.stringify(inputs)}`, text: readFileSync(file, 'utf8') });
      return { code: main.code, outcome: outputs.outcome, reason: outputs.reason, said: main.said, report: outputs.report ? JSON.parse(readFileSync(outputs.report, 'utf8')) : null };
    },
  };
  mkdirSync(runner.temp, { recursive: true });
  runner.known.push({ ...runner.secrets });
  return runner;
}

function action(env, cwd) {
  const child = spawn(env.CD_NODE, [join(ROOT, 'dist', 'main.cjs')], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { said += data; });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, said })));
}

/** The entries of a runner's command file: `name<<delimiter`, lines, the delimiter. */
function commandFile(file) {
  const entries = [];
  const lines = readFileSync(file, 'utf8').split('\n');
  while (lines.length > 0) {
    const head = /^([^<]+)<<(.+)$/.exec(lines.shift());
    if (head) entries.push([head[1], lines.splice(0, lines.indexOf(head[2]) + 1).slice(0, -1).join('\n')]);
  }
  return entries;
}

/** What the service says of what it got, through the router: whether it is there, and how long. */
async function assertHas(here, secrets) {
  for (const [name, value] of Object.entries(secrets)) {
    const { stdout } = await inside(['curl', '-s', '-m', '5', `${here.url}/secret-check?name=${name}&file=${FILES[name] ?? '/none'}`]);
    const got = { there: true, bytes: Buffer.byteLength(value) };
    assert.deepEqual(JSON.parse(stdout), { name: FILES[name] ? { there: false } : got, file: FILES[name] ? got : { there: false } }, name);
  }
}

/** Everything of a place that outlives a run, by what it is: texts and bytes. */
async function leftovers(here, runner) {
  const heaps = runner.said.map(({ what, text }) => [what, text]);
  for (const file of filesUnder(here.dir)) heaps.push([file.slice(here.dir.length + 1), readFileSync(file)]);
  const label = `label=cd-action.service=${here.service}`;
  const names = async (...args) => (await docker(...args)).split('\n').filter(Boolean);
  for (const volume of await names('volume', 'ls', '-q', '--filter', label)) {
    heaps.push([`the volume ${volume}`, await bytesOf('docker', 'run', '--rm', '--network', 'none', '-u', '0', '-v', `${volume}:/it`, '--entrypoint', 'tar', 'cd-action-router:2.6', '-c', '-C', '/it', '.')]);
  }
  for (const container of await names('ps', '-a', '--filter', label, '--format', '{{.Names}}')) {
    const all = JSON.parse(await docker('inspect', container))[0];
    delete all.Config.Env; // that it is there is what `run.secrets` with `env` means
    heaps.push([`docker inspect ${container}`, JSON.stringify(all)]);
  }
  const router = `${here.prefix}-router`;
  for (const line of await names('diff', router)) heaps.push([`in ${router}: ${line}`, await bytesOf('docker', 'cp', `${router}:${line.slice(2)}`, '-')]);
  const logs = await run(['docker', 'logs', router]);
  heaps.push([`the log of ${router}`, logs.stdout + logs.stderr]);
  for (const kept of await names('image', 'ls', '--filter', `reference=cd-action/${here.service}.*`, '--format', '{{.Repository}}:{{.Tag}}')) {
    heaps.push([`the history of ${kept}`, (await docker('history', '--no-trunc', kept)) + (await docker('image', 'inspect', kept))]);
  }
  return heaps;
}

/** Fails with every place in which any secret was found, and the first form of it that is there. */
function assertNowhere(runner, heaps) {
  const needles = runner.known.flatMap(needlesOf);
  const places = new Map();
  for (const [what, heap] of heaps) {
    for (const form of found(needles, heap)) {
      const place = `${form.split(/[ ,]/)[0]} in ${what}`;
      if (!places.has(place)) places.set(place, form);
    }
  }
  assert.deepEqual([...places].map(([place, form]) => `${place}: ${form}`), []);
}

/** An image whose service tells its log every secret it has, in some forms, then serves nothing (or what `serves` says). */
async function talker(tag, serves = 'sleep 3600') {
  const script = [
    'echo "it is $TOKEN, I say"',
    'echo "in base64 $(printf "user:%s" "$TOKEN" | base64)"',
    'echo "in hex $(printf %s "$TOKEN" | hexdump -v -e \'1/1 "%02x"\')"',
    'echo "$ODD" >&2',
    'echo "$PEM"',
    ...Object.values(FILES).map((file) => `cat ${file}; echo`),
    'echo "that was all"',
    serves,
  ].join('; ');
  const dockerfile = ['FROM cd-action-router:2.6', 'USER root', `ENTRYPOINT ${JSON.stringify(['sh', '-c', script])}`, 'CMD []', 'EXPOSE 8000'].join('\n');
  const built = await run(['docker', 'build', '-q', '-t', tag, '-'], { env: { ...ENV, DOCKER_BUILDKIT: '0' }, input: dockerfile });
  assert.equal(built.code, 0, built.stderr);
  return tag;
}

const health = { deadline: '3s' };

test('what is searched for would be found', () => {
  const secrets = freshSecrets();
  const needles = needlesOf(secrets);
  for (const [name, value] of Object.entries(secrets)) {
    const disguises = {
      plain: `x${value}y`,
      'a line': value.split('\n').at(1) ?? value,
      json: JSON.stringify({ a: { b: value } }),
      'json in json': JSON.stringify(JSON.stringify(value)),
      url: `http://h/?${new URLSearchParams({ q: value })}`,
      hex: Buffer.from(value).toString('hex'),
      ...Object.fromEntries(['', 'a', 'ab', 'abc'].map((before) => [`base64 behind "${before}"`, Buffer.from(`${before}${value}z`).toString('base64')])),
      ...Object.fromEntries(['', 'a', 'ab', 'abc'].map((before) => [`base64url behind "${before}"`, Buffer.from(`${before}${value}z`).toString('base64url')])),
    };
    for (const [what, disguise] of Object.entries(disguises)) assert.ok(found(needles, disguise).some((it) => it.startsWith(name)), `${name} as ${what}`);
  }
  assert.deepEqual(found(needles, 'nothing of the kind'), []);
});

test('secrets reach the service and nobody else, however the runs end', async (t) => {
  const here = place('secrets').config({ run: { secrets: SECRETS }, health });
  const runner = runnerOf(here);
  const processes = watchCommandLines();
  t.after(async () => {
    processes.stop();
    await here.end();
    await run(['docker', 'image', 'rm', '-f', '--no-prune', TALKER]);
  });
  const deploy = (reference, id) => runner.job({ command: 'deploy', image: reference }, { id });

  await t.test('deployed: the service has each of them, byte for byte', async () => {
    const first = await deploy(image('v1'), 1);
    assert.equal(first.outcome, 'deployed', first.said);
    await assertHas(here, runner.secrets);
    const [{ name }] = await here.containers();
    const variables = JSON.parse(await docker('inspect', '--format', '{{json .Config.Env}}', name));
    for (const [variable, value] of Object.entries(runner.secrets)) {
      if (!FILES[variable]) assert.ok(variables.includes(`${variable}=${value}`), variable);
      else assert.ok((await bytesOf('docker', 'cp', `${name}:${FILES[variable]}`, '-')).includes(Buffer.from(value)), variable);
    }
  });

  await t.test('deployed: the runner was told what to mask, each line of it', async () => {
    const { said } = await deploy(image('v1'), 2);
    const masks = said.split('\n').filter((line) => line.startsWith('::add-mask::')).map((line) => unescaped(line.slice('::add-mask::'.length)));
    for (const value of Object.values(runner.secrets)) assert.ok(masks.includes(value), JSON.stringify(value));
    for (const line of runner.secrets.PEM.trim().split('\n')) assert.ok(masks.includes(line), line);
  });

  await t.test('unchanged, while no secret changes', async () => {
    assert.equal((await deploy(image('v1'), 3)).outcome, 'unchanged');
  });

  for (const name of ['TOKEN', 'FILE_PEM']) {
    await t.test(`a rotated ${name} is a new configuration, and is deployed`, async () => {
      runner.rotate(name);
      const rotated = await deploy(image('v1'), 4);
      assert.equal(rotated.outcome, 'deployed', rotated.said);
      assert.notEqual(rotated.report.serving['config-hash'], rotated.report.before['config-hash']);
      await assertHas(here, runner.secrets);
    });
  }

  await t.test('rolled-back: the log of a service that tells everything is shown without it', async () => {
    const back = await deploy(await talker(TALKER), 5);
    assert.equal(back.outcome, 'rolled-back', back.said);
    const [log] = back.report.logs;
    assert.match(log.text, /it is \*\*\*, I say/);
    assert.match(log.text, /in hex \*\*\*/);
    assert.match(log.text, /that was all/);
    assert.deepEqual(found(needlesOf(runner.secrets), JSON.stringify(back.report)), []);
  });

  await t.test('rejected: it is in quarantine', async () => {
    assert.equal((await deploy(TALKER, 6)).outcome, 'rejected');
  });

  await t.test('failed: there is no such image', async () => {
    const failed = await deploy(image('there-is-none'), 7);
    assert.equal(failed.outcome, 'failed', failed.said);
  });

  await t.test('cancelled, under way', async () => {
    const { child, ended } = runner.start('deploy', '--image', image('v2'));
    await until('the bake', async () => (await here.containers()).length === 2, { every: 50 });
    child.kill('SIGINT');
    assert.equal((await ended).outcome, 'cancelled');
  });

  await t.test('killed while it was about to go back, then recovered: the log is shown without them here too', async () => {
    runner.rotate('TOKEN');
    runner.counting.killAtNext('logs');
    const killed = await runner.cd('deploy', '--image', TALKER);
    assert.equal(killed.signal, 'SIGKILL', killed.stdout + killed.stderr);
    await sleep(5500); // the lease
    const recovered = await runner.cd('recover');
    assert.equal(recovered.outcome, 'restored', recovered.stdout + recovered.stderr);
    assert.match(recovered.report.logs[0].text, /it is \*\*\*, I say/);
    assert.equal((await here.ask()).status, 200);
  });

  await t.test('restored, by a rollback', async () => {
    const next = await runner.cd('deploy', '--image', image('v2'));
    assert.equal(next.outcome, 'deployed', next.stderr);
    const back = await runner.job({ command: 'rollback' }, { id: 8 });
    assert.equal(back.outcome, 'restored', back.said);
    await assertHas(here, runner.secrets);
  });

  await t.test('invalid: one of them is not set', async () => {
    const without = { ...runner.secrets };
    delete runner.secrets.ODD;
    const missing = await deploy(image('v3'), 9);
    runner.secrets = without;
    assert.equal(missing.outcome, 'invalid', missing.said);
    assert.match(missing.said, /\bODD\b/);
  });

  await t.test('shown: plan and status', async () => {
    assert.equal((await runner.cd('plan', '--image', image('v3'))).outcome, 'shown');
    assert.equal((await runner.cd('status')).outcome, 'shown');
  });

  await t.test('nothing that was said, written or left holds any of them, in any form', async () => {
    assertNowhere(runner, await leftovers(here, runner));
  });

  await t.test('no process had one in its arguments', () => {
    processes.stop();
    assert.ok(processes.seen.size > 20, `${processes.seen.size} command lines were seen`);
    assertNowhere(runner, [['the command lines of all processes', [...processes.seen].join('\n')]]);
    assert.ok(runner.counting.calls().length > 100);
  });

  await t.test('nobody asked an engine for the environment of a container', () => {
    for (const { words } of runner.counting.calls().filter(({ name }) => /^inspect#/.test(name))) {
      assert.match(words, /--format/);
      assert.doesNotMatch(words, /\.Env|json \.Config}|json \.}|{{\.}}/);
    }
  });

  await t.test('the runs left nothing in the folder for temporary files but their reports', () => {
    const rest = filesUnder(runner.temp).filter((file) => !file.startsWith(join(runner.temp, 'cd-action') + '/'));
    assert.deepEqual(rest, []);
  });
});

test('a secret that is an everyday word, or stands in the configuration, does not confuse the run', async (t) => {
  const here = place('everyday');
  const words = { DB_STATE: 'running', DB_NAME: here.service, DB_USER: 'demo', PIN: '8000', FLAG: 'true', VERSION_OF_DB: 'v1' };
  here.config({ run: { secrets: Object.fromEntries(Object.keys(words).map((name) => [name, 'env'])) } });
  here.env = words;
  t.after(() => here.end());
  for (const version of ['v1', 'v2']) {
    const result = await here.cd('deploy', '--image', image(version));
    assert.equal(result.outcome, 'deployed', result.stderr);
    assert.deepEqual(await here.ask(), { status: 200, version });
  }
  assert.equal((await here.cd('deploy', '--image', image('v2'))).outcome, 'unchanged');
  const back = await here.cd('rollback');
  assert.equal(back.outcome, 'restored', back.stderr);
  const { report } = await here.cd('status');
  assert.equal(report.serving.version, 'v1');
});

/** The reverse of what a workflow command does to its value. */
const unescaped = (text) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
