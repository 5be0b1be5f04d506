// Loaded into a process before it: whoever reaches for the network ends it.
const refuse = (what) => () => {
  process._rawDebug(`NETWORK: ${what}`);
  process.exit(99);
};
const modules = {
  net: ['connect', 'createConnection'],
  tls: ['connect'],
  http: ['request', 'get'],
  https: ['request', 'get'],
  http2: ['connect'],
  dgram: ['createSocket'],
  dns: ['lookup', 'resolve', 'resolve4', 'resolve6'],
};
for (const [name, functions] of Object.entries(modules)) {
  const module = require(`node:${name}`);
  for (const each of functions) module[each] = refuse(`${name}.${each}`);
}
require('node:net').Socket.prototype.connect = refuse('Socket.connect');
globalThis.fetch = refuse('fetch');
