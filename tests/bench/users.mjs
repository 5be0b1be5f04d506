// Users who come at a fixed rate, each on a new connection, and ask the name service again each time where there is one:
//   users.mjs URL RATE [NAME-SERVER]
// At SIGTERM it prints one JSON document: sent, failed, longest_outage_ms.

import { Resolver } from 'node:dns';
import { request } from 'node:http';

const [url, rate, server] = process.argv.slice(2);
const TIMEOUT = 10_000;
const resolver = new Resolver({ timeout: 1000, tries: 2 });
if (server) resolver.setServers([server]);
const records = [];
let open = 0;
let over = false;
let sent = 0;

process.on('SIGTERM', () => { over = true; finish(); });
const begun = performance.now();
const timer = setInterval(() => {
  while (!over && begun + (sent * 1000) / Number(rate) <= performance.now()) {
    const due = (sent * 1000) / Number(rate);
    sent += 1;
    open += 1;
    ask((good) => {
      records.push({ due, good });
      open -= 1;
      finish();
    });
  }
}, 2);

function ask(done) {
  let answered = false;
  const end = (good) => {
    if (answered) return;
    answered = true;
    clearTimeout(late);
    done(good);
  };
  const sending = request(url, { agent: false, ...(server ? { lookup } : {}) }, (answer) => {
    answer.on('data', () => {});
    answer.on('end', () => end(answer.complete && answer.statusCode < 400));
    answer.on('error', () => end(false));
  });
  const late = setTimeout(() => { end(false); sending.destroy(); }, TIMEOUT);
  sending.on('error', () => end(false));
  sending.end();
}

/** One of the addresses that the name has now. */
function lookup(name, { all }, callback) {
  resolver.resolve4(name, (error, addresses) => {
    if (error) return callback(error);
    const address = addresses[Math.floor(Math.random() * addresses.length)];
    return all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4);
  });
}

function finish() {
  if (!over || open > 0) return;
  clearInterval(timer);
  records.sort((a, b) => a.due - b.due);
  let [longest, since] = [0, null];
  for (const { due, good } of records) {
    if (!good) since ??= due;
    if (since !== null) longest = Math.max(longest, due - since);
    if (good) since = null;
  }
  const failed = records.filter(({ good }) => !good).length;
  process.stdout.write(`${JSON.stringify({ sent: records.length, failed, longest_outage_ms: Math.round(longest) })}\n`, () => process.exit());
}
