// A client that stays: long-client.mjs socket URL | download URL LINES MS. It runs where the engine's ports are, and
// writes what happens to it, a JSON document a line.
//   socket    a WebSocket that sends a number ten times a second, until it is closed
//   download  tests/demo/service's `/download`, read as it comes, and compared with what it must be

const say = (what) => process.stdout.write(`${JSON.stringify({ at: Date.now(), ...what })}\n`);

function socket(url) {
  const it = new WebSocket(`${url.replace(/^http/, 'ws')}/socket`);
  let [sent, timer] = [0, null];
  it.onopen = () => {
    say({ open: true });
    timer = setInterval(() => it.send(String(++sent)), 100);
  };
  it.onmessage = ({ data }) => {
    const [version, echo] = data.split(' ');
    say({ version, echo: Number(echo) });
  };
  it.onclose = ({ code, wasClean }) => {
    clearInterval(timer);
    say({ closed: code, clean: wasClean, sent });
  };
}

async function download(url, lines, ms) {
  const answer = await fetch(`${url}/download?lines=${lines}&ms=${ms}`);
  say({ status: answer.status, version: answer.headers.get('x-version') });
  const pieces = [];
  try {
    for await (const piece of answer.body) pieces.push(piece);
  } catch (error) {
    say({ cut: String(error.cause ?? error) });
  }
  const body = Buffer.concat(pieces).toString();
  const right = Array.from({ length: Number(lines) }, (_, nth) => `${String(nth).padStart(15, '0')}\n`).join('');
  say({ bytes: body.length, whole: body === right, begins: right.startsWith(body) });
}

const [what, url, ...more] = process.argv.slice(2);
if (what === 'socket') socket(url);
else await download(url, ...more);
