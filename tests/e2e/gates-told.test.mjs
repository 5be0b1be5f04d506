// What the platform and people are told: deployments, ended in every outcome; names of somebody else, which do nothing anywhere.

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkRun, commitAt, startForge, status, TOKEN } from './bin/forge.mjs';
import { gitIn, skip, startAct } from './bin/act.mjs';
import { job, stopStep } from './bin/runner.mjs';
import { docker, ENV, image, place, REGISTRY, ROOT, run, sleep, until } from './lib.mjs';

const QUICK = { bake: { for: '0s' }, drain: '0s', url: 'https://tasks.example' };

async function onForge(t, name, { deployments = true } = {}) {
  const forge = await startForge();
  t.after(() => forge.end());
  const here = place(name);
  t.after(() => here.end());
  const { sha } = commitAt(here, forge);
  here.config({ env: { ...QUICK, deployments } });
  return { forge, here, sha, states: () => forge.data.deployments.map((it) => `${it.task}: ${it.statuses.map(({ state }) => state).join(' ')}`) };
}

test('a deployment is begun before anything is touched and ended in every outcome; a rollback is one of its own', { timeout: 240_000 }, async (t) => {
  const { forge, here, sha, states } = await onForge(t, 'told');
  const deploy = (tag) => here.cd('deploy', '--image', image(tag));
  assert.equal((await deploy('v1')).outcome, 'deployed');
  assert.equal((await deploy('v1')).outcome, 'unchanged', 'nothing is deployed, so nothing is told');
  assert.equal((await deploy('broken')).outcome, 'rolled-back');
  assert.equal((await deploy('v2')).outcome, 'deployed');
  const back = await here.cd('rollback');
  assert.equal(back.outcome, 'restored', back.stdout + back.stderr);
  assert.deepEqual(states(), [
    'deploy: in_progress success inactive', 'deploy: in_progress failure', 'rollback: success inactive', 'deploy: in_progress success inactive', 'rollback: in_progress success',
  ]);
  const [first, , again, third] = forge.data.deployments;
  assert.deepEqual([again.payload.version, again.payload['previous-digest']], [first.payload.version, forge.data.deployments[1].payload.digest], 'what serves again');
  assert.deepEqual([first.ref, first.environment, first.auto_merge, first.required_contexts, first.production_environment], [sha, 'staging', false, [], false]);
  assert.match(third.payload['previous-digest'], /^sha256:/);
  const ended = third.statuses[1];
  assert.deepEqual([ended.environment_url, ended.log_url], ['https://tasks.example', 'https://forge.example/acme/tasks/actions/runs/7']);
  assert.ok(ended.description.length <= 140);
});

test('what happened while another run had the lease counts: a branch that has moved on, a check that has turned red', { timeout: 240_000 }, async (t) => {
  for (const moved of ['branch', 'check']) {
    const { forge, here, sha } = await onForge(t, `waited-${moved}`, { deployments: false });
    const repository = `${REGISTRY}/e2e/${here.service}`;
    const built = await run(['docker', 'build', '--quiet', '--tag', `${repository}:sha-${sha}`, '-'], { env: { ...ENV, DOCKER_BUILDKIT: '0' }, input: `FROM ${image('v3')}\nLABEL org.opencontainers.image.revision=${sha}\n` });
    assert.equal(built.code, 0, built.stderr);
    t.after(() => docker('rmi', '--force', '--no-prune', `${repository}:sha-${sha}`));
    await docker('push', '--quiet', `${repository}:sha-${sha}`);
    here.config({ env: { ...QUICK, bake: { for: '15s' } } });
    assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
    const first = here.start('deploy', '--image', image('v2'));
    await until('the bake', () => /^baking/m.test(first.output()), { seconds: 40 });
    forge.data.runs[sha] = [checkRun('test')];
    here.config({ image: repository, env: { ...QUICK, gates: [{ fresh: true }, { checks: ['test'] }] } });
    const second = here.start('deploy', '--wait', '1m');
    await until('the first answers', () => forge.requests.length >= 3, { seconds: 20 });
    await sleep(1_000);
    if (moved === 'branch') forge.data.refs['heads/main'] = 'f'.repeat(40);
    else forge.data.runs[sha] = [checkRun('test', { conclusion: 'failure' })];
    assert.equal((await first.ended).outcome, 'deployed');
    const result = await second.ended;
    assert.equal(result.outcome, moved === 'branch' ? 'superseded' : 'rejected', result.stdout + result.stderr);
  }
});

