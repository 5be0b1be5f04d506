// Packages of Python: nox, uv and a real index (pypiserver), and a project that has a package.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ENV, inside, ROOT, run, until } from '../lib.mjs';
import { begun, registryWithBadDays } from './project.mjs';

const FOLDER = join(process.env.CD_PARTS ?? '/tmp/cd-action-parts', 'python-tools');
const WHEELS = join(FOLDER, 'wheels');
const UV = 'uv==0.13.9';

/** Nox, uv and an index, in an environment of the tests' own, and as wheels: where the engine is there is no way to PyPI. */
export async function pythonTools() {
  if (!existsSync(FOLDER)) {
    const place = `${FOLDER}.${process.pid}`;
    const steps = [
      ['python3', '-m', 'venv', place],
      [join(place, 'bin', 'pip'), 'install', '-q', 'nox', UV, 'pypiserver', 'passlib'],
      [join(place, 'bin', 'pip'), 'download', '-q', '-d', join(place, 'wheels'), 'nox', UV],
    ];
    for (const argv of steps) {
      const { code, stderr } = await run(argv, { timeout: 300_000 });
      if (code !== 0) throw new Error(`nox, uv and pypiserver from PyPI are needed: ${argv.join(' ')}: ${stderr}`);
    }
    await moveVenv(place);
    try {
      renameSync(place, FOLDER);
    } catch (error) {
      if (!existsSync(FOLDER)) throw error;
      rmSync(place, { recursive: true, force: true }); // another was first
    }
  }
  return join(FOLDER, 'bin');
}

/** The programs of an environment name the folder that it was made in. */
async function moveVenv(from) {
  const { code, stderr } = await run(['sh', '-c', 'grep -rlI -- "$1" "$1/bin" | xargs sed -i "s,$1,$2,g"', 'sh', from, FOLDER]);
  if (code !== 0) throw new Error(stderr);
}

const BACKENDS = ['setuptools', 'hatchling', 'poetry-core'];

