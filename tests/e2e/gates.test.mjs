// Gates that ask here: times, files, commands, sessions, the ledger. What they hold up touches nothing, and a way back stays.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { lives } from './bin/docker.mjs';
import { commitAt } from './bin/forge.mjs';
import { tools, WHEELS } from './bin/nox.mjs';
import { byDigest, docker, ENV, everythingOf, image, ledgerOf, place, run } from './lib.mjs';

const ALWAYS = { freeze: { from: '2000-01-01', to: '2100-01-01' } };
const NEVER = { freeze: { from: '2000-01-01', to: '2000-01-02' } };
const QUICK = { bake: { for: '0s' }, drain: '0s' };

function served(t, name, options) {
  const here = place(name, options);
  t.after(() => here.end());
  here.gates = (gates, more = {}) => here.config({ env: { ...QUICK, gates }, ...more });
  return here;
}

const verdict = (result, name) => result.report.gates.find((it) => it.name === name)?.verdict.is;
const deploy = (here, tag, ...flags) => here.cd('deploy', '--image', image(tag), ...flags);

async function goes(here, tag, ...flags) {
  const result = await deploy(here, tag, ...flags);
  assert.equal(result.outcome, 'deployed', result.stdout + result.stderr);
  return result;
}

test('a freeze holds a deploy and touches nothing; a way back stays; an override is a person with a reason', { timeout: 240_000 }, async (t) => {
  const here = served(t, 'freeze');
  here.gates([NEVER]);
  await goes(here, 'v1');
  await goes(here, 'v2');
  here.gates([{ name: 'quiet-time', ...ALWAYS }]);
  const before = await everythingOf(here);
  const held = await deploy(here, 'v3');
  assert.deepEqual([held.outcome, held.code, held.report.reason], ['held', 0, 'gate-pending'], held.stdout + held.stderr);
  assert.match(held.stdout + held.stderr, /2100-01-01/, 'until when');
  assert.equal((await deploy(here, 'v3', '--on-held', 'fail')).code, 1);
  assert.equal(await everythingOf(here), before, 'nothing was touched');

  const plan = await here.cd('plan', '--image', image('v3'));
  assert.deepEqual([plan.outcome, verdict(plan, 'quiet-time')], ['shown', 'pending']);
  assert.match(plan.stdout + plan.stderr, /quiet-time\s+pending until/);
  assert.match(plan.report.because.join('\n'), /the gates would not let it go on: gate `quiet-time`: pending/);
  assert.equal(await everythingOf(here), before, 'nor by a plan');

  const unknown = await deploy(here, 'v3', '--override', 'quiet', '--reason', 'x');
  assert.deepEqual([unknown.outcome, unknown.code], ['invalid', 3]);
  assert.match(unknown.stdout + unknown.stderr, /there are quiet-time, quarantine/);
  const nameless = await deploy(here, 'v3', '--override', 'quiet-time');
  assert.equal(nameless.outcome, 'invalid', 'without a reason');

  here.env = { USER: 'anna' };
  const taken = await deploy(here, 'v3', '--override', 'quiet-time', '--reason', 'users cannot log in');
  assert.equal(taken.outcome, 'deployed', taken.stdout + taken.stderr);
  const records = (await ledgerOf(here)).filter((it) => it.kind === 'overridden');
  assert.deepEqual(records.map(({ what, who, reason }) => [what, who, reason]), [['quiet-time', 'anna', 'users cannot log in']]);
  const status = await here.cd('status');
  assert.match(status.stdout + status.stderr, /`quiet-time` by anna on .*: users cannot log in/);

  here.gates([{ name: 'quiet-time', ...ALWAYS, override: false }]);
  const forbidden = await deploy(here, 'v1', '--override', 'quiet-time', '--reason', 'please');
  assert.deepEqual([forbidden.outcome, forbidden.report.reason], ['rejected', 'override-forbidden']);
  const back = await here.cd('rollback');
  assert.deepEqual([back.outcome, back.report.serving.version], ['restored', 'v2'], back.stdout + back.stderr);
});

