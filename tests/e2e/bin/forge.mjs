// A forge with bad days: an HTTP server on this machine that answers as GitHub's interface does (and Forgejo's, where it is the
// same), from data that a test changes between two requests. Pages, sums, links, entity tags and limits are as there.

import { createServer } from 'node:http';

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENV } from '../lib.mjs';

export const TOKEN = 'ghs_a-token-of-the-job';

/** What a check run looks like; its defaults are a success of GitHub's own app. */
export function checkRun(name, more = {}) {
  const { app = 'github-actions', appId = 15368, run = 5, ...rest } = more;
  return {
    id: ++ids, name, status: 'completed', conclusion: 'success', started_at: '2026-11-27T10:00:00Z',
    details_url: `https://forge.example/acme/tasks/actions/runs/${run}/job/${ids}`, html_url: `https://forge.example/acme/tasks/runs/${ids}`,
    app: { id: appId, slug: app }, ...rest,
  };
}

/** What a commit status looks like. */
export const status = (context, state = 'success', more = {}) => ({ id: ++ids, context, state, creator: { login: 'ci' }, updated_at: '2026-11-27T10:00:00Z', target_url: 'https://ci.example/1', ...more });

/** What a pull request looks like. */
export const pull = (number, { head, mergedAs = null, author = 'anna' }) => ({
  number, state: mergedAs === null ? 'open' : 'closed', user: { login: author }, head: { sha: head }, base: { ref: 'main' }, merged: mergedAs !== null, merged_at: mergedAs && '2026-11-27T10:00:00Z', merge_commit_sha: mergedAs,
  html_url: `https://forge.example/acme/tasks/pull/${number}`,
});

/** What a review looks like. */
export const review = (user, state, commit, more = {}) => ({ id: ++ids, user: { login: user }, state, commit_id: commit, submitted_at: '2026-11-27T10:00:00Z', html_url: `https://forge.example/r/${ids}`, ...more });

let ids = 100;

/**
 * Starts one: `{ url, data, requests, faults, end() }`. `data` is what it knows; a fault is a function of the request's path and of how
 * often that was asked, which may answer by itself (`true`) or change what is known meanwhile.
 */