test('a platform that refuses is told of in the report, and changes nothing about the deploy', { timeout: 120_000 }, async (t) => {
  const { forge, here } = await onForge(t, 'untold');
  forge.faults = [({ request, response }) => {
    if (request.method !== 'POST') return false;
    forge.send(response, 403, { message: 'Resource not accessible by integration' });
    return true;
  }];
  const result = await here.cd('deploy', '--image', image('v1'));
  assert.equal(result.outcome, 'deployed', result.stdout + result.stderr);
  assert.match(result.report.troubles.join('\n'), /permissions: \{ contents: read, deployments: write \}/);
});

test('what the platform does not hear at first it hears at last: from this run, from post, from whoever comes next', { timeout: 240_000 }, async (t) => {
  const { forge, here, states } = await onForge(t, 'unheard');
  const posts = (path, which, answer) => {
    let count = 0;
    forge.faults = [(it) => it.request.method === 'POST' && it.path.endsWith(path) && which.includes(++count) && answer(it)];
  };
  const deploy = (tag) => here.cd('deploy', '--image', image(tag));
  posts('/statuses', [2, 3], ({ response }) => forge.send(response, 403, { message: 'You have exceeded a secondary rate limit' }, { 'retry-after': '1' }) ?? true);
  assert.equal((await deploy('v1')).outcome, 'deployed');
  assert.deepEqual(states(), ['deploy: in_progress success']);
  // It is made, and the answer is lost.
  posts('/deployments', [1], ({ request, response }) => {
    const { body } = forge.requests.at(-1);
    forge.data.deployments.push({ id: 4001, ...body, statuses: [] });
    return forge.send(response, 504, {}, { 'x-request': request.url }) ?? true;
  });
  assert.equal((await deploy('v2')).outcome, 'deployed');
  assert.deepEqual(states(), ['deploy: in_progress success inactive', 'deploy: in_progress success'], 'and it is not made twice');
  // Down until the run is over: post says what main could not, and not that the run has died.
  const theJob = job(here, { runId: '7', env: { GITHUB_EVENT_NAME: 'push', GITHUB_SERVER_URL: 'https://forge.example' } });
  posts('/statuses', [2, 3, 4, 5, 6], ({ response }) => forge.send(response, 502, {}) ?? true);
  const main = await theJob.start({ image: image('v1'), 'github-token': TOKEN }).ended;
  assert.equal(main.outputs.outcome, 'deployed', main.log);
  assert.equal(states().at(-1), 'deploy: in_progress');
  const post = await main.post().ended;
  assert.equal(states().at(-1), 'deploy: in_progress success', post.log);
  assert.match(forge.data.deployments.at(-1).statuses[1].description, /^deployed: /);
});

test('a run that is killed without a post is ended by whoever recovers or deploys next; those of another service stay', { timeout: 180_000 }, async (t) => {
  const { forge, here, states } = await onForge(t, 'unposted');
  here.config({ env: { ...QUICK, deployments: true, lease: '2s', bake: { for: '30s' } } });
  for (const next of ['recover', 'deploy']) {
    assert.equal((await here.cd('deploy', '--image', image('v1'))).code, 0);
    const run = here.start('deploy', '--image', image('v2'));
    await until('the bake', () => /^baking/m.test(run.output()), { seconds: 40 });
    run.child.kill('SIGKILL');
    await run.ended;
    assert.equal(states().at(-1), 'deploy: in_progress');
    await sleep(2_500);
    if (next === 'recover') {
      assert.equal((await here.cd('recover')).outcome, 'restored');
      assert.equal(states().at(-1), 'deploy: in_progress error');
    }
  }
  here.config({ env: { ...QUICK, deployments: true } });
  forge.data.deployments.push({ id: 3000, task: 'deploy', environment: 'staging', payload: { service: 'another' }, statuses: [{ id: 1, state: 'success' }] });
  assert.equal((await here.cd('deploy', '--image', image('v3'))).outcome, 'deployed');
  assert.deepEqual(states(), [
    'deploy: in_progress success inactive', 'deploy: in_progress error', 'deploy: in_progress error', 'deploy: success', 'deploy: in_progress success',
  ], 'those of another service stay as they are');
});

