// A worker's deploys that are killed: six calls of each strategy by a fixed seed, KILLS=all at every one and in every way. The next
// run puts things right.

import test from 'node:test';

import { image } from './lib.mjs';
import { killEverywhere } from './bin/killing.mjs';

const deploy = { worker: true, underLoad: false, sample: 6, command: (_, to) => ['deploy', '--image', image(to)] };

test('a worker that replaces another is put right by the next run wherever its deploy was killed', async (t) => {
  await killEverywhere(t, { ...deploy, name: 'killworker', of: 'deploy of a worker, `recreate`', seed: 8 });
});

test('a rolling deploy of workers is put right by the next run wherever it was killed', async (t) => {
  const config = { run: { replicas: 2 } };
  await killEverywhere(t, { ...deploy, name: 'killworkers', of: 'deploy of workers, `rolling`, two instances', seed: 9, config, env: { strategy: { rolling: { pause: '0s' } } } });
});
