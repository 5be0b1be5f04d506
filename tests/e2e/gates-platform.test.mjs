// Gates that ask the platform, through what ships, on a forge of ours that does what real ones do on bad days. A freeze without
// an end keeps every run from touching anything, so that what the other gates say is all there is to see.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { checkRun, commitAt, pull, review, startForge, status } from './bin/forge.mjs';
import { place } from './lib.mjs';

const ALWAYS = { freeze: { from: '2000-01-01', to: '2100-01-01' } };
const OTHER = 'f'.repeat(40);
const HEAD = 'e'.repeat(40);

/** A place about a commit, on a forge: `ask(gates, …flags)` gives what each gate said, by its name. */
async function about(t, name, { forge: options, message, top = {} } = {}) {
  const forge = await startForge(options);
  t.after(() => forge.end());
  const here = place(name);
  t.after(() => here.end());
  const { sha } = commitAt(here, forge, { message });
  const ask = async (gates, ...flags) => {
    here.config({ image: 'registry.example/acme/tasks', env: { gates: [ALWAYS, ...gates] }, ...top });
    const result = await here.cd('deploy', ...flags);
    const said = Object.fromEntries((result.report?.gates ?? []).map((it) => [it.name, it.verdict.is]));
    return { ...result, said, reasons: JSON.stringify(result.report?.gates ?? []) };
  };
  return { forge, data: forge.data, here, sha, ask };
}

const asks = (word) => async ({ ask }, gate, name, ...flags) => {
  const result = await ask([gate], ...flags);
  assert.equal(result.said[name], word, `${result.reasons}\n${result.stdout}${result.stderr}`);
  return result;
};
const [passes, fails, pends, unknown] = ['pass', 'fail', 'pending', 'unknown'].map(asks);

test('checks by name: green, red, under way, missing, and what counts for what', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'checks');
  const { data, sha } = it;
  const gate = { checks: ['build', 'test'] };
  data.runs[sha] = [checkRun('build'), checkRun('test')];
  const passed = await passes(it, gate, 'checks');
  assert.equal(passed.outcome, 'held', 'the freeze holds it');
  assert.match(passed.reasons, /https:\/\/forge\.example\/acme\/tasks\/runs\//, 'with links');
  data.runs[sha] = [checkRun('build'), checkRun('test', { conclusion: 'failure' })];
  const failed = await fails(it, gate, 'checks');
  assert.deepEqual([failed.outcome, failed.code, failed.report.reason], ['rejected', 1, 'gate-failed']);
  data.runs[sha] = [checkRun('build'), checkRun('test', { status: 'in_progress', conclusion: null })];
  assert.equal((await pends(it, gate, 'checks')).outcome, 'held');
  data.runs[sha] = [checkRun('build'), checkRun('tests')];
  const missing = await unknown(it, gate, 'checks');
  assert.deepEqual([missing.outcome, missing.code], ['failed', 1], 'what is missing is no yes, and no green run either');
  assert.match(missing.reasons, /did you mean `tests`/);
  data.runs[sha] = [checkRun('build'), checkRun('test', { conclusion: 'skipped' })];
  await fails(it, gate, 'checks');
  await passes(it, { checks: ['build', { name: 'test', skipped: true }] }, 'checks');
  data.runs[sha] = [checkRun('build')];
  data.statuses[sha] = [status('test', 'pending')];
  await pends(it, gate, 'checks');
  data.statuses[sha] = [status('test', 'success')];
  await passes(it, gate, 'checks');
  await unknown(it, { checks: [{ name: 'test', creator: 'somebody' }] }, 'checks');
  await passes(it, { checks: [{ name: 'test', creator: 'ci' }] }, 'checks');
});

test('its own run, runs again, two apps with one name: nothing old and nobody else counts', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'identity');
  const { data, sha } = it;
  const gate = { checks: ['test'] };
  data.runs[sha] = [checkRun('test', { run: 7, status: 'in_progress', conclusion: null }), checkRun('other')];
  const own = await pends(it, gate, 'checks');
  assert.match(own.reasons, /a job of this very run/, 'a job that waits for itself would wait for ever');
  data.runs[sha] = [checkRun('test', { conclusion: 'failure', started_at: '2026-11-27T09:00:00Z', run: 3 }), checkRun('test', { run: 4 })];
  await passes(it, gate, 'checks');
  data.runs[sha] = [checkRun('test', { run: 4 }), checkRun('test', { status: 'queued', conclusion: null, started_at: null, run: 3 })];
  await pends(it, gate, 'checks');
  data.runs[sha] = [checkRun('test', { conclusion: 'failure' }), checkRun('test', { app: 'stranger', appId: 99 })];
  await fails(it, gate, 'checks');
  await fails(it, { checks: [{ name: 'test', app: 'github-actions' }] }, 'checks');
  await passes(it, { checks: [{ name: 'test', app: 'stranger' }] }, 'checks');
  data.runs[sha] = [checkRun('test', { head_sha: OTHER })];
  await unknown(it, gate, 'checks');
});

