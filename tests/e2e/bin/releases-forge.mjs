// A forge's interface for git tags and releases, as GitHub and as Gitea have it: `releases-forge.mjs FOLDER KIND TOKEN`.
//
// It does what they do: a draft puts no git tag, publishing it does, at the commit that it names; a file is not sent twice under one
// name; whoever has no token sees no draft and changes nothing. FOLDER/state.json is all that it knows.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [, , folder, kind, token] = process.argv;
const file = join(folder, 'state.json');
const read = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { next: 1, tags: {}, releases: [] });
const write = (state) => writeFileSync(file, JSON.stringify(state, null, 2));

const server = createServer((asked, answer) => {
  const chunks = [];
  asked.on('data', (chunk) => chunks.push(chunk));
  asked.on('end', () => {
    const { status, body } = respond(asked, Buffer.concat(chunks));
    const text = typeof body === 'string' ? body : JSON.stringify(body ?? {});
    answer.writeHead(status, { 'content-type': 'application/json' });
    answer.end(status === 204 ? undefined : text);
  });
});
server.listen(0, '127.0.0.1', () => writeFileSync(join(folder, 'port'), String(server.address().port)));

const missing = { status: 404, body: { message: 'Not Found' } };

function respond({ method, url, headers }, bytes) {
  const { pathname, searchParams } = new URL(url, `http://${headers.host}`);
  const path = decodeURIComponent(pathname).replace(/^\/repos\/[^/]+\/[^/]+/, '');
  const writer = headers.authorization === `Bearer ${token}`;
  const state = read();
  const found = (method === 'GET' ? reading : writing)(state, path, { method, writer, bytes, headers, name: searchParams.get('name') });
  if (method !== 'GET' && found.status < 300) write(state);
  return found;
}

function reading(state, path, { writer, headers }) {
  const seen = state.releases.filter((it) => writer || !it.draft).map((it) => shown(it, headers.host));
  const tag = /^\/(?:commits\/)?tags\/(.+)$/.exec(path)?.[1];
  if (tag !== undefined) {
    const sha = state.tags[tag];
    if (path.startsWith('/commits/') !== (kind === 'github')) return missing;
    if (kind === 'github') return sha ? { status: 200, body: sha } : { status: 422, body: { message: `No commit found for SHA: tags/${tag}` } };
    return sha ? { status: 200, body: { name: tag, commit: { sha } } } : missing;
  }
  const of = /^\/releases\/tags\/(.+)$/.exec(path)?.[1];
  if (of !== undefined) {
    const release = seen.find((it) => it.tag_name === of && !it.draft);
    return release ? { status: 200, body: release } : missing;
  }
  const id = Number(/^\/releases\/(\d+)$/.exec(path)?.[1]);
  const one = seen.find((it) => it.id === id);
  if (one) return { status: 200, body: one };
  return path === '/releases' ? { status: 200, body: seen.toReversed() } : missing;
}

function writing(state, path, { method, writer, bytes, name }) {
  if (!writer) return { status: 403, body: { message: 'Resource not accessible by integration' } };
  if (method === 'POST' && path === '/releases') {
    const release = { id: state.next++, assets: [], ...JSON.parse(bytes.toString()) };
    state.releases.push(release);
    return { status: 201, body: release };
  }
  const [, id, rest] = /^\/releases\/(\d+)(.*)$/.exec(path) ?? [];
  const release = state.releases.find((it) => it.id === Number(id));
  if (method === 'POST' && rest === '/assets' && release) {
    if (release.assets.some((asset) => asset.name === name)) return { status: 422, body: { message: 'Validation Failed' } };
    const asset = { id: state.next++, name, size: bytes.length, state: 'uploaded', sha256: createHash('sha256').update(bytes).digest('hex') };
    release.assets.push(asset);
    return { status: 201, body: asset };
  }
  if (method === 'DELETE') {
    const asset = Number(/(\d+)$/.exec(path)?.[1]);
    for (const it of state.releases) it.assets = it.assets.filter((one) => one.id !== asset);
    return { status: 204 };
  }
  if (method !== 'PATCH' || !release) return missing;
  Object.assign(release, JSON.parse(bytes.toString()));
  if (!release.draft) state.tags[release.tag_name] ??= release.target_commitish;
  return { status: 200, body: release };
}

/** Only GitHub tells a file's hash. */
function shown(release, host) {
  const own = `http://${host}/repos/acme/tasks/releases/${release.id}`;
  const assets = release.assets.map(({ sha256, ...asset }) => (kind === 'github' ? { ...asset, digest: `sha256:${sha256}` } : { ...asset, state: undefined }));
  const upload = kind === 'github' ? { upload_url: `${own}/assets{?name,label}` } : {};
  return { ...release, assets, html_url: `http://${host}/acme/tasks/releases/tag/${release.tag_name}`, ...upload };
}
