// A workflow runner for one step of the action, where none can be had: what it hands in, what it reads out, how it stops a
// step, and `post` after it. As GitHub's own does it (actions/runner 2.336: NodeScriptActionHandler, FileCommandManager,
// ActionCommandManager, ProcessInvoker), and no more lenient.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ENV, ROOT, sleep } from '../lib.mjs';

/** A job in a place: `step(inputs)` runs `main`, and what comes of that has `post()`. */
export function job(here, { env = {}, runId = '1001', attempt = '1', name = 'deploy' } = {}) {
  const temporary = mkdtempSync(join(here.dir, 'runner-'));
  const common = {
    ...ENV,
    ...here.env,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'anna',
    GITHUB_EVENT_NAME: 'push',
    GITHUB_JOB: name,
    GITHUB_REPOSITORY: 'acme/tasks',
    GITHUB_RUN_ATTEMPT: attempt,
    GITHUB_RUN_ID: runId,
    GITHUB_RUN_NUMBER: '7',
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_WORKFLOW: 'cd',
    GITHUB_WORKSPACE: here.dir,
    RUNNER_TEMP: temporary,
    RUNNER_TRACKING_ID: `github_${runId}`,
    ...env,
  };

  /** Runs main or post; gives the process and what comes of it. */
  function begin(inputs, more) {
    const files = {};
    for (const kind of ['OUTPUT', 'STATE', 'STEP_SUMMARY', 'ENV', 'PATH']) {
      files[kind] = join(mkdtempSync(join(temporary, 'files-')), kind.toLowerCase());
      writeFileSync(files[kind], '');
    }
    const handed = Object.entries(inputs).map(([input, value]) => [`INPUT_${input.replaceAll(' ', '_').toUpperCase()}`, value]);
    const named = Object.entries(files).map(([kind, file]) => [`GITHUB_${kind}`, file]);
    const child = spawn('node', [join(ROOT, 'dist', 'main.cjs')], {
      cwd: here.dir,
      env: { ...common, ...Object.fromEntries([...handed, ...named]), ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const pipe of [child.stdout, child.stderr]) pipe.on('data', (data) => { log += data; });
    const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(read(code, signal, log, files))));
    return { child, ended, output: () => log };
  }

  function read(code, signal, log, files) {
    const outputs = values(readFileSync(files.OUTPUT, 'utf8'));
    const report = outputs.report ? JSON.parse(readFileSync(outputs.report, 'utf8')) : null;
    return {
      code, signal, log, outputs, report,
      state: values(readFileSync(files.STATE, 'utf8')),
      summary: readFileSync(files.STEP_SUMMARY, 'utf8'),
      commands: obeyed(log),
      annotations: obeyed(log).filter((it) => ['error', 'warning', 'notice'].includes(it.name)),
    };
  }

  return {
    temporary,
    /** Starts main; `ended` has `post(more)`, which starts the post step of the same step. */
    start(inputs = {}) {
      const all = { ...defaults('success'), ...inputs };
      const run = begin(all, {});
      const ended = run.ended.then((result) => {
        const states = Object.entries(result.state).map(([key, value]) => [`STATE_${key}`, value]);
        const status = result.signal ? 'cancelled' : result.code === 0 ? 'success' : 'failure';
        return { ...result, post: (more = {}) => begin({ ...all, 'job-status': status }, { ...Object.fromEntries(states), ...more }) };
      });
      return { ...run, ended };
    },
    /** The folder in which reports and journals are. */
    reports: () => readdirSync(join(temporary, 'cd-action')),
  };
}

/** Stops a step as a runner does: SIGINT, 7.5 s later SIGTERM, 2.5 s later SIGKILL to all that it started. */
export async function stopStep(run) {
  const begun = Date.now();
  for (const [signal, wait] of [['SIGINT', 7500], ['SIGTERM', 2500]]) {
    run.child.kill(signal);
    const over = await Promise.race([run.ended.then(() => true), sleep(wait).then(() => false)]);
    if (over) return { took: Date.now() - begun, by: signal };
  }
  for (const pid of [run.child.pid, ...descendants(run.child.pid)]) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it ended meanwhile */ }
  }
  await run.ended;
  return { took: Date.now() - begun, by: 'SIGKILL' };
}