export async function startForge({ root = '', size = 100, links = true } = {}) {
  const data = { runs: {}, statuses: {}, commits: {}, pulls: {}, pullsOf: {}, reviews: {}, people: {}, commitsOf: {}, approvals: {}, analyses: [], alerts: [], refs: {}, deployments: [] };
  const it = { data, requests: [], faults: [], unchanged: 0 };
  const counts = {};
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => answer(request, response, body));
  });

  function answer(request, response, body) {
    const url = new URL(request.url, 'http://forge');
    const path = url.pathname + url.search;
    counts[path] = (counts[path] ?? 0) + 1;
    it.requests.push({ method: request.method, path, body: body && JSON.parse(body), headers: request.headers });
    for (const fault of it.faults) if (fault({ path, count: counts[path], request, response, url })) return;
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return send(response, 401, { message: 'Bad credentials' });
    const prefix = `${root}/repos/acme/tasks`;
    if (!url.pathname.startsWith(prefix)) return send(response, 404, { message: 'Not Found' });
    const found = find(request, decodeURIComponent(url.pathname.slice(prefix.length)), url, body);
    if (found === undefined) return send(response, 404, { message: 'Not Found' });
    const text = JSON.stringify(found.body ?? found);
    const etag = `"${hash(text)}"`;
    if (request.headers['if-none-match'] === etag) {
      it.unchanged += 1;
      response.writeHead(304, { etag });
      return response.end();
    }
    send(response, found.code ?? 200, text, { etag, ...(found.link ? { link: found.link } : {}) });
  }

  /** A page of a list, with the link to the next one. */
  function paged(list, url) {
    const page = Number(url.searchParams.get('page') ?? 1);
    const next = page * size < list.length;
    const there = new URL(url);
    there.searchParams.set('page', String(page + 1));
    return { items: list.slice((page - 1) * size, page * size), link: next && links ? `<${there}>; rel="next", <${there}>; rel="last"` : undefined };
  }

  function find(request, path, url, body) {
    const [, kind, name, what] = /^\/([a-z-]+)\/(.+?)(?:\/(check-runs|status|pulls?|reviews|approvals|statuses|commits|permission))?$/.exec(path) ?? [];
    if (request.method === 'POST' && path === '/deployments') {
      const made = { id: 4000 + data.deployments.length, ...JSON.parse(body), statuses: [] };
      data.deployments.push(made);
      return { code: 201, body: made };
    }
    if (kind === 'deployments' && what === 'statuses') {
      const made = data.deployments.find((it) => String(it.id) === name);
      if (request.method === 'GET') return made && { body: made.statuses.toReversed() };
      made?.statuses.push({ id: ++ids, ...JSON.parse(body) });
      return made && { code: 201, body: { id: ids } };
    }
    if (path === '/deployments') {
      const wanted = url.searchParams.get('environment');
      const list = data.deployments.filter(({ environment }) => !wanted || environment === wanted);
      return { body: list.map(({ statuses, ...it }) => it).toReversed() };
    }
    if (kind === 'commits' && what === 'check-runs') {
      if (!data.commits[name]) return undefined;
      const list = (data.runs[name] ?? []).map((run) => ({ head_sha: name, ...run }));
      const { items, link } = paged(list, url);
      return { body: { total_count: list.length, check_runs: items }, link };
    }
    if (kind === 'commits' && what === 'status') {
      if (!data.commits[name]) return undefined;
      const list = data.statuses[name] ?? [];
      const { items, link } = paged(list, url);
      // GitHub does not say who reported them; Gitea does, and gives the sum of the page alone.
      const shown = links ? items.map(({ creator, ...it }) => it) : items;
      return { body: { state: 'pending', sha: name, total_count: links ? list.length : items.length, statuses: shown }, link };
    }
    if (kind === 'commits' && what === 'statuses') {
      const { items, link } = paged(data.statuses[name] ?? [], url);
      return { body: items, link };
    }
    if (kind === 'collaborators') return { permission: data.people[name] ?? 'write' };
    if (kind === 'pulls' && what === 'commits') {
      const author = (data.pulls[name] ?? Object.values(data.pullsOf).flat().find(({ number }) => String(number) === name))?.user;
      return { body: data.commitsOf[name] ?? [{ sha: 'a'.repeat(40), author, committer: { login: 'web-flow' } }] };
    }
    if (kind === 'commits' && what === 'pulls') return { body: data.pullsOf[name] ?? [] };
    if (kind === 'commits' && what === 'pull') return data.pullsOf[name]?.[0];
    if (kind === 'commits') return data.refs[name] && { sha: data.refs[name] };
    if (kind === 'branches') return data.refs[`heads/${name}`] && { name, commit: { id: data.refs[`heads/${name}`] } };
    if (path.startsWith('/git/commits/')) {
      const commit = data.commits[path.slice('/git/commits/'.length)];
      return commit && { tree: { sha: commit.tree }, message: commit.message ?? 'a commit' };
    }
    if (kind === 'pulls' && what === 'reviews') {
      const { items, link } = paged(data.reviews[name] ?? [], url);
      return { body: items, link };
    }
    if (kind === 'pulls') return data.pulls[name];
    if (path.startsWith('/actions/runs/')) return { body: data.approvals[path.split('/')[3]] ?? [] };
    if (path === '/code-scanning/analyses') return { body: data.analyses };
    if (path === '/code-scanning/alerts') {
      const { items, link } = paged(data.alerts, url);
      return { body: items, link };
    }
    return undefined;
  }

  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  it.url = `http://127.0.0.1:${server.address().port}${root}`;
  it.end = () => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });
  it.send = send;
  return it;
}

function send(response, code, body, headers = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(code, { 'content-type': 'application/json', ...headers });
  response.end(text);
}

function hash(text) {
  let sum = 5381;
  for (let at = 0; at < text.length; at += 1) sum = (sum * 33 + text.charCodeAt(at)) >>> 0;
  return sum.toString(16);
}

/** A place whose working tree is a commit of a repository, asked about at a forge: `{ sha, ask(gates, more) }`. */
export function commitAt(here, forge, { message = 'a change' } = {}) {
  const git = (...args) => execFileSync('git', ['-C', here.dir, '-c', 'user.name=anna', '-c', 'user.email=anna@example.org', ...args], { env: ENV, encoding: 'utf8' }).trim();
  writeFileSync(join(here.dir, '.gitignore'), '*\n');
  git('init', '-q', '-b', 'main');
  git('add', '-f', '.gitignore');
  git('commit', '-qm', message);
  const sha = git('rev-parse', 'HEAD');
  if (forge) {
    forge.data.commits[sha] = { tree: 'tree-of-the-change', message };
    forge.data.refs['heads/main'] = sha;
  }
  here.env = {
    ...here.env, GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'anna', GITHUB_API_URL: forge?.url ?? 'http://127.0.0.1:9', GITHUB_EVENT_NAME: 'push', GITHUB_REF: 'refs/heads/main',
    GITHUB_REPOSITORY: 'acme/tasks', GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1', GITHUB_SERVER_URL: 'https://forge.example', GITHUB_SHA: sha, GITHUB_TOKEN: TOKEN, CI: 'true',
  };
  return { sha, git };
}
