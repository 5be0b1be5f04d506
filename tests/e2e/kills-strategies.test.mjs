// A canary and a rolling deploy that are killed at calls which change something: thirty in all by a fixed seed, KILLS=all at
// every one and in every way. Users notice nothing, and the next run puts things right.

import test from 'node:test';

import { image } from './lib.mjs';
import { killEverywhere } from './bin/killing.mjs';

const deploy = { underLoad: true, sample: 15, command: (_, to) => ['deploy', '--image', image(to)] };

test('a rolling deploy that is killed at any call fails no request, and the next run ends in a final state', async (t) => {
  // Two waves show what every further one does; where every call is killed there are three all the same.
  const all = process.env.KILLS !== undefined;
  const config = { run: { replicas: all ? 3 : 2 } };
  await killEverywhere(t, { ...deploy, name: 'killrolling', of: `deploy, \`rolling\`, ${all ? 'three' : 'two'} instances`, seed: 6, config, env: { strategy: { rolling: { pause: '0s' } } } });
});

test('a canary that is killed at any call fails no request, and the next run ends in a final state', async (t) => {
  const strategy = { canary: { steps: [25, 50, 100], pause: '0s' } };
  await killEverywhere(t, { ...deploy, name: 'killcanary', of: 'deploy, `canary`, 25, 50 and 100 %', seed: 7, env: { strategy } });
});
