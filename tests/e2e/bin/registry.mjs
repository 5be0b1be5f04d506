// A registry in front of the registry, which can have bad days. It runs in the engine's network; `registry.mjs FOLDER [PORT]`.
// With PORT it stands in front of that server instead, such as an index of packages.
//
// FOLDER/plan.json says how, and is read anew for each request:
//   tls     { key, cert }: it is spoken to by HTTPS (read once)
//   auth    { kind: "basic" | "token", user, password }: who may come in
//   rules   [{ method, path, times, then }]: the first that fits and is not used up. `then` is
//             { status, headers, body }   this is the answer
//             { cut: BYTES }        the connection is cut once so much of the request is through
//             { wait: MS }          it takes so long
//             { hold: NAME, after } FOLDER/held-NAME comes to be, and nothing more happens; `after`: the registry has done it
// FOLDER/requests gets a line a request: METHOD PATH STATUS.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { join } from 'node:path';

const folder = process.argv[2];
const [, , , port] = process.argv;
const UPSTREAM = { host: '127.0.0.1', port: Number(port ?? 5000) };
const TOKEN = `token-${process.pid}-that-nobody-guesses`;
const used = new Map();

const plan = () => JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'));
const note = ({ method, url }, status) => appendFileSync(join(folder, 'requests'), `${method} ${url} ${status}\n`);

const { tls } = plan();
const serve = tls ? (work) => createTlsServer(tls, work) : createServer;
const server = serve((asked, answer) => {
  const { auth, rules = [] } = plan();
  const refused = auth && refusal(asked, auth);
  if (refused) return end(asked, answer, refused);
  const at = rules.findIndex((it, index) => fits(asked, it) && (used.get(key(it, index)) ?? 0) < (it.times ?? 1));
  const then = at < 0 ? {} : rules[at].then;
  if (at >= 0) used.set(key(rules[at], at), (used.get(key(rules[at], at)) ?? 0) + 1);
  if (then.status) return end(asked, answer, { status: then.status, headers: then.headers ?? {}, body: then.body });
  if (then.cut !== undefined) return cut(asked, then.cut);
  if (then.hold && !then.after) return hold(asked, then.hold);
  setTimeout(() => pass(asked, answer, then), then.wait ?? 0);
});
server.listen(0, '127.0.0.1', () => writeFileSync(join(folder, 'port'), String(server.address().port)));

const key = (rule, index) => `${index} ${JSON.stringify(rule)}`;
const fits = ({ method, url }, rule) => (rule.method ?? method) === method && new RegExp(rule.path ?? '').test(url);

function refusal({ headers, url }, { kind, user, password }) {
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const here = `http://${headers.host}`;
  if (url.startsWith('/token')) {
    if (headers.authorization !== basic) return { status: 401, headers: {} };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: TOKEN }) };
  }
  const known = kind === 'basic' ? basic : `Bearer ${TOKEN}`;
  if (headers.authorization === known) return null;
  const challenge = kind === 'basic' ? 'Basic realm="tests"' : `Bearer realm="${here}/token",service="tests"`;
  return { status: 401, headers: { 'www-authenticate': challenge } };
}

function end(asked, answer, { status, headers, body = '' }) {
  note(asked, status);
  asked.resume();
  answer.writeHead(status, { ...headers, 'docker-distribution-api-version': 'registry/2.0' });
  answer.end(body);
}

function cut(asked, bytes) {
  let seen = 0;
  note(asked, 'cut');
  if (bytes === 0) return asked.socket.destroy();
  asked.on('data', (chunk) => {
    seen += chunk.length;
    if (seen >= bytes) asked.socket.destroy();
  });
  asked.on('end', () => asked.socket.destroy());
}

function hold(asked, name) {
  note(asked, `held-${name}`);
  writeFileSync(join(folder, `held-${name}`), '');
}

function pass(asked, answer, then) {
  // The tests' registry asks nobody who they are.
  const { authorization, ...rest } = asked.headers;
  const headers = port ? asked.headers : rest;
  const onward = request({ ...UPSTREAM, method: asked.method, path: asked.url, headers }, (came) => {
    if (then.hold) {
      came.resume();
      return came.on('end', () => hold(asked, then.hold));
    }
    note(asked, came.statusCode);
    answer.writeHead(came.statusCode, came.headers);
    came.pipe(answer);
  });
  onward.on('error', () => asked.socket.destroy());
  asked.on('error', () => onward.destroy());
  asked.pipe(onward);
}
