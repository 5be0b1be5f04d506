// Questions on stdin, answers on stdout, by a page in a headless Chromium: browser.mjs FOLDER CHROMIUM
//
// The folder is served as it is, on loopback. The page may load nothing from elsewhere: its policy says so, and the browser resolves
// no name. What was asked for is the last line on stderr.
import { spawn } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

const DEADLINE = 120_000;
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; img-src data:";
// No type for .wasm, as on many a server.
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript' };

const [folder, chromium] = process.argv.slice(2);
const questions = readFileSync(0, 'utf8');
const asked = new Set();
let resolve;
let reject;
const settled = new Promise((...both) => { [resolve, reject] = both; });

const server = createServer((request, response) => {
  const path = request.url === '/' ? '/page.html' : request.url;
  asked.add(path);
  response.setHeader('Content-Security-Policy', POLICY);
  if (request.method === 'POST') return take(request, response, path);
  if (path === '/questions') return response.end(questions);
  response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
  createReadStream(join(folder, new URL(path, 'http://page').pathname))
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
});

function take(request, response, path) {
  let body = '';
  request.setEncoding('utf8').on('data', (data) => { body += data; }).on('end', () => {
    response.end();
    if (path === '/answers') resolve(body);
    else reject(new Error(`the page: ${body}`));
  });
}

await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
const profile = mkdtempSync(join(tmpdir(), 'cd-action-browser-'));
const browser = spawn(chromium, [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', `--user-data-dir=${profile}`,
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1', `http://127.0.0.1:${server.address().port}/`,
], { detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
let said = '';
browser.stderr.on('data', (data) => { said += data; });
const gone = new Promise((ended) => browser.on('close', ended).on('error', ended));
const fail = (why) => reject(new Error(`${why}\n${said.slice(-2000)}`));
gone.then(() => fail('the browser ended'));
const timer = setTimeout(() => fail(`no answer in ${DEADLINE / 1000} s`), DEADLINE);

try {
  process.stdout.write(await settled);
  process.stderr.write(`${JSON.stringify([...asked].sort())}\n`);
} finally {
  clearTimeout(timer);
  // Its whole group: a browser is many processes.
  try { process.kill(-browser.pid, 'SIGKILL'); } catch { /* it has ended */ }
  await gone;
  server.closeAllConnections();
  server.close();
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
