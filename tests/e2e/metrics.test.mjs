// A canary that is judged by what a real Prometheus says as well: within its limits, beyond them, and not to be known.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { image, ledgerOf, place, ROOT, run, until } from './lib.mjs';

const PASSWORD = 'a-password-of-this-test';
/** That password, as `htpasswd -B` writes it. */
const HASHED = '$2b$05$abcdefghijklmnopqrstuuU2gMS.5SmY6rTm3SxvLvKa6nTjedt8S';

/** A server on a free port of this machine, and the port. */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

/** A Prometheus that reads `queues` (version → length) each second and lets in who knows the password; `null` where there is none to be had. */
async function prometheus(t, queues) {
  const found = await run([join(ROOT, 'tests', 'parts', 'prometheus')]);
  // It says so by this code where one cannot be had; the continuous integration requires it.
  if (found.code === 3 && process.env.CI !== 'true') return null;
  assert.equal(found.code, 0, found.stderr);
  const metrics = createServer((_, response) => {
    const lines = Object.entries(queues).map(([version, length]) => `queue_length{version="${version}"} ${length}\n`);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(lines.join(''));
  });
  const target = await listening(metrics);
  const probe = createServer();
  const port = await listening(probe);
  await new Promise((resolve) => probe.close(resolve));
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-prometheus-'));
  const job = { job_name: 'queue', static_configs: [{ targets: [`127.0.0.1:${target}`] }] };
  writeFileSync(join(dir, 'prometheus.yml'), JSON.stringify({ global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] }));
  writeFileSync(join(dir, 'web.yml'), JSON.stringify({ basic_auth_users: { reader: HASHED } }));
  const child = spawn(found.stdout.trim(), [
    `--config.file=${dir}/prometheus.yml`, `--web.config.file=${dir}/web.yml`, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${dir}/data`,
  ], { stdio: 'ignore' });
  t.after(async () => {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGTERM');
    await ended;
    metrics.closeAllConnections();
    metrics.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const authorization = `Basic ${Buffer.from(`reader:${PASSWORD}`).toString('base64')}`;
  await until('Prometheus to be ready', () => fetch(`${url}/-/ready`, { headers: { authorization } }).then((it) => it.ok, () => false));
  return { url };
}

test('a metric beyond its limit goes back, one that nobody knows passes nothing and blames nobody, one within it passes', async (t) => {
  const queues = { v2: 500 };
  const server = await prometheus(t, queues);
  if (server === null) return t.skip('no Prometheus can be had here: tests/parts/prometheus says why');
  const queue = { url: server.url, query: 'queue_length{version="{{version}}"}', max: 100, every: '1s', readings: 2, user: 'PROMETHEUS_USER', password: 'PROMETHEUS_PASSWORD' };
  const analysis = { errors: { 'worse-by': '20pp', confidence: '95%' }, metrics: { queue }, deadline: '20s' };
  const here = place('canary-metric').config({
    health: { deadline: '15s' },
    env: { strategy: { canary: { steps: [50, 100], pause: '3s', analysis } }, bake: { for: '1s', errors: '100%' }, lease: '30s' },
  });
  t.after(() => here.end());

  const unset = await here.cd('deploy', '--image', image('v1'));
  here.env = { PROMETHEUS_USER: 'reader', PROMETHEUS_PASSWORD: PASSWORD };
  const first = await here.cd('deploy', '--image', image('v1'));
  assert.deepEqual([first.outcome, first.code], ['deployed', 0], first.stderr);
  assert.deepEqual([unset.outcome, unset.report.reason], ['invalid', 'secret-missing'], unset.stderr);

  const load = await here.load({ rate: 100 });
  const beyond = await here.cd('deploy', '--image', image('v2'));
  assert.deepEqual([beyond.outcome, beyond.report.reason, beyond.code], ['rolled-back', 'metric', 1], beyond.stderr);
  assert.match(beyond.report.because.join('\n'), /queue is 500, and may be at most 100; 2 readings in a row were outside/);

  const unknown = await here.cd('deploy', '--image', image('v3'));
  assert.deepEqual([unknown.outcome, unknown.report.reason, unknown.code], ['rolled-back', 'not-its-fault', 1], unknown.stderr);
  assert.match(unknown.report.because.join('\n'), /there is no data: queue is not known/);

  // The same again: it was held against nobody.
  queues.v3 = 7;
  const within = await here.cd('deploy', '--image', image('v3'));
  assert.deepEqual([within.outcome, within.code], ['deployed', 0], within.stderr);
  const step = within.report.decisions.find((it) => it.decision === 'give it more traffic');
  assert.match(step.because.join('\n'), /queue is 7, and may be at most 100/);
  const users = await load.stop();
  assert.equal(users.failed, 0, JSON.stringify(users));

  // The report draws it, and nobody's password is anywhere.
  const last = within.report.compared.at(-1);
  assert.deepEqual([last.share, last.findings.map((it) => it.verdict)], [50, ['pass', 'pass']]);
  assert.match(within.stdout + within.stderr, /beside what serves[\s\S]*queue 7/);
  const told = [first, beyond, unknown, within].map((one) => JSON.stringify(one.report) + one.stdout + one.stderr);
  const kept = JSON.stringify([here.journals(), await ledgerOf(here)]);
  for (const secret of [PASSWORD, Buffer.from(`reader:${PASSWORD}`).toString('base64')]) {
    for (const text of [...told, kept]) assert.equal(text.includes(secret), false);
  }
});
