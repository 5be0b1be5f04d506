// Nox and uv, in an environment of the tests' own.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../lib.mjs';

const FOLDER = join(process.env.CD_PARTS ?? '/tmp/cd-action-parts', 'nox');

/** The same as wheels: where the engine is there is no way to PyPI. */
export const WHEELS = join(FOLDER, 'wheels');

/** The folder of their programs; made where it is not there yet. */
export async function tools() {
  const bin = join(FOLDER, 'bin');
  const steps = [
    ['python3', '-m', 'venv', FOLDER],
    [join(bin, 'pip'), 'install', '-q', 'nox', 'uv==0.13.9'],
    [join(bin, 'pip'), 'download', '-q', '-d', WHEELS, 'nox', 'uv==0.13.9'],
  ];
  if (!existsSync(join(FOLDER, 'done'))) {
    for (const argv of steps) {
      const { code, stderr } = await run(argv, { timeout: 300_000 });
      if (code !== 0) throw new Error(`nox and uv from PyPI are needed: ${argv.join(' ')}: ${stderr}`);
    }
    writeFileSync(join(FOLDER, 'done'), '');
  }
  return bin;
}