test('waiting is bounded and chosen: a freeze that ends soon is waited for', { timeout: 120_000 }, async (t) => {
  const here = served(t, 'wait');
  const stamp = (at) => new Date(at).toISOString().replace(/[-:]/g, '').replace(/\.\d+/, '');
  const calendar = (end) => ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', `DTSTART:${stamp(Date.now() - 60_000)}`, `DTEND:${stamp(end)}`, 'SUMMARY:audit', 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n');
  writeFileSync(join(here.dir, 'freeze.ics'), calendar(Date.now() + 3_600_000));
  here.gates([{ freeze: { calendar: 'freeze.ics', zone: 'Europe/Berlin' } }]);
  const begun = Date.now();
  const held = await deploy(here, 'v1', '--wait', '5s');
  assert.equal(held.outcome, 'held', held.stdout + held.stderr);
  assert.ok(Date.now() - begun < 4_000, 'nobody waits for what takes longer than that anyway');
  assert.match(held.stdout + held.stderr, /audit/);
  // Minutes are what a freeze counts, seconds what a calendar has.
  writeFileSync(join(here.dir, 'freeze.ics'), calendar(Math.ceil(Date.now() / 60_000) * 60_000));
  const waited = await deploy(here, 'v1', '--wait', '90s');
  assert.equal(waited.outcome, 'deployed', waited.stdout + waited.stderr);
  writeFileSync(join(here.dir, 'freeze.ics'), 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n');
  const torn = await deploy(here, 'v2');
  assert.deepEqual([torn.outcome, verdict(torn, 'freeze')], ['failed', 'unknown']);
});

test('findings and results of tests are read from files; fewer tests than last time say no', { timeout: 240_000 }, async (t) => {
  const here = served(t, 'files');
  const sarif = (...results) => JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'lint' } }, results }] });
  const junit = (...cases) => `<testsuites><testsuite>${cases.join('')}</testsuite></testsuites>`;
  const write = (file, text) => writeFileSync(join(here.dir, file), text);
  const gates = (more = {}) => here.gates([{ findings: { sarif: ['lint.sarif'] } }, { tests: { junit: ['tests.xml'], ...more } }]);
  gates();
  const missing = await deploy(here, 'v1');
  assert.deepEqual([missing.outcome, verdict(missing, 'findings'), verdict(missing, 'tests')], ['failed', 'unknown', 'unknown'], missing.stdout);
  write('lint.sarif', sarif({ ruleId: 'sql', level: 'error', message: { text: 'a query of strings' }, locations: [{ physicalLocation: { artifactLocation: { uri: 'app.py' }, region: { startLine: 7 } } }] }));
  write('tests.xml', junit('<testcase name="a"/>', '<testcase name="b"><failure/></testcase>'));
  const bad = await deploy(here, 'v1');
  assert.deepEqual([bad.outcome, bad.code], ['rejected', 1]);
  assert.match(bad.stdout + bad.stderr, /sql at app\.py:7: a query of strings/);
  assert.match(bad.stdout + bad.stderr, /failed: b/);
  assert.deepEqual(await here.containers(), []);
  write('lint.sarif', sarif());
  write('tests.xml', junit('<testcase name="a"/>', '<testcase name="b"/>'));
  await goes(here, 'v1');
  write('tests.xml', junit('<testcase name="a"/>'));
  const fewer = await deploy(here, 'v2');
  assert.deepEqual([fewer.outcome, verdict(fewer, 'tests')], ['rejected', 'fail'], fewer.stdout);
  assert.match(fewer.stdout + fewer.stderr, /1 tests ran, and 2 did/);
  await goes(here, 'v2', '--override', 'tests', '--reason', 'the report of b is lost');
  assert.equal((await deploy(here, 'v3')).outcome, 'rejected', 'an override leaves the count as it was');
  gates({ fewer: true });
  await goes(here, 'v3');
  gates();
  await goes(here, 'v1');
  const first = (await ledgerOf(here)).find((it) => it.kind === 'decided' && it.phase === 'gates');
  assert.match(first.because.join('\n'), /gate `tests`: pass: `tests.xml`: 2 tests/, 'with the evidence');
});