test('a run that is killed leaves its deployment to post, which ends it', { timeout: 120_000 }, async (t) => {
  const { here, states } = await onForge(t, 'killed');
  here.config({ env: { ...QUICK, deployments: true, bake: { for: '30s' } } });
  assert.equal((await here.cd('deploy', '--image', image('v1'))).outcome, 'deployed');
  const theJob = job(here, { runId: '7', env: { GITHUB_EVENT_NAME: 'push', GITHUB_SERVER_URL: 'https://forge.example' } });
  const step = theJob.start({ image: image('v2'), 'github-token': TOKEN });
  await until('the bake', () => /^baking/m.test(step.output()) || /: baking/.test(step.output()), { seconds: 40 });
  step.child.kill('SIGKILL');
  const result = await step.ended;
  assert.deepEqual(states().at(-1), 'deploy: in_progress');
  const post = await result.post().ended;
  assert.match(states().at(-1), /^deploy: in_progress error$/, post.log);
  const next = theJob.start({ image: image('v2'), 'github-token': TOKEN });
  await until('the bake', () => /baking/.test(next.output()), { seconds: 40 });
  await stopStep(next);
  assert.match(states().at(-1), /^deploy: in_progress inactive$/, 'a cancelled one is over, too');
});

// What git allows in the name of a branch.
const BRANCH = 'refs/heads/fix/<img/src=x>#12-www.evil.example-@octocat-`|`-GH-14';
const HOSTILE = [
  '::error::owned', '##[set-output name=outcome;]deployed', '::stop-commands::x', 'a\n::add-mask::b', '<script>alert(1)</script>', '<img src=x onerror=y>',
  '@octocat', '| a | b |', '`` ` ``', '[click](javascript:alert(1))', '![x](https://evil.example/p.png)', '\u202eexe.txt', '\u001b[31mred', '--> <!--', '# Title', '</details>', 'see www.evil.example', 'https://evil.example/x', 'fixes #12', 'acme/tasks#13', 'GH-14', '!15',
];