/** What build backends are made of, as wheels: the folder. */
export async function backends() {
  const folder = join(process.env.CD_PARTS ?? '/tmp/cd-action-parts', 'python-backends');
  if (existsSync(folder)) return folder;
  await pythonTools();
  const place = `${folder}.${process.pid}`;
  const argv = [join(FOLDER, 'bin', 'python'), '-m', 'pip', 'download', '-q', '-d', place, ...BACKENDS];
  const { code, stderr } = await run(argv, { timeout: 300_000 });
  if (code !== 0) throw new Error(`${BACKENDS.join(', ')} from PyPI are needed: ${stderr}`);
  try {
    renameSync(place, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(place, { recursive: true, force: true }); // another was first
  }
  return folder;
}

/** What keeps pip and uv away from where they cannot go. */
export const offline = (cache) => ({ PIP_NO_INDEX: '1', PIP_FIND_LINKS: WHEELS, UV_OFFLINE: '1', UV_FIND_LINKS: WHEELS, UV_CACHE_DIR: cache });

/**
 * A real index with nothing in it, behind a server that can have bad days: `{ simple, upload, plan, requests, held, files, end }`.
 * Whoever sends needs the password, whoever reads does not, unless it is `secret`.
 */
export async function packageIndex({ user = '__token__', password, plan = {}, tls, hash = 'sha256', secret = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'cd-e2e-index-'));
  const packages = join(dir, 'packages');
  mkdirSync(packages);
  const hashed = createHash('sha1').update(password ?? '').digest('base64');
  writeFileSync(join(dir, 'htpasswd'), `${user}:{SHA}${hashed}\n`);
  const { stdout } = await inside(['python3', '-c', 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])']);
  const port = stdout.trim();
  const who = password ? ['-P', join(dir, 'htpasswd'), '-a', secret ? 'update,download,list' : 'update'] : ['-P', '.', '-a', '.'];
  const argv = [join(await pythonTools(), 'pypi-server'), 'run', '-i', '127.0.0.1', '-p', port, ...who, '--hash-algo', hash, '--disable-fallback', packages];
  const child = spawn(join(ROOT, 'tests', 'parts', 'exec'), argv, { env: ENV, stdio: 'ignore' });
  const closed = new Promise((resolve) => child.on('close', resolve));
  await until('the index', async () => (await inside(['curl', '-s', '-o', '/dev/null', `http://127.0.0.1:${port}/simple/`])).code === 0, { seconds: 30 });
  const front = await registryWithBadDays({ tls, ...plan }, port);
  const scheme = tls ? 'https' : 'http';
  return {
    ...front,
    simple: `${scheme}://${front.host}/simple`,
    upload: `${scheme}://${front.host}/`,
    files: () => readdirSync(packages).sort(),
    /** Uploads that it took. */
    taken: () => front.requests().filter((line) => /^POST \/ 200$/.test(line)).length,
    async end() {
      await front.end();
      child.kill('SIGTERM');
      await closed;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A certificate for this machine, that nobody else trusts: `{ tls, file }`. */
export async function certificate(dir) {
  const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const argv = ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=tests', '-addext', 'subjectAltName=IP:127.0.0.1', '-addext', 'basicConstraints=critical,CA:FALSE', '-keyout', key, '-out', cert];
  const { code, stderr } = await run(argv);
  if (code !== 0) throw new Error(stderr);
  return { tls: { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }, file: cert };
}

/** A noxfile that knows nothing of us. */
const NOXFILE = `import nox
@nox.session(name="build-python", python=False)
def build_python(session):
    session.run("uv", "build", "--quiet", external=True)
@nox.session(name="publish-python", python=False)
def publish_python(session):
    session.run("uv", "publish", "--no-progress", external=True)
`;

/** A project with a Dockerfile and a package, released as version 1.2.3. */
export async function packaged(t, name, index, { python = {}, config = {}, version = '1.2.3', noxfile = NOXFILE, registry } = {}) {
  const it = await begun(name, registry ? { registry } : {});
  t.after(it.end);
  const [bin, from] = [join(it.dir, 'bin'), await pythonTools()];
  mkdirSync(bin, { recursive: true });
  for (const program of ['nox', 'uv', 'uvx']) symlinkSync(join(from, program), join(bin, program));
  writeFileSync(join(it.dir, '.gitignore'), '.cd-action\nbin\ndist\n.nox\n__pycache__\n');
  writeFileSync(join(it.dir, 'noxfile.py'), noxfile);
  it.project = `tasks-${process.pid}-${name}`;
  it.state = (text) => writeFileSync(join(it.dir, 'pyproject.toml'), text);
  it.version = (next) => it.state(`[project]\nname = "${it.project}"\nversion = "${next}"\nrequires-python = ">=3.8"\n[build-system]\nrequires = ["uv_build>=0.13.9,<0.14"]\nbuild-backend = "uv_build"\n`);
  it.version(version);
  const folder = join(it.dir, 'src', it.project.replaceAll('-', '_'));
  mkdirSync(folder, { recursive: true });
  it.code = (text) => writeFileSync(join(folder, '__init__.py'), text);
  it.code('A = 1\n');
  it.packages = { python: { build: 'build-python', publish: 'publish-python', index: index.simple, upload: index.upload, ...python } };
  it.configure = (more = {}) => it.config({ packages: it.packages, ...config, ...more });
  it.configure();
  it.first = await it.commit(5);
  it.asTag = (revision, tag = 'v1.2.3') => ({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: `refs/tags/${tag}`, GITHUB_SHA: revision, GITHUB_REPOSITORY: `acme/${name}`, GITHUB_SERVER_URL: 'https://forge.example' });
  it.base = { ...offline(join(bin, 'cache')), UV_OFFLINE: '0', PATH: `${bin}:${ENV.PATH}` };
  it.env = { ...it.base, ...it.asTag(it.first) };
  return it;
}