test('pages that shift between two reads lose nothing; ten thousand check runs cost as many requests as pages', { timeout: 180_000 }, async (t) => {
  const it = await about(t, 'pages');
  const { data, forge, sha } = it;
  const many = (count) => Array.from({ length: count }, (_, at) => checkRun(`check ${at}`));
  data.runs[sha] = [...many(250), checkRun('test', { conclusion: 'failure' })];
  // The failure stands on the third page, and moves to the first while the second one is read.
  forge.faults = [({ path, count }) => {
    if (path.includes('check-runs') && path.includes('page=2') && count === 1) data.runs[sha].unshift(data.runs[sha].pop());
    return false;
  }];
  await fails(it, { checks: ['check 3', 'test'] }, 'checks');
  const pages = forge.requests.filter(({ path }) => path.includes('check-runs'));
  assert.ok(pages.length > 3, 'it was read again');
  forge.faults = [];
  data.runs[sha] = many(10_000);
  forge.requests.length = 0;
  const names = Array.from({ length: 20 }, (_, at) => ({ name: `gate-${at}`, checks: [`check ${at * 499}`] }));
  const result = await it.ask(names);
  assert.deepEqual(names.map(({ name }) => result.said[name]), names.map(() => 'pass'), result.reasons);
  assert.equal(forge.requests.length, 101, '100 pages of check runs, and one of statuses');
  // An end that never comes is no end.
  forge.faults = [({ path, response }) => {
    if (!path.includes('check-runs')) return false;
    forge.send(response, 200, { total_count: 300, check_runs: data.runs[sha].slice(0, 99).map((it) => ({ head_sha: sha, ...it })) });
    return true;
  }];
  const torn = await unknown(it, { checks: ['check 1'] }, 'checks');
  assert.deepEqual([torn.outcome, torn.report.reason], ['failed', 'forge-torn']);
});

test('after a squash the checks of the head count where the tree is the same, and only there', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'squash', { message: 'A change (#12)' });
  const { data, sha } = it;
  const gate = { checks: ['test'] };
  data.commits[HEAD] = { tree: 'tree-of-the-change' };
  data.runs[HEAD] = [checkRun('test')];
  data.pulls[12] = pull(12, { head: HEAD, mergedAs: sha });
  const passed = await passes(it, gate, 'checks');
  assert.match(passed.reasons, /which has the same tree \(pull request 12\)/);
  data.commits[HEAD] = { tree: 'another-tree' };
  await unknown(it, gate, 'checks');
  data.commits[HEAD] = { tree: 'tree-of-the-change' };
  data.pulls[12] = pull(12, { head: HEAD, mergedAs: OTHER });
  await unknown(it, gate, 'checks');
  // The forge's own index knows better than the message, once it does.
  data.pullsOf[sha] = [pull(3, { head: OTHER, mergedAs: OTHER }), pull(14, { head: HEAD, mergedAs: sha })];
  await passes(it, gate, 'checks');
  // In a queue the commit has its own.
  data.pullsOf[sha] = [];
  data.runs[sha] = [checkRun('test')];
  await passes(it, gate, 'checks');
});

test('the index that lags is waited for, and what has not changed is not sent again', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'lag');
  const { data, forge, sha } = it;
  data.commits[HEAD] = { tree: 'tree-of-the-change' };
  data.runs[HEAD] = [checkRun('test')];
  forge.faults = [({ path, count }) => {
    if (path.includes('/pulls?') && count === 2) data.pullsOf[sha] = [pull(12, { head: HEAD, mergedAs: sha })];
    return false;
  }];
  it.here.config({ image: 'registry.example/acme/tasks', env: { gates: [{ checks: ['test'] }] } });
  // The gates let it go on; there is no such image, so it goes no further than that.
  const waited = await it.here.cd('deploy', '--wait', '30s');
  assert.ok(forge.unchanged > 0, 'asked with what was known');
  const found = waited.report.gates.find((gate) => gate.name === 'checks');
  assert.equal(found.verdict.is, 'pass', JSON.stringify(waited.report.gates));
});

