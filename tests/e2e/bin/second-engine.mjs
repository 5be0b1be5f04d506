// A second engine, for an environment on another host: in a network of its own, from which nothing but one port of the first
// one's network can be reached, the registry's.

import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENV, ROOT, run, until } from '../lib.mjs';

const PARTS = join(ROOT, 'tests', 'parts');

/**
 * Brings it up: `{ env, docker(…), exec, end() }`. `port` is what of the first network can be reached; `images` are given to it
 * by hand.
 */
export async function secondEngine({ port, images = [] }) {
  const folder = join(ENV.CD_PARTS, `second-${process.pid}`);
  for (const name of ['run', 'log', 'bin', 'engine', 'docker-config', 'node24/bin']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, '.made-by-cd-action-parts'), '');
  writeFileSync(join(folder, 'run', 'netns'), '');
  const env = { ...ENV, CD_PARTS: folder, DOCKER_HOST: `unix://${folder}/docker.sock`, DOCKER_CONFIG: join(folder, 'docker-config') };
  const must = async (argv, options) => {
    const done = await run(argv, { env, ...options });
    if (done.code !== 0) throw new Error(`${argv.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
  };
  await must(['unshare', `--net=${folder}/run/netns`, '--', 'ip', 'link', 'set', 'lo', 'up']);
  copyFileSync(ENV.CD_NODE, join(folder, 'node24', 'bin', 'node'));
  writeFileSync(join(folder, 'env'), `export DOCKER_HOST='${env.DOCKER_HOST}'\nexport DOCKER_CONFIG='${env.DOCKER_CONFIG}'\nexport CD_NODE='${folder}/node24/bin/node'\n`);
  await must([join(PARTS, 'engine'), 'start'], { timeout: 90_000 });

  // Two halves of one way, with a socket between them.
  const socket = join(folder, 'run', 'way.sock');
  const half = (parts, from, to) => spawn(join(PARTS, 'exec'), ['node', '--eval', HALF, from, to], { env: parts, stdio: ['ignore', 'inherit', 'inherit'] });
  const halves = [half(ENV, socket, String(port)), half(env, String(port), socket)];
  const closed = halves.map((child) => new Promise((resolve) => child.on('close', resolve)));
  const exec = (argv, options) => run([join(PARTS, 'exec'), ...argv], { env, ...options });
  await until('the way to the registry', async () => (await exec(['curl', '-s', '-o', '/dev/null', `http://127.0.0.1:${port}/v2/`])).code === 0, { seconds: 20 });

  for (const image of images) {
    const file = join(folder, 'image.tar');
    await must(['docker', 'save', '--output', file, image], { env: ENV });
    await must(['docker', 'load', '--input', file]);
    rmSync(file);
  }
  return {
    env,
    exec,
    docker: (...args) => must(['docker', ...args]),
    async end() {
      for (const child of halves) child.kill('SIGTERM');
      await Promise.all(closed);
      await run([join(PARTS, 'down')], { env, timeout: 120_000 });
    },
  };
}

/** Passes connections on: `FROM TO`, each a port here or the path of a socket. */
const HALF = `
  const { createServer, connect } = require('node:net');
  const [from, to] = process.argv.slice(1).map((it) => (/^[0-9]+$/.test(it) ? { host: '127.0.0.1', port: Number(it) } : { path: it }));
  createServer((one) => {
    const other = connect(to);
    for (const [a, b] of [[one, other], [other, one]]) { a.pipe(b); a.on('error', () => b.destroy()); }
  }).listen(from);
`;
