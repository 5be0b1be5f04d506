// Searching for secrets: the forms a value may take, the command lines of all processes, the files of a folder.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every form of a value that is searched for, by its name. */
function formsOf(value) {
  const bytes = Buffer.from(value);
  const core = (shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').replace(/=+$/, '');
    return encoded.slice(shift === 0 ? 0 : shift + 1, Math.floor(((shift + bytes.length) * 8) / 6));
  };
  const url = (text) => text.replaceAll('+', '-').replaceAll('/', '_');
  const json = JSON.stringify(value).slice(1, -1);
  const forms = {
    raw: value,
    trimmed: value.trim(),
    json,
    'json in json': JSON.stringify(json).slice(1, -1),
    hex: bytes.toString('hex'),
    HEX: bytes.toString('hex').toUpperCase(),
    'URL component': encodeURIComponent(value),
    'URL form': new URLSearchParams({ '': value }).toString().slice(1),
  };
  for (const shift of [0, 1, 2]) {
    forms[`base64+${shift}`] = core(shift);
    forms[`base64url+${shift}`] = url(core(shift));
  }
  return forms;
}

/** `{ needle, what }` for each secret and each of its lines. */
export function needlesOf(secrets) {
  const needles = [];
  for (const [name, value] of Object.entries(secrets)) {
    for (const [form, needle] of Object.entries(formsOf(value))) needles.push({ what: `${name} (${form})`, needle });
    const lines = value.split('\n').filter((line) => line.length >= 8);
    if (lines.length < 2) continue;
    lines.forEach((line, at) => {
      for (const [form, needle] of Object.entries(formsOf(line))) needles.push({ what: `${name}, line ${at + 1} (${form})`, needle });
    });
  }
  // Many forms of a plain value are the same.
  return [...new Map(needles.map((it) => [it.needle, it])).values()];
}

/** What of the needles is in the haystack, a Buffer or a text. */
export function found(needles, haystack) {
  const text = Buffer.isBuffer(haystack) ? haystack.toString('latin1') : Buffer.from(haystack).toString('latin1');
  return needles.filter(({ needle }) => text.includes(Buffer.from(needle).toString('latin1'))).map(({ what }) => what);
}

/** The paths of all files below a folder. */
export function filesUnder(dir) {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return filesUnder(path);
    return entry.isFile() ? [path] : [];
  });
}

/** Notes the command line of every process of the machine, again and again, until `stop`. */
export function watchCommandLines() {
  const seen = new Set();
  const look = () => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      try { seen.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1')); } catch { /* it has ended */ }
    }
  };
  // A test that fails does not stop it.
  const timer = setInterval(look, 10).unref();
  return { seen, stop: () => clearInterval(timer) };
}