test('reviews: of the commit that is deployed, after its last push, not by its author', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'reviews', { message: 'Merge pull request #12 from acme/change' });
  const { data, sha } = it;
  const gate = { reviews: { approvals: 1 } };
  data.pulls[12] = pull(12, { head: HEAD, mergedAs: sha });
  data.reviews[12] = [review('ben', 'APPROVED', HEAD)];
  await passes(it, gate, 'reviews');
  data.reviews[12] = [review('ben', 'APPROVED', OTHER)];
  const late = await pends(it, gate, 'reviews');
  assert.match(late.reasons, /was pushed since/);
  data.reviews[12] = [review('anna', 'APPROVED', HEAD)];
  await pends(it, gate, 'reviews');
  data.reviews[12] = [review('ben', 'APPROVED', HEAD), review('carl', 'CHANGES_REQUESTED', HEAD)];
  await fails(it, gate, 'reviews');
  data.people = { reader: 'read', stranger: 'none' };
  data.reviews[12] = [review('reader', 'APPROVED', HEAD)];
  await pends(it, gate, 'reviews');
  data.reviews[12] = [review('ben', 'APPROVED', HEAD), review('stranger', 'CHANGES_REQUESTED', HEAD)];
  await passes(it, gate, 'reviews');
  data.commitsOf[12] = [{ sha: HEAD, author: { login: 'ben' }, committer: { login: 'web-flow' } }];
  await pends(it, gate, 'reviews');
  data.commitsOf = {};
  data.reviews[12] = [review('helper[bot]', 'APPROVED', HEAD)];
  await pends(it, gate, 'reviews');
  data.reviews[12] = Array.from({ length: 130 }, () => review('zoe', 'COMMENTED', HEAD)).concat(review('ben', 'APPROVED', HEAD));
  await passes(it, { reviews: { by: ['ben'] } }, 'reviews');
  await pends(it, { reviews: { by: ['dora'] } }, 'reviews');
});

test('approval: by whoever approved this run for this environment, or pressed the button', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'approval');
  const gate = { approval: { by: ['carl'] } };
  const held = await pends(it, gate, 'approval');
  assert.match(held.stdout + held.stderr, /carl/, 'the report says who may');
  it.data.approvals[7] = [{ user: { login: 'carl' }, state: 'approved', environments: [{ name: 'staging' }], comment: '' }];
  await passes(it, gate, 'approval');
  // The same approval, once somebody else has run the job again: it does not say of which attempt it is.
  const first = it.here.env;
  it.here.env = { ...first, GITHUB_RUN_ATTEMPT: '2', GITHUB_TRIGGERING_ACTOR: 'mallory' };
  const later = await pends(it, gate, 'approval');
  assert.match(later.stdout + later.stderr, /this is attempt 2.*none counts/);
  it.here.env = { ...first, GITHUB_RUN_ATTEMPT: '2', GITHUB_TRIGGERING_ACTOR: 'carl' };
  await passes(it, gate, 'approval');
  it.here.env = first;
  it.data.approvals[7] = [{ user: { login: 'dora' }, state: 'approved', environments: [{ name: 'staging' }], comment: '' }];
  await pends(it, gate, 'approval');
  it.here.env = { ...it.here.env, GITHUB_EVENT_NAME: 'workflow_dispatch', GITHUB_TRIGGERING_ACTOR: 'carl' };
  await passes(it, gate, 'approval');
});