test('too many failed deploys close an environment until somebody takes it on themselves', { timeout: 240_000 }, async (t) => {
  const here = served(t, 'breaker');
  here.gates([{ breaker: { failures: 2, within: '1h' } }]);
  await goes(here, 'v1');
  assert.equal((await deploy(here, 'broken')).outcome, 'rolled-back');
  here.config({ run: { env: { OTHER: '1' } }, env: { ...QUICK, gates: [{ breaker: { failures: 2, within: '1h' } }] } });
  assert.equal((await deploy(here, 'broken')).outcome, 'rolled-back');
  const closed = await deploy(here, 'v2');
  assert.deepEqual([closed.outcome, verdict(closed, 'breaker')], ['held', 'pending'], closed.stdout + closed.stderr);
  assert.match(closed.stdout + closed.stderr, /2 deploys failed in the last 1 h/);
  assert.equal((await here.ask()).version, 'v1');
  await goes(here, 'v2', '--override', 'breaker', '--reason', 'the cause is found');
});

test('what runs here gets a listed environment, the secrets that are named for it, and a deadline with its children', { timeout: 180_000 }, async (t) => {
  const here = served(t, 'command');
  const script = (text) => writeFileSync(join(here.dir, 'ask.sh'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  here.env = { API_KEY: 'a-very-secret-key', OTHER_SECRET: 'another-secret-value', GITHUB_TOKEN: 'ghs_of_the_job' };
  here.gates([{ command: ['./ask.sh', '{{version}}', '{{digest}}'], deadline: '5s', secrets: ['API_KEY'] }]);
  script('env > seen; echo "$1 $2" > arguments; test "$API_KEY" = a-very-secret-key');
  const digest = (await byDigest(image('v1'))).split('@')[1];
  await goes(here, 'v1');
  const seen = readFileSync(join(here.dir, 'seen'), 'utf8');
  assert.doesNotMatch(seen, /another-secret-value|ghs_of_the_job/);
  assert.match(seen, /a-very-secret-key/);
  assert.equal(readFileSync(join(here.dir, 'arguments'), 'utf8').trim(), `v1 ${digest}`);
  for (const [text, outcome, word] of [['echo no budget; exit 3', 'rejected', 'fail'], ['exit 75', 'held', 'pending'], ['exit 127', 'failed', 'unknown'], ['kill -9 $$', 'failed', 'unknown']]) {
    script(text);
    const result = await deploy(here, 'v2');
    assert.deepEqual([result.outcome, verdict(result, 'command')], [outcome, word], text + result.stdout + result.stderr);
  }
  script('echo "the key is $API_KEY"; sleep 300 & echo $! > child; sleep 300');
  const begun = Date.now();
  const hung = await deploy(here, 'v2');
  assert.deepEqual([hung.outcome, verdict(hung, 'command')], ['failed', 'unknown']);
  assert.ok(Date.now() - begun < 30_000, 'ended at its deadline');
  assert.match(hung.stdout + hung.stderr, /was ended with its process group/);
  assert.doesNotMatch(hung.stdout + hung.stderr + JSON.stringify(here.journals()), /a-very-secret-key/);
  const child = Number(readFileSync(join(here.dir, 'child'), 'utf8'));
  assert.ok(!lives(child), 'with its children');
  const plan = await here.cd('plan', '--image', image('v2'));
  assert.match(plan.stdout + plan.stderr, /command\s+asked at the deploy/, 'a plan runs nothing');
});

const NOXFILE = `import nox, os, sys, time
with open("imported", "a") as imported:
    print(*os.environ, file=imported)
    print(*(name for name, value in os.environ.items() if "secret" in value and name != "NAMED"), file=imported)
@nox.session(python=False)
def good(session):
    secrets = [name for name, value in os.environ.items() if "secret" in value]
    if secrets != (["NAMED"] if "NAMED" in os.environ else []):
        session.error(f"found {secrets}")
@nox.session(python=False)
def bad(session):
    session.error("two of three")
@nox.session(python=False)
def hangs(session):
    session.run("sh", "-c", "sleep 300 & echo $! > child; wait", external=True)
@nox.session(python=False)
def skips(session):
    session.skip("no database here")
@nox.session(python="3.2")
def old(session):
    session.run("python", "-c", "1/0")
@nox.session(python=False)
def leaves(session):
    os._exit(0)
`;

test('nox sessions as gates: passing, failing, missing, skipped, hanging, and looking for secrets', { timeout: 300_000 }, async (t) => {
  const here = served(t, 'sessions');
  const [bin, from] = [join(here.dir, 'bin'), await tools()];
  mkdirSync(bin);
  symlinkSync(join(from, 'nox'), join(bin, 'nox'));
  writeFileSync(join(here.dir, 'noxfile.py'), NOXFILE);
  here.env = { PATH: `${bin}:${ENV.PATH}`, PIP_NO_INDEX: '1', PIP_FIND_LINKS: WHEELS, DATABASE: 'a-secret-of-the-service', NAMED: 'a-secret-that-is-named', GITHUB_TOKEN: 'ghs_secret_token', SSH_AUTH_SOCK: '/tmp/secret-agent', HTTPS_PROXY: 'http://user:proxy-secret@127.0.0.1:9', PIP_INDEX_URL: 'https://user:index-secret@pypi.example/simple' };
  here.gates([{ sessions: ['good'] }]);
  await goes(here, 'v1');
  here.gates([{ sessions: ['good'], secrets: ['NAMED'] }]);
  await goes(here, 'v2');
  here.gates([{ sessions: ['good', 'bad'] }]);
  const failed = await deploy(here, 'v3');
  assert.deepEqual([failed.outcome, verdict(failed, 'sessions')], ['rejected', 'fail'], failed.stdout + failed.stderr);
  assert.match(failed.stdout + failed.stderr, /two of three/);
  here.gates([{ sessions: ['goood'] }]);
  const missing = await deploy(here, 'v3');
  assert.deepEqual([missing.outcome, missing.report.reason], ['failed', 'no-session']);
  assert.match(missing.stdout + missing.stderr, /it has good, bad, hangs, skips, old, leaves; did you mean `good`/);
  for (const [session, outcome, is, said] of [
    ['skips', 'failed', 'unknown', /`skips` was skipped.*no database here/],
    ['old', 'rejected', 'fail', /Python interpreter 3\.2 not found/],
    ['leaves', 'failed', 'unknown', /its report of the session `leaves` is missing/],
  ]) {
    here.gates([{ sessions: [session] }]);
    const ended = await deploy(here, 'v3');
    assert.deepEqual([ended.outcome, verdict(ended, 'sessions')], [outcome, is], ended.stdout + ended.stderr);
    assert.match(ended.stdout + ended.stderr, said);
  }
  const imported = readFileSync(join(here.dir, 'imported'), 'utf8').trimEnd();
  assert.doesNotMatch(imported, /SSH_AUTH_SOCK|PIP_INDEX_URL|HTTPS_PROXY|DOCKER_HOST|DOCKER_CONFIG|secret/, 'whoever lists the sessions runs the noxfile');
  here.gates([{ sessions: ['hangs'], deadline: '4s' }]);
  const hung = await deploy(here, 'v3');
  assert.deepEqual([hung.outcome, verdict(hung, 'sessions')], ['failed', 'unknown'], hung.stdout + hung.stderr);
  const child = Number(readFileSync(join(here.dir, 'child'), 'utf8'));
  assert.ok(!lives(child), 'its children are gone');
});

test('the image has to be of this commit, and its attestation is verified by whoever can', { timeout: 180_000 }, async (t) => {
  const here = served(t, 'image');
  const { sha } = commitAt(here, null);
  const built = async (revision) => {
    const name = image(`gates-${revision.slice(0, 7)}-${process.pid}`);
    writeFileSync(join(here.dir, 'Dockerfile'), `FROM ${image('v1')}\nLABEL org.opencontainers.image.revision=${revision} org.opencontainers.image.version=v1\n`);
    const made = await run(['docker', 'build', '-q', '-t', name, here.dir], { env: { ...ENV, DOCKER_BUILDKIT: '0' } });
    assert.equal(made.code, 0, made.stderr);
    await docker('push', '-q', name);
    t.after(() => run(['docker', 'image', 'rm', '-f', '--no-prune', name]));
    return byDigest(name);
  };
  const [own, other] = [await built(sha), await built('f'.repeat(40))];
  here.gates([{ image: {} }]);
  const refused = await here.cd('deploy', '--image', other);
  assert.deepEqual([refused.outcome, verdict(refused, 'image')], ['rejected', 'fail'], refused.stdout + refused.stderr);
  const nameless = await deploy(here, 'v1');
  assert.deepEqual([nameless.outcome, verdict(nameless, 'image')], ['failed', 'unknown'], 'an image that does not say proves nothing');
  writeFileSync(join(here.dir, 'verify.sh'), '#!/bin/sh\necho "$1" > verified\nexit "$(cat answer)"\n', { mode: 0o755 });
  here.gates([{ image: { attestation: ['./verify.sh', '{{digest}}'] } }]);
  writeFileSync(join(here.dir, 'answer'), '1');
  const unattested = await here.cd('deploy', '--image', own);
  assert.deepEqual([unattested.outcome, verdict(unattested, 'image')], ['rejected', 'fail']);
  writeFileSync(join(here.dir, 'answer'), '0');
  const good = await here.cd('deploy', '--image', own);
  assert.equal(good.outcome, 'deployed', good.stdout + good.stderr);
  assert.equal(readFileSync(join(here.dir, 'verified'), 'utf8').trim(), own.split('@')[1]);
});

test('delivery mode: a push is held, and told who may press what; an allowed person goes on, another does not', { timeout: 120_000 }, async (t) => {
  const here = served(t, 'button', { environment: 'production' });
  const { sha } = commitAt(here, null);
  here.gates([]);
  const held = await deploy(here, 'v1');
  assert.deepEqual([held.outcome, held.report.reason], ['held', 'delivery'], held.stdout + held.stderr);
  // The platform is none that could be asked who approved; whoever starts the run by hand is known all the same.
  here.env = { CI: 'true', GITHUB_ACTIONS: 'true', FORGEJO_ACTIONS: 'true', GITHUB_REPOSITORY: 'acme/tasks', GITHUB_SERVER_URL: 'https://forge.example', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: sha, GITHUB_TRIGGERING_ACTOR: 'ben' };
  here.gates([{ approval: { by: ['anna'] } }]);
  const push = await deploy(here, 'v1');
  assert.deepEqual([push.outcome, push.report.reason], ['held', 'gate-pending'], push.stdout + push.stderr);
  assert.match(push.stdout + push.stderr, /anna, who may start the run by hand/);
  here.env.GITHUB_EVENT_NAME = 'workflow_dispatch';
  assert.equal((await deploy(here, 'v1')).outcome, 'held', 'ben may not');
  assert.deepEqual(await here.containers(), []);
  here.env.GITHUB_TRIGGERING_ACTOR = 'anna';
  await goes(here, 'v1');
});

test('code of forks and the three events are refused, whatever is configured', { timeout: 60_000 }, async (t) => {
  const here = served(t, 'trigger');
  const { sha } = commitAt(here, null);
  const event = join(here.dir, 'event.json');
  const base = { CI: 'true', GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'acme/tasks', GITHUB_SHA: sha, GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_PATH: event, GITHUB_SERVER_URL: 'https://forge.example' };
  const pr = (fork) => ({ number: 5, repository: { id: 1, full_name: 'acme/tasks' }, pull_request: { number: 5, head: { sha, ref: 'x', repo: { id: 2, full_name: fork ? 'mallory/tasks' : 'acme/tasks' } }, base: { ref: 'main' } } });
  const rows = [
    ['pull_request_target', pr(false), []],
    ['pull_request', pr(true), []],
    ['issue_comment', { repository: { id: 1, full_name: 'acme/tasks' }, issue: { number: 1 } }, []],
    ['workflow_run', { repository: { id: 1 }, workflow_run: { event: 'push', conclusion: 'success', head_repository: { id: 1 } } }, []],
    ['workflow_run', { repository: { id: 1 }, workflow_run: { event: 'push', conclusion: 'success', head_repository: { id: 2 } } }, [{ trigger: { events: ['workflow_run'] } }]],
    ['workflow_run', { repository: { id: 1 }, workflow_run: { event: 'push', conclusion: 'success', head_sha: sha, head_branch: 'feature', head_repository: { id: 1 } } }, [{ trigger: { events: ['workflow_run'], branches: ['main'] } }]],
    ['push', { repository: { id: 1 } }, [{ trigger: { branches: ['release/*'] } }]],
  ];
  for (const [name, payload, gates] of rows) {
    writeFileSync(event, JSON.stringify(payload));
    here.env = { ...base, GITHUB_EVENT_NAME: name };
    here.gates(gates);
    const result = await deploy(here, 'v1');
    assert.deepEqual([result.outcome, verdict(result, 'trigger')], ['rejected', 'fail'], name + result.stdout + result.stderr);
  }
  rmSync(event);
});
