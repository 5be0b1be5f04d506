// Staging and production on two engines: what was proven in the one can be known in the other, by the registry alone. Production's
// job has neither a way to staging's host nor anything of its credentials.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { CLI, docker, ENV, image, inside, removeRuns, ROOT, run, sleep } from './lib.mjs';
import { registryWithBadDays } from './bin/project.mjs';
import { secondEngine } from './bin/second-engine.mjs';

const EXEC = join(ROOT, 'tests', 'parts', 'exec');
const AUTH = { user: 'robot', password: 'a-password-that-nobody-guesses' };
const SOAK = 12;

/** One service, two environments, and a registry that wants to know who asks. */
async function twoPlaces(t, name, { gates } = {}) {
  const registry = await registryWithBadDays({ auth: { kind: 'basic', ...AUTH } });
  const dir = mkdtempSync(join(tmpdir(), `cd-e2e-${name}-`));
  const service = `${name}-${process.pid}`;
  const path = `e2e/${service}`;
  const repository = `${registry.host}/${path}`;
  const settings = join(dir, 'settings');
  mkdirSync(settings);
  const auth = Buffer.from(`${AUTH.user}:${AUTH.password}`).toString('base64');
  writeFileSync(join(settings, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const environment = (port) => ({ listen: `127.0.0.1:${port}`, mode: 'deployment', bake: { for: '1s', errors: '5%' }, drain: '0s', lease: '5s' });
  const port = 30_000 + (process.pid % 1000);
  const config = {
    service,
    image: repository,
    registry: { user: 'E2E_REGISTRY_USER', password: 'E2E_REGISTRY_TOKEN' },
    router: { image: 'cd-action-router:2.6' },
    run: { port: 8000 },
    health: { http: { path: '/health' }, every: '200ms', successes: 2, deadline: '10s' },
    environments: { staging: environment(port), production: { ...environment(port), ...(gates && { gates }) } },
  };
  writeFileSync(join(dir, 'cd.yml'), JSON.stringify(config));

  /** Runs a job to its end, in the network and with the engine of `parts`. */
  const cd = (parts, ...args) => new Promise((resolve) => {
    const before = new Set(reports());
    const secrets = { E2E_REGISTRY_USER: AUTH.user, E2E_REGISTRY_TOKEN: AUTH.password };
    // The engine that is asked has a login of its own, as engines have.
    const child = spawn(EXEC, ['env', `DOCKER_CONFIG=${settings}`, 'node', CLI, ...args], { cwd: dir, env: { ...parts, ...secrets, USER: 'kim' }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    child.on('close', (code) => {
      const fresh = reports().filter((file) => !before.has(file)).pop();
      const report = fresh ? JSON.parse(readFileSync(fresh, 'utf8')) : null;
      resolve({ code, stdout, stderr, report, outcome: report?.outcome, reason: report?.reason });
    });
  });
  const reports = () => {
    const folder = join(dir, '.cd-action');
    return existsSync(folder) ? readdirSync(folder).filter((file) => file.startsWith('report-')).sort().map((file) => join(folder, file)) : [];
  };
  const it = {
    service,
    port,
    registry,
    repository,
    settings,
    config: (change) => {
      change(config);
      writeFileSync(join(dir, 'cd.yml'), JSON.stringify(config));
    },
    staging: (...args) => cd(ENV, ...args, '--environment', 'staging'),
    cd,
    /** Sends a demo image under a name of this service, with a label that makes it one of its own; `name@digest`. */
    async push(from, tag, label) {
      const built = `${repository}:${tag}`;
      const { code, stderr } = await run(['docker', 'build', '--tag', built, '-'], { env: { ...ENV, DOCKER_BUILDKIT: '0' }, input: `FROM ${image(from)}\nLABEL org.opencontainers.image.revision=${label}\n` });
      assert.equal(code, 0, stderr);
      const pushed = await run(['docker', 'push', built], { env: { ...ENV, DOCKER_CONFIG: settings } });
      assert.equal(pushed.code, 0, pushed.stderr);
      const digests = JSON.parse(await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', built));
      return digests.find((digest) => digest.startsWith(`${repository}@`));
    },
    /** What the registry has under a tag; `null`: nothing. */
    async manifest(tag) {
      const { stdout } = await inside(['curl', '-s', '-H', 'Accept: application/vnd.oci.image.index.v1+json', `http://127.0.0.1:5000/v2/${path}/manifests/${tag}`]);
      const found = JSON.parse(stdout);
      return found.errors ? null : found;
    },
    async end(parts = ENV) {
      const ask = async (...args) => (await run(['docker', ...args], { env: parts })).stdout.trim().split('\n').filter(Boolean);
      const all = await ask('ps', '-aq', '--filter', `label=cd-action.service=${service}`);
      if (all.length > 0) await ask('rm', '-f', '-v', ...all);
      for (const environment of ['staging', 'production']) {
        await ask('network', 'rm', `cd-${service}.${environment}`);
        await ask('volume', 'rm', `cd-${service}.${environment}-state`);
      }
    },
  };
  t.after(async () => {
    await it.end();
    await registry.end();
    removeRuns(dir);
  });
  return it;
}

const proofOf = (environment, reference, service) => `proven-${environment}.${service}-${reference.split('sha256:')[1].slice(0, 12)}`;

test('a commit is proven in the registry, once, and a registry that does not take it makes no good deploy a bad one', { timeout: 240_000 }, async (t) => {
  const it = await twoPlaces(t, 'proof');
  const one = await it.push('v1', 'one', 'a'.repeat(40));
  const tag = proofOf('staging', one, it.service);
  const refuse = (status) => [{ method: 'PUT', path: '/manifests/proven-', times: 1000, then: { status } }];
  const auth = { kind: 'basic', ...AUTH };

  for (const [status, words] of [[403, /says no/], [503, /answered 503/]]) {
    it.registry.plan({ auth, rules: refuse(status) });
    const result = await it.staging('deploy', '--image', one);
    const expected = status === 403 ? 'deployed' : 'unchanged';
    assert.deepEqual([result.code, result.outcome], [0, expected], result.stderr);
    const trouble = result.report.troubles.find((text) => text.startsWith('other environments cannot read'));
    assert.match(trouble, words);
    assert.equal(result.report.proof, undefined);
    assert.equal(await it.manifest(tag), null);
  }
  it.registry.plan({ auth });
  await sleep(2000);
  const again = await it.staging('deploy', '--image', one);
  assert.deepEqual([again.code, again.outcome, again.report.proof], [0, 'unchanged', `${it.repository}:${tag}`], again.stderr);
  const proof = await it.manifest(tag);
  const notes = Object.fromEntries(Object.entries(proof.annotations).map(([key, value]) => [key.replace('cd-action.proven.', ''), value]));
  assert.deepEqual([notes.service, notes.environment, `${it.repository}@${notes.digest}`], [it.service, 'staging', one]);
  const since = again.report.serving['known-good-since'];
  assert.ok(Math.abs(Date.parse(notes.at) - since) < 2000, `${notes.at} is when it was committed, not when this was written`);
  assert.deepEqual(proof.manifests.map((found) => `${it.repository}@${found.digest}`), [one]);

  it.registry.forget();
  const third = await it.staging('deploy', '--image', one);
  assert.equal(third.outcome, 'unchanged', third.stderr);
  assert.ok(!it.registry.requests().some((line) => line.startsWith('PUT ')), 'what is there is not written again');
  assert.deepEqual(await it.manifest(tag), proof);

  const two = await it.push('v2', 'two', 'b'.repeat(40));
  assert.equal((await it.staging('deploy', '--image', two)).outcome, 'deployed');
  assert.ok(await it.manifest(proofOf('staging', two, it.service)));
  const text = [again, third].flatMap(({ stdout, stderr, report }) => [stdout, stderr, JSON.stringify(report)]).join('\n');
  assert.ok(!text.includes(AUTH.password), 'the password is said nowhere');

  await t.test('a variable of `registry` that is not set is told, and nothing else', async () => {
    it.config((config) => { config.registry = { user: 'E2E_REGISTRY_USER', password: 'NOT_SET_ANYWHERE' }; });
    const three = await it.push('v3', 'three', 'c'.repeat(40));
    const result = await it.staging('deploy', '--image', three);
    assert.deepEqual([result.code, result.outcome], [0, 'deployed'], result.stderr);
    assert.match(result.report.troubles.join('\n'), /other environments cannot read .*NOT_SET_ANYWHERE/);
  });
});

test('production goes on with the very image that staging proved, once it has soaked; one that was built anew is refused', { timeout: 420_000 }, async (t) => {
  const it = await twoPlaces(t, 'after', { gates: [{ after: 'staging', soak: `${SOAK}s` }] });
  const second = await secondEngine({ port: Number(it.registry.host.split(':')[1]), images: ['cd-action-router:2.6'] });
  t.after(async () => {
    await it.end(second.env);
    await second.end();
  });
  const production = (...args) => it.cd(second.env, ...args, '--environment', 'production');
  const there = () => second.docker('ps', '-aq', '--filter', `label=cd-action.service=${it.service}`);
  const commit = 'a'.repeat(40);
  const one = await it.push('v1', 'one', commit);
  const rebuilt = await it.push('v2', 'rebuilt', commit);
  assert.notEqual(one, rebuilt);

  const never = await production('deploy', '--image', one);
  assert.deepEqual([never.code, never.outcome], [1, 'rejected'], never.stderr);
  assert.match(never.stderr, /never proven in staging/);

  const staged = await it.staging('deploy', '--image', one);
  assert.deepEqual([staged.outcome, staged.report.proof], ['deployed', `${it.repository}:${proofOf('staging', one, it.service)}`], staged.stderr);
  // No way leads from production's job to staging's host.
  assert.notEqual((await second.exec(['curl', '-s', '-m', '2', `http://127.0.0.1:${it.port}/health`])).code, 0);
  assert.equal((await inside(['curl', '-s', '-m', '2', `http://127.0.0.1:${it.port}/health`])).code, 0);

  const soaking = await production('deploy', '--image', one, '--wait', '0');
  assert.deepEqual([soaking.code, soaking.outcome], [0, 'held'], soaking.stderr);
  assert.match(soaking.stderr, new RegExp(`proven in staging since 2.* has to be for ${SOAK} s: .* still to come`));
  assert.equal((await production('deploy', '--image', one, '--wait', '0', '--on-held', 'fail')).code, 1);
  const anew = await production('deploy', '--image', rebuilt);
  assert.deepEqual([anew.code, anew.outcome], [1, 'rejected'], anew.stderr);
  assert.match(anew.stderr, /built anew from the same commit is another image/);

  it.registry.plan({ auth: { kind: 'basic', ...AUTH }, rules: [{ method: 'GET', path: '/manifests/proven-', times: 1000, then: { status: 503 } }] });
  const away = await production('deploy', '--image', one, '--wait', '0');
  assert.notEqual(away.outcome, 'deployed', away.stderr);
  assert.match(away.stderr, /answered 503/);
  it.registry.plan({ auth: { kind: 'basic', ...AUTH } });
  assert.equal(await there(), '', 'nothing was touched on the other engine');

  const plan = await production('plan', '--image', one);
  assert.equal(plan.outcome, 'shown', plan.stderr);
  assert.match(plan.stderr, new RegExp(proofOf('staging', one, it.service)), 'it names what was read');
  const through = await production('deploy', '--image', one, '--wait', `${SOAK + 20}s`);
  assert.deepEqual([through.code, through.outcome], [0, 'deployed'], through.stderr);
  const runs = async (ask) => ask('ps', '--filter', `label=cd-action.service=${it.service}`, '--filter', 'label=cd-action.role=instance', '--format', '{{.Label "cd-action.digest"}}');
  assert.equal(await runs(second.docker), await runs(docker), 'one digest runs in both');
  assert.ok(await it.manifest(proofOf('production', one, it.service)), 'and production has proven it too');
  const told = [never, soaking, anew, away, plan, through].map(({ stdout, stderr, report }) => [stdout, stderr, JSON.stringify(report)].join('\n')).join('\n');
  assert.ok(!told.includes(AUTH.password));
});