test('code scanning: no alert is a yes only where this commit was looked at', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'scanning');
  const gate = { findings: { 'code-scanning': { tool: 'CodeQL' }, level: 'warning' } };
  const { data, sha } = it;
  const none = await unknown(it, gate, 'findings');
  assert.match(none.reasons, /no analysis of/);
  data.analyses = [{ id: 1, commit_sha: OTHER, tool: { name: 'CodeQL' }, error: '' }];
  await unknown(it, gate, 'findings');
  data.analyses = [{ id: 2, commit_sha: sha, tool: { name: 'CodeQL' }, error: 'it broke' }];
  await unknown(it, gate, 'findings');
  data.analyses = [{ id: 2, commit_sha: sha, tool: { name: 'CodeQL' }, error: '' }];
  await passes(it, gate, 'findings');
  const alert = (level, security) => ({ number: 1, tool: { name: 'CodeQL' }, rule: { id: 'js/x', severity: level, security_severity_level: security }, html_url: 'https://forge.example/a/1', most_recent_instance: { message: { text: 'bad' } } });
  data.analyses.push({ id: 3, commit_sha: OTHER, tool: { name: 'CodeQL' }, category: '/language:go', created_at: new Date().toISOString(), error: '' });
  const partly = await unknown(it, gate, 'findings');
  assert.match(partly.reasons, /the category `\/language:go` of CodeQL/);
  data.analyses.pop();
  data.alerts = [alert('note', null)];
  await passes(it, gate, 'findings');
  data.alerts = [alert('note', 'critical')];
  await fails(it, gate, 'findings');
});

test('a branch that has moved on: the older run ends as superseded', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'fresh');
  it.here.config({ image: 'registry.example/acme/tasks', env: { gates: [{ fresh: true }] } });
  it.data.refs['heads/main'] = OTHER;
  const result = await it.here.cd('deploy');
  assert.deepEqual([result.outcome, result.code, result.report.reason], ['superseded', 0, 'newer-on-its-way'], result.stdout + result.stderr);
  it.data.refs['heads/main'] = it.sha;
  await passes(it, { fresh: true }, 'fresh');
  // A tag that was moved while its run was on the way.
  it.here.env = { ...it.here.env, GITHUB_REF: 'refs/tags/v1' };
  it.data.refs['tags/v1'] = it.sha;
  await passes(it, { fresh: true }, 'fresh');
  it.data.refs['tags/v1'] = OTHER;
  await fails(it, { fresh: true }, 'fresh');
});

test('403 names the permission and prints its YAML; 401, 404, limits and broken answers are told, and bounded', { timeout: 300_000 }, async (t) => {
  const it = await about(t, 'refusals');
  const { data, forge, sha } = it;
  const gate = { checks: ['test'] };
  data.runs[sha] = [checkRun('test')];
  const always = (code, body, headers) => [({ path, response }) => {
    if (!path.includes('check-runs')) return false;
    forge.send(response, code, body, headers);
    return true;
  }];
  const first = (times, code, body, headers) => {
    let left = times;
    return [({ path, response }) => {
      if (!path.includes('check-runs') || left === 0) return false;
      left -= 1;
      forge.send(response, code, body, headers);
      return true;
    }];
  };
  forge.faults = always(403, { message: 'Resource not accessible by integration' });
  forge.requests.length = 0;
  const denied = await unknown(it, gate, 'checks');
  assert.equal(denied.report.reason, 'forge-denied');
  assert.match(denied.stdout + denied.stderr, /permissions: \{ contents: read, checks: read, statuses: read, pull-requests: read \}/, 'all that the gate needs, at once');
  assert.equal(forge.requests.filter(({ path }) => path.includes('check-runs')).length, 1, 'a no is not asked again');
  const plan = await it.here.cd('plan');
  assert.deepEqual([plan.outcome, plan.report.reason], ['failed', 'forge-denied'], 'a plan says so, too');
  forge.faults = always(401, { message: 'Bad credentials' });
  const stranger = await unknown(it, gate, 'checks');
  assert.equal(stranger.report.reason, 'forge-token');
  assert.doesNotMatch(stranger.stdout + stranger.stderr, /permissions:/, 'no permission helps a token that is none');
  forge.faults = always(404, { message: 'Not Found' });
  assert.equal((await unknown(it, gate, 'checks')).report.reason, 'forge-missing');
  forge.faults = first(1, 429, { message: 'slow down' }, { 'retry-after': '1' });
  await passes(it, gate, 'checks');
  forge.faults = first(1, 403, { message: 'You have exceeded a secondary rate limit' });
  await passes(it, gate, 'checks');
  forge.faults = always(403, { message: 'API rate limit exceeded' }, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600) });
  const limited = await unknown(it, gate, 'checks');
  assert.equal(limited.report.reason, 'forge-limited');
  forge.faults = first(3, 500, { message: 'oops' });
  await passes(it, gate, 'checks');
  forge.faults = always(500, 'oops');
  forge.requests.length = 0;
  assert.equal((await unknown(it, gate, 'checks')).report.reason, 'forge-unreachable');
  assert.equal(forge.requests.filter(({ path }) => path.includes('check-runs')).length, 5, 'tries have their bound');
  forge.faults = always(200, { total_count: 1, check_runs: [{ name: 'test' }] });
  assert.equal((await unknown(it, gate, 'checks')).report.reason, 'forge-answer');
});

