// The same where there is nobody to spare: a strategy that interrupts, and a first deploy.

import test from 'node:test';

import { image } from './lib.mjs';
import { killEverywhere, killFirstDeploys } from './bin/killing.mjs';

test('a deploy that replaces the old version is put right by the next run wherever it was killed', async (t) => {
  await killEverywhere(t, {
    name: 'killrecreate',
    of: 'deploy, `recreate`',
    env: { strategy: 'recreate' },
    underLoad: false,
    seed: 3,
    share: 0.5,
    command: (_, to) => ['deploy', '--image', image(to)],
  });
});

test('a first deploy is done again by the next run wherever it was killed', async (t) => {
  await killFirstDeploys(t, { name: 'killfirst', of: 'a first deploy', seed: 4, share: 0.4 });
});
