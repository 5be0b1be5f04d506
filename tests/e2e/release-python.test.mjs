// The whole road of a small Python service with a noxfile that knows nothing of us: built, published, deployed from its digest.
// Version and digest are the same wherever one can look.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { offline, packageIndex, pythonTools } from './bin/packages.mjs';
import { begun } from './bin/project.mjs';
import { docker, ENV, inside, ledgerOf, place, ROOT, run } from './lib.mjs';

const TOKEN = `pypi-${randomBytes(18).toString('base64url')}`;
const FILES = join(ROOT, 'tests', 'demo', 'python');

/** The service's own files; what is changed are names and addresses. */
async function begin(t) {
  const base = await run([join(ROOT, 'tests', 'parts', 'python-image')], { timeout: 300_000 });
  assert.equal(base.code, 0, base.stderr);
  const index = await packageIndex({ password: TOKEN });
  const it = await begun('python');
  const here = place('python', { service: it.service });
  t.after(async () => {
    await here.end();
    await it.end();
    await index.end();
  });
  cpSync(FILES, it.dir, { recursive: true });
  const bin = join(it.dir, 'bin');
  mkdirSync(bin, { recursive: true });
  const from = await pythonTools();
  for (const program of ['nox', 'uv', 'uvx']) symlinkSync(join(from, program), join(bin, program));
  writeFileSync(join(it.dir, '.gitignore'), `${readFileSync(join(it.dir, '.gitignore'), 'utf8')}bin/\n`);
  const config = readFileSync(join(FILES, 'cd.yml'), 'utf8');
  assert.ok(config.trim().split('\n').length <= 15, 'it is short');
  const ours = config
    .replace('service: tasks', `service: ${it.service}`)
    .replace('registry.example/acme/tasks', it.image)
    .replace('https://index.example/simple', index.simple)
    .replace('https://index.example/', index.upload)
    .replace('staging: {}', `staging: { listen: "127.0.0.1:${here.port}", bake: { for: 0s } }`);
  writeFileSync(join(it.dir, 'cd.yml'), `${ours}router: { image: "${ENV.CD_ROUTER_IMAGE}" }\n`);
  const revision = await it.commit(5);
  it.env = {
    ...offline(join(bin, 'cache')), UV_OFFLINE: '0', PATH: `${bin}:${ENV.PATH}`, PUBLISH_TOKEN: TOKEN, GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push',
    GITHUB_REF: 'refs/tags/v1.2.3', GITHUB_SHA: revision, GITHUB_REPOSITORY: 'acme/tasks', GITHUB_SERVER_URL: 'https://forge.example',
  };
  return { it, index, here, revision };
}

test('version and digest are the same in index, registry, labels, container, ledger and report', { timeout: 600_000 }, async (t) => {
  const { it, index, here, revision } = await begin(t);
  const released = await it.cd('release');
  assert.deepEqual([released.code, released.outcome, released.reason], [0, 'released', 'published'], released.stderr);
  const file = JSON.parse(readFileSync(join(it.dir, '.cd-action', 'release.json'), 'utf8'));
  assert.deepEqual([file.version, file.revision], ['1.2.3', revision]);

  assert.deepEqual(index.files(), ['tasks_service-1.2.3-py3-none-any.whl', 'tasks_service-1.2.3.tar.gz']);
  const page = (await inside(['curl', '-s', `${index.simple}/tasks-service/`])).stdout;
  for (const { name, sha256 } of file.packages[0].files) assert.ok(page.includes(`${name}#sha256=${sha256}`), page);
  assert.equal(await it.digest('1.2.3'), file.digest);
  const labels = await it.labels('1.2.3');
  assert.deepEqual([labels['org.opencontainers.image.version'], labels['org.opencontainers.image.revision']], ['1.2.3', revision]);

  const deployed = await it.cd('deploy', '--image', file.image);
  assert.deepEqual([deployed.code, deployed.outcome], [0, 'deployed'], deployed.stderr);
  const { serving } = deployed.report;
  assert.deepEqual([serving.version, serving.digest], ['1.2.3', file.digest]);
  const [container] = (await docker('ps', '-q', '--filter', `label=cd-action.service=${it.service}`, '--filter', 'label=cd-action.role=instance')).split('\n');
  const runs = await docker('inspect', '--format', '{{index .Config.Labels "org.opencontainers.image.version"}} {{.Image}}', container);
  const [version, id] = runs.split(' ');
  assert.equal(version, '1.2.3');
  assert.ok((await docker('image', 'inspect', '--format', '{{json .RepoDigests}}', id)).includes(file.digest));
  const committed = (await ledgerOf({ ...here, service: it.service })).filter((record) => record.kind === 'committed').pop();
  assert.deepEqual([committed.release.version, committed.release.digest], ['1.2.3', file.digest]);
  const answer = JSON.parse((await inside(['curl', '-s', `http://127.0.0.1:${here.port}/`])).stdout);
  assert.equal(answer.version, '1.2.3', 'it is the wheel that was published');

  const again = await it.cd('release');
  assert.deepEqual([again.code, again.reason, index.taken()], [0, 'already-there', 2], again.stderr);
});
