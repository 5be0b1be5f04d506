// Whether a place is in a final state: what every run, however often killed before, must end in.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { docker, inside, run, serversOf, tableOf } from '../lib.mjs';

/** A file of the state volume, or `null` where there is none. */
export async function stateFile(here, file) {
  const { code, stdout } = await run(['docker', 'exec', '-u', '0', `${here.prefix}-router`, 'cat', `/var/lib/cd-action/${file}`]);
  return code === 0 ? stdout : null;
}

/** The lease: `{ token, holder, until, since, run }`, numbers where they are numbers. */
export async function leaseOf(here) {
  const text = `${await stateFile(here, 'lease') ?? ''}\n${await stateFile(here, 'beat') ?? ''}`;
  const words = text.split('\n').filter(Boolean).map((line) => line.split(' '));
  return Object.fromEntries(words.map(([key, value]) => [key, /^\d+$/.test(value) ? Number(value) : value]));
}

/** The ledger, its chain checked: `{ records, head, serving, open }`; the last two are records, or `null`. */
export async function chainOf(here) {
  const { stdout } = await run(['docker', 'exec', '-u', '0', `${here.prefix}-router`, 'sh', '-c', 'cat /var/lib/cd-action/ledger/*']);
  assert.ok(stdout === '' || stdout.endsWith('\n'), 'the ledger ends with a whole record');
  let [head, serving, open] = ['0'.repeat(64), null, null];
  const records = [];
  for (const line of stdout.split('\n').filter(Boolean)) {
    const [, seq, prev, body, hash] = /^\{"seq":(\d+),"prev":"([0-9a-f]{64})","body":(.*),"hash":"([0-9a-f]{64})"\}$/.exec(line) ?? [];
    const ours = createHash('sha256').update(`${prev}\n${seq}\n${body}`).digest('hex');
    assert.deepEqual([prev, hash, Number(seq)], [head, ours, records.length + 1], `the ledger's chain holds at record ${seq}`);
    head = hash;
    const record = JSON.parse(body);
    records.push(record);
    if (record.kind === 'snapshot') [serving, open] = [record.state['known-good'][0] ?? null, record.state.open];
    if (record.kind === 'began') open = record;
    if (record.kind === 'committed') serving = record;
    if (['committed', 'ended'].includes(record.kind) && open?.generation === record.generation) open = null;
  }
  return { records, head, serving, open };
}

/** The instances that run, or are there at all, by name. */
export async function instancesOf(here) {
  const text = await docker('ps', '-a', '--filter', `label=cd-action.service=${here.service}`, '--filter', 'label=cd-action.role=instance', '--format', '{{.Names}}');
  return text.split('\n').filter(Boolean);
}

/** Counts the instances again and again until it is stopped; `stop` gives the most there were at once. */
export function countPeak(here) {
  let [most, going] = [[], true];
  const loop = (async () => {
    while (going) {
      const names = await instancesOf(here);
      if (names.length > most.length) most = names;
    }
  })();
  return { async stop() { going = false; await loop; return most; } };
}

/**
 * Asserts that nothing is half done: the version that was committed last serves, alone and with all of its instances,
 * by the table and by what HAProxy has; nothing else is left of any run. Gives `{ version, generation, token, ledger }`.
 * `renaming`: a run may have died while it gave them its name and had begun nothing; the next holder renames them all.
 */