/** Processes that a process started, and those that they did. */
export function descendants(pid) {
  const parents = readdirSync('/proc').filter((it) => /^\d+$/.test(it)).flatMap((it) => {
    try {
      const stat = readFileSync(`/proc/${it}/stat`, 'utf8');
      return [[Number(it), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])]];
    } catch {
      return [];
    }
  });
  const below = (parent) => parents.filter(([, it]) => it === parent).flatMap(([it]) => [it, ...below(it)]);
  return below(pid);
}

/** The defaults of the inputs, from action.yml, with the expressions that it uses. */
export function defaults(status) {
  const text = readFileSync(join(ROOT, 'action.yml'), 'utf8');
  const [, block] = /^inputs:\n([^]*?)^outputs:/m.exec(text);
  const found = [...block.matchAll(/^ {2}([a-z-]+):\n((?: {4}.*\n)*)/gm)].map(([, name, lines]) => {
    const value = JSON.parse(/^ {4}default: (".*")$/m.exec(lines)?.[1] ?? '""');
    return [name, value.replace('${{ github.token }}', 'ghs_0123456789abcdef').replace('${{ job.status }}', status)];
  });
  assert.ok(found.length > 5 && !found.some(([, value]) => value.includes('${{')), 'every default is understood');
  return Object.fromEntries(found);
}

/** What a file of values says; throws where a runner would let the step fail. */
export function values(text) {
  const found = {};
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else assert.fail('the last line has no end');
  while (lines.length > 0) {
    const line = lines.shift();
    if (line === '') continue;
    const [equals, heredoc] = [line.indexOf('='), line.indexOf('<<')];
    if (heredoc > 0 && (equals < 0 || heredoc < equals)) {
      const [name, delimiter] = [line.slice(0, heredoc), line.slice(heredoc + 2)];
      const end = lines.indexOf(delimiter);
      assert.ok(delimiter !== '' && end >= 0, `${name}: the delimiter comes again`);
      found[name] = lines.splice(0, end + 1).slice(0, -1).join('\n');
    } else {
      assert.ok(equals > 0, `a line that a runner does not understand: ${line}`);
      found[line.slice(0, equals)] = line.slice(equals + 1);
    }
  }
  return found;
}

/** The commands that a runner finds in a log and obeys: `::name k=v::data` at the start of a line, `##[name k=v]data` anywhere. */
export function obeyed(log) {
  const found = [];
  let stopped = null;
  for (const line of log.split(/\r\n|\r|\n/)) {
    const it = second(line) ?? first(line);
    if (it === null) continue;
    if (stopped !== null) {
      if (it.name === stopped) stopped = null;
      continue;
    }
    if (!KNOWN.includes(it.name)) continue;
    found.push(it);
    if (it.name === 'stop-commands') stopped = it.data;
  }
  assert.equal(stopped, null, 'commands are listened to again in the end');
  return found;
}

function second(line) {
  const parts = /^\s*::([^\s:]+)(?: (.*?))?::(.*)$/.exec(line);
  return parts && { name: parts[1].toLowerCase(), properties: pairs(parts[2] ?? '', ','), data: unescaped(parts[3]) };
}

function first(line) {
  const parts = /##\[([^\s\]]+)(?: ([^\]]*))?\](.*)$/.exec(line);
  return parts && { name: parts[1].toLowerCase(), properties: pairs(parts[2] ?? '', ';'), data: unescaped(parts[3]) };
}

function pairs(text, separator) {
  const all = text.split(separator).map((it) => it.trim()).filter((it) => it.includes('='));
  return Object.fromEntries(all.map((it) => [it.slice(0, it.indexOf('=')), unescaped(it.slice(it.indexOf('=') + 1))]));
}

function unescaped(text) {
  return text.replace(/%(25|0D|0A|3A|2C|3B|5D)/gi, (code) => decodeURIComponent(code));
}

const KNOWN = [
  'add-mask', 'add-matcher', 'add-path', 'debug', 'echo', 'endgroup', 'error', 'group', 'notice', 'remove-matcher', 'save-state', 'set-env',
  'set-output', 'stop-commands', 'warning', 'command', 'internal-set-repo-path', 'section',
];
