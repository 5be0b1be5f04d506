// A run that is killed at any call that changes something costs no user anything, and the next run puts things right.
// The counting docker (bin/docker) does the killing; KILLS=all kills everywhere and in every way.

import test from 'node:test';

import { image } from './lib.mjs';
import { killEverywhere } from './bin/killing.mjs';

test('a deploy that is killed at any call fails no request, and the next run ends in a final state', async (t) => {
  await killEverywhere(t, {
    name: 'killdeploy',
    of: 'deploy, `blue-green`',
    underLoad: true,
    seed: 1,
    command: (_, to) => ['deploy', '--image', image(to)],
  });
});

test('a rollback that is killed at any call fails no request, and the next run ends in a final state', async (t) => {
  await killEverywhere(t, {
    name: 'killback',
    of: '`rollback`',
    underLoad: true,
    seed: 2,
    command: (_, to) => ['rollback', '--version', to],
  });
});