test('slow and cut answers are asked for again', { timeout: 120_000 }, async (t) => {
  const it = await about(t, 'slow');
  const { data, forge, sha } = it;
  data.runs[sha] = [checkRun('test')];
  let left = 2;
  forge.faults = [({ path, response }) => {
    if (!path.includes('check-runs') || left === 0) return false;
    left -= 1;
    if (left === 1) {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' });
      response.write('{"total_count":1,"check_runs":[');
      setTimeout(() => response.destroy(), 50);
    }
    return true; // the second one is never answered
  }];
  const begun = Date.now();
  await passes(it, { checks: ['test'] }, 'checks');
  assert.ok(Date.now() - begun > 15_000, 'it waited for the one that was never answered');
});

test('Enterprise addresses, and Forgejo where it is the same; what it does not have is an error of the plan', { timeout: 120_000 }, async (t) => {
  const enterprise = await about(t, 'ghes', { forge: { root: '/api/v3' } });
  enterprise.data.runs[enterprise.sha] = [checkRun('test')];
  await passes(enterprise, { checks: ['test'] }, 'checks');
  assert.ok(enterprise.forge.requests.every(({ path }) => path.startsWith('/api/v3/repos/acme/tasks/')));

  const forgejo = await about(t, 'forgejo', { forge: { root: '/api/v1', size: 50, links: false } });
  const { data, sha, here } = forgejo;
  here.env = { ...here.env, FORGEJO_ACTIONS: 'true' };
  const { state, ...rest } = status('test');
  data.statuses[sha] = [...Array.from({ length: 60 }, (_, at) => status(`other ${at}`)), { ...rest, status: state }];
  await passes(forgejo, { checks: ['test'] }, 'checks');
  assert.ok(forgejo.forge.requests.every(({ path }) => !path.includes('check-runs')), 'it has none');
  for (const gate of [{ findings: { 'code-scanning': {} } }, { checks: [{ name: 'test', app: 'github-actions' }] }]) {
    here.config({ image: 'registry.example/acme/tasks', env: { gates: [gate] } });
    const plan = await here.cd('plan');
    assert.deepEqual([plan.outcome, plan.code, plan.report.reason], ['failed', 1, 'gate-unsupported'], plan.stdout + plan.stderr);
    const deploy = await here.cd('deploy');
    assert.deepEqual([deploy.outcome, deploy.report.reason], ['failed', 'gate-unsupported']);
  }
  here.env = { GITLAB_CI: 'true', CI_COMMIT_SHA: sha, CI_COMMIT_BRANCH: 'main', CI_PIPELINE_SOURCE: 'push', CI_PROJECT_PATH: 'acme/tasks' };
  here.config({ image: 'registry.example/acme/tasks', env: { gates: [{ checks: ['test'] }] } });
  const gitlab = await here.cd('plan');
  assert.deepEqual([gitlab.outcome, gitlab.report.reason], ['failed', 'gate-unsupported'], gitlab.stdout + gitlab.stderr);
});

test('the token goes to the forge and nowhere else', { timeout: 60_000 }, async (t) => {
  const it = await about(t, 'token');
  const { data, forge, here, sha } = it;
  data.runs[sha] = [checkRun('test')];
  const elsewhere = await startForge();
  t.after(() => elsewhere.end());
  forge.faults = [({ path, response }) => {
    if (!path.includes('check-runs')) return false;
    response.writeHead(302, { location: `${elsewhere.url}/repos/acme/tasks/x` });
    response.end();
    return true;
  }];
  await unknown(it, { checks: ['test'] }, 'checks');
  assert.deepEqual(elsewhere.requests, []);
  here.env = { ...here.env, GITHUB_API_URL: 'http://forge.example/api' };
  const plain = await it.here.cd('deploy');
  assert.match(JSON.stringify(plain.report.gates), /https addresses only/);
  const journals = here.journals().flat();
  assert.doesNotMatch(JSON.stringify(journals), /ghs_a-token-of-the-job/);
  assert.doesNotMatch(readFileSync(here.reports().at(-1).path, 'utf8'), /ghs_a-token/);
});