export async function assertSettled(here, { replicas = 1, version, renaming = false } = {}) {
  const ledger = await chainOf(here);
  assert.equal(ledger.open, null, 'nothing is begun and neither committed nor ended');
  assert.ok(ledger.serving, 'something was committed');
  const { generation, release } = ledger.serving;
  if (version !== undefined) assert.equal(release.version, version, 'the ledger names the version that should serve');
  const instances = await here.containers();
  const planned = Array.from({ length: replicas }, (_, at) => `g${generation}-${at + 1}`);
  const found = instances.map((it) => `g${it.generation}-${it.index} ${it.state}`);
  assert.deepEqual(found, planned.map((id) => `${id} running`), 'exactly the planned instances are there, and run');
  const names = instances.map((it) => it.name);
  const tokens = names.map((name) => Number(/\.t(\d+)$/.exec(name)?.[1]));
  const token = Math.max(...tokens);
  assert.deepEqual(names, planned.map((id, at) => `${here.prefix}-${id}.t${tokens[at]}`), 'all of them bear the name of a holder');
  if (!renaming) assert.deepEqual(tokens, planned.map(() => token), 'all of them bear the name of one holder');
  const table = (await tableOf(here)).map((it) => `${it.name} ${it.weight}${it.backup ? ' backup' : ''}`);
  assert.deepEqual(table.sort(), planned.flatMap((id) => [`${id} 256`, `${id}.r 256 backup`]).sort(), 'the table says what the ledger says');
  const [written, had] = [await tableOf(here), await serversOf(here)].map((all) => all.map((it) => `${it.name} ${it.address} ${it.weight}`).sort());
  assert.deepEqual(had, written, 'HAProxy has what the table says');
  assert.equal(await stateFile(here, 'checkpoint'), null, 'no checkpoint is left');
  const lease = await leaseOf(here);
  assert.deepEqual([lease.holder, lease.until], ['-', 0], 'the lease was given back');
  assert.ok(token <= lease.token, 'nobody bears the name of a holder yet to come');
  await assertNothingStray(here, replicas);
  await assertAnswers(here, release.version);
  return { version: release.version, generation, token, ledger };
}

/** Asserts that a user gets this version now; of a worker, whom nobody asks, that each instance (of that generation) says so of itself. */
export async function assertAnswers(here, version, generation = null) {
  if (here.worker) {
    const names = await instancesOf(here);
    for (const name of names.filter((it) => generation === null || it.includes(`-g${generation}-`))) {
      const { code, stdout, stderr } = await run(['docker', 'exec', name, '/demo-service', 'healthcheck']);
      assert.ok(code === 0 && stdout.includes(`"version":"${version}"`), `${name} is ${version}, and well: ${stdout}${stderr}`);
    }
    return;
  }
  const { stdout, stderr } = await inside(['curl', '-s', '-S', '-m', '5', '-w', '\n%{http_code} after %{time_total} s', `${here.url}/tasks`]);
  const [body, how] = [stdout.slice(0, stdout.lastIndexOf('\n')), stdout.slice(stdout.lastIndexOf('\n') + 1)];
  assert.ok(how.startsWith('200 ') && JSON.parse(body).version === version, `users get ${version}: ${how} ${stderr} ${body}`);
}

/** Asserts that there is the router, one network, one volume, so many instances, and nothing else of this place. */
export async function assertNothingStray(here, instances) {
  const list = async (...args) => (await docker(...args)).split('\n').filter(Boolean).sort();
  const containers = await list('ps', '-a', '--filter', `name=${here.prefix}`, '--format', '{{.Names}}');
  assert.equal(containers.length, 1 + instances, `there are the router and ${instances} instances: ${containers}`);
  assert.deepEqual(await list('network', 'ls', '--filter', `name=${here.prefix}`, '--format', '{{.Name}}'), [here.prefix], 'one network');
  assert.deepEqual(await list('volume', 'ls', '--filter', `name=${here.prefix}`, '--format', '{{.Name}}'), [`${here.prefix}-state`], 'one volume');
}

/** Removes a place, the local tags that keep its images included. */
export async function clear(here) {
  await here.end();
  const reference = `reference=cd-action/${here.service}.${here.environment}`;
  const tags = (await docker('image', 'ls', '--filter', reference, '--format', '{{.Repository}}:{{.Tag}}')).split('\n').filter(Boolean);
  if (tags.length > 0) await docker('image', 'rm', '--no-prune', ...tags);
}
