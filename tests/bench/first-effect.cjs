// Loaded into the command line before it: notes the moment of its first effect, which is to open the configuration.
const fs = require('node:fs');
const { openSync, writeSync } = fs;
fs.openSync = (path, ...rest) => {
  if (path === process.env.BENCH_CONFIG) writeSync(2, `first effect at ${process.hrtime.bigint()}\n`);
  return openSync(path, ...rest);
};
