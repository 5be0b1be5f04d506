// Users with a cookie jar each, who come about once a second: users.mjs URL JARS [STOP]
// One request of each, or until there is a file STOP. The jars are read from JARS and written there; what users got is told on
// standard output, a line a request: {"t", "end", "user", "version", "status", "drawn"}, the last one being the cookie that was set.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';

const [url, jars, stop] = process.argv.slice(2);
const users = JSON.parse(readFileSync(jars, 'utf8'));
const agent = new Agent({ keepAlive: true, maxSockets: 40 });
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

function ask(cookies) {
  return new Promise((resolve) => {
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join('; ');
    const request = get(url, { agent, timeout: 10_000, headers: cookie === '' ? {} : { cookie } }, (answer) => {
      let text = '';
      answer.on('data', (data) => { text += data; });
      answer.on('end', () => {
        let version = null;
        try { version = JSON.parse(text).version ?? null; } catch { /* no answer of the service */ }
        resolve({ version, status: answer.statusCode, set: answer.headers['set-cookie'] ?? [] });
      });
      answer.on('error', () => resolve({ version: null, status: 0, set: [] }));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve({ version: null, status: 0, set: [] }));
  });
}

async function comes(user) {
  const t = Date.now();
  const { version, status, set } = await ask(users[user]);
  const drawn = set.length > 0 ? set.join('; ') : null;
  for (const line of set) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
    users[user][name] = value;
  }
  process.stdout.write(`${JSON.stringify({ t, end: Date.now(), user, version, status, drawn })}\n`);
}

async function lives(user) {
  await sleep(Math.random() * 1000);
  while (!existsSync(stop)) {
    await comes(user);
    await sleep(500 + Math.random() * 1000);
  }
}

const all = users.map((_, user) => user);
if (stop) {
  await Promise.all(all.map(lives));
} else {
  while (all.length > 0) await Promise.all(all.splice(0, 20).map(comes));
}
writeFileSync(jars, JSON.stringify(users));
agent.destroy();