test('names of somebody else do nothing in the log, in annotations, in the summary and in the comment', { timeout: 180_000 }, async (t) => {
  const { forge, here, sha } = await onForge(t, 'hostile', { deployments: false });
  forge.data.runs[sha] = HOSTILE.map((name) => checkRun(name, { conclusion: 'failure', app: name, appId: 1, html_url: 'javascript:alert(1)', details_url: 'https://x.example/a)<b> |' }));
  forge.data.statuses[sha] = HOSTILE.map((name) => status(name, 'failure', { target_url: `https://x.example/)${name}` }));
  here.config({ image: 'registry.example/acme/tasks', env: { ...QUICK, gates: [{ checks: HOSTILE.filter((name) => !/[\n\u001b]/.test(name)) }, { name: 'absent', checks: ['nobody reports this'] }, { findings: { sarif: ['scan.sarif'] } }, { fresh: true }] } });
  const results = HOSTILE.map((text) => ({ ruleId: text, level: 'error', message: { text }, locations: [{ physicalLocation: { artifactLocation: { uri: text } } }] }));
  writeFileSync(join(here.dir, 'scan.sarif'), JSON.stringify({ version: '2.1.0', runs: [{ tool: { driver: { name: 'scan' } }, results }] }));
  forge.data.refs[BRANCH.replace('refs/', '')] = 'f'.repeat(40);
  const theJob = job(here, { runId: '7', env: { GITHUB_EVENT_NAME: 'push', GITHUB_REF: BRANCH, GITHUB_SERVER_URL: 'https://forge.example' } });
  const result = await theJob.start({ 'github-token': TOKEN }).ended;
  assert.equal(result.outputs.outcome, 'rejected', result.log);
  const ours = ['group', 'endgroup', 'stop-commands', 'error', 'add-mask', 'warning', 'debug'];
  assert.deepEqual(result.commands.filter((it) => !ours.includes(it.name)).map((it) => it.name), []);
  assert.equal(result.annotations.filter((it) => it.name === 'error').length, 1, 'ours alone');
  assert.doesNotMatch(result.log, /\u202e/);
  here.env = { ...here.env, GITHUB_REF: BRANCH };
  const plan = await here.cd('plan', '--image', image('v1'));
  assert.equal(plan.outcome, 'shown', plan.stdout + plan.stderr);
  const outputs = readFileSync(`${here.dir}/.cd-action/outputs.env`, 'utf8');
  const comment = readFileSync(/^CD_COMMENT="?([^"\n]+)"?$/m.exec(outputs)[1], 'utf8');
  assert.match(comment, /^<!-- cd-action plan [a-z0-9 .-]+ -->\n/);
  assert.equal(comment.match(/<!--/g).length, 1);
  assert.match(comment, /\*\*Run:\*\* \[`https:\/\/forge\.example[^`]*`\]\(<https:\/\/forge\.example[^>]*>\)/, 'the way to the run');
  for (const markdown of [result.summary, comment.replace(/^<!--.*-->/, '')]) {
    const bare = markdown.replace(/```[^]*?```/g, '').replace(/`[^`\n]*`/g, '');
    assert.doesNotMatch(bare, /<script|<img|onerror=y>|<!--|-->/);
    assert.doesNotMatch(bare, /\]\((?!<https:\/\/)/, 'links lead where we say');
    assert.doesNotMatch(bare, /!\[|javascript:/);
    assert.doesNotMatch(bare, /@octocat/);
    assert.doesNotMatch(bare, /^# Title/m);
    // What a forge looks for in the text as it is shown. Our own links lead to the run and to what gates rest on.
    const shown = bare.replace(/\]\(<[^>]*>\)/g, '').replace(/<code>[^]*?<\/code>/g, '').replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
    assert.doesNotMatch(shown, /www\.|:\/\/|#\d|!\d|gh-\d/i);
  }
});

test('in a real workflow, run by act: a check that failed rejects, a freeze holds', { skip, timeout: 120_000 }, async (t) => {
  const forge = await startForge();
  t.after(() => forge.end());
  const here = place('act');
  t.after(() => here.end());
  here.config({ image: 'registry.example/acme/tasks', env: { ...QUICK, gates: [{ checks: ['test'] }, { freeze: { from: '2000-01-01', to: '2100-01-01' } }] } });
  const [repository, action] = [mkdtempSync(join(here.dir, 'repository-')), mkdtempSync(join(here.dir, 'action-'))];
  cpSync(join(ROOT, 'action.yml'), join(action, 'action.yml'));
  cpSync(join(ROOT, 'dist'), join(action, 'dist'), { recursive: true });
  cpSync(join(here.dir, 'cd.yml'), join(repository, 'cd.yml'));
  const git = gitIn(repository);
  git('init', '--quiet', '--initial-branch', 'main');
  git('remote', 'add', 'origin', 'https://github.com/acme/tasks');
  git('add', '.');
  git('commit', '--quiet', '--message', 'A service');
  const sha = git('rev-parse', 'HEAD').trim();
  forge.data.commits[sha] = { tree: 'a-tree' };
  const act = (...more) => startAct({ workflow: join(ROOT, 'tests', 'e2e', 'workflows', 'published.yml'), repository, action, cache: here.dir, more: ['--env', `GITHUB_API_URL=${forge.url}`, '--env', 'IMAGE=', '-s', `GITHUB_TOKEN=${TOKEN}`, ...more] }).ended;
  forge.data.runs[sha] = [checkRun('test', { conclusion: 'failure' })];
  const rejected = await act();
  assert.ok(rejected.said(/afterwards: step=failure outcome=rejected reason=gate-failed/), rejected.text());
  forge.data.runs[sha] = [checkRun('test')];
  const held = await act();
  assert.ok(held.said(/afterwards: step=success outcome=held reason=gate-pending/), held.text());
});
