// Records the transcripts anew, on the tests' own engine: a first deploy, a good one, a broken one and a rollback, by the
// command line that ships. Needed where what a run does has changed on purpose; read the difference before it is kept.
//
//   source "$(tests/parts/up)" && node tests/contract/record.mjs
//   TRANSCRIPTS=accept cargo test --package contract    # names of this machine are replaced, and records have hashes

import { readFileSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

import { image, place, ROOT } from '../e2e/lib.mjs';

const here = place('recorded', { router: '3.2', service: 'tasks' }).config({ health: { deadline: '1s' }, env: { bake: { for: '1s', errors: '5%' } } });
try {
  await deploy('v1', 'deployed');
  await keep('deploy-good', await deploy('v2', 'deployed'));
  await keep('deploy-broken', await deploy('broken', 'rolled-back'));
  await keep('rollback', await expected('restored', 'rollback'));
} finally {
  await here.end();
}

function deploy(tag, outcome) {
  return expected(outcome, 'deploy', '--image', image(tag));
}

async function expected(outcome, ...args) {
  const result = await here.cd(...args);
  if (result.outcome !== outcome) throw new Error(`${args.join(' ')}: ${result.outcome}, not ${outcome}\n${result.stderr}`);
  return result;
}

/** A journal as it would be elsewhere: nothing of this machine is in it. */
async function keep(name, { report }) {
  const elsewhere = [
    [here.dir, '/home/ci/app'],
    [`${tmpdir()}/cd-action-`, '/tmp/run-'],
    [`${userInfo().username}@${hostname()}`, 'ci@runner'],
    [`"HOME":"${process.env.HOME}"`, '"HOME":"/home/ci"'],
  ];
  let text = readFileSync(report.journal, 'utf8');
  for (const [from, to] of elsewhere) text = text.replaceAll(from, to);
  writeFileSync(join(ROOT, 'tests', 'contract', 'transcripts', `${name}.jsonl`), text);
}
