// What `release` adds to the bare commands on the same project: the sessions that build and publish a package, `docker build` and `docker push`, by
// turns, each a commit of its own, so that nothing is there already. Twice: with sessions as nox makes them, in an environment that is made
// for each, and with sessions that need none, which leaves next to nothing to compare with.
// `node tests/bench/release.mjs`, where the parts are, measures this alone.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { offline, packageIndex, pythonTools } from '../e2e/bin/packages.mjs';
import { begun } from '../e2e/bin/project.mjs';
import { ENV, inside } from '../e2e/lib.mjs';

const RUNS = 5;
const TOKEN = 'a-token-that-publishes';

/** The sessions of a project: in environments of their own, into which uv is installed, or in what is there. */
const noxfile = (environments) => `import nox
@nox.session(name="build-python"${environments ? '' : ', python=False'})
def build_python(session):
    ${environments ? 'session.install("uv")' : 'pass'}
    session.run("rm", "-rf", "dist", external=True)
    session.run("uv", "build", "--quiet", external=True)
@nox.session(name="publish-python"${environments ? '' : ', python=False'})
def publish_python(session):
    ${environments ? 'session.install("uv")' : 'pass'}
    session.run("uv", "publish", "--no-progress", external=True)
`;

/** The bare commands, as a workflow would have them; its image says as well what it was built from. */
const BARE = `set -eu
export SOURCE_DATE_EPOCH=$(git show --no-patch --pretty=%ct HEAD)
nox --session build-python
docker build --quiet --tag "$IMAGE:$VERSION" --label "org.opencontainers.image.revision=$GITHUB_SHA" --label "org.opencontainers.image.version=$VERSION" .
nox --session publish-python
docker push --quiet "$IMAGE:$VERSION"
for tag in "\${VERSION%.*}" latest "sha-$GITHUB_SHA"; do
  docker tag "$IMAGE:$VERSION" "$IMAGE:$tag"
  docker push --quiet "$IMAGE:$tag"
done
`;

/** `{ environments, none }`, of each `{ pairs, ours, theirs, ratio }`: seconds. */
export async function measureRelease() {
  return { environments: await measure(true), none: await measure(false) };
}

async function measure(environments) {
  const index = await packageIndex({ password: TOKEN });
  const it = await begun('bench-release');
  try {
    const from = await pythonTools();
    const bin = join(it.dir, 'bin');
    mkdirSync(bin, { recursive: true });
    for (const program of ['nox', 'uv', 'uvx']) symlinkSync(join(from, program), join(bin, program));
    writeFileSync(join(it.dir, '.gitignore'), '.cd-action\nbin\ndist\n.nox\n__pycache__\n');
    writeFileSync(join(it.dir, 'noxfile.py'), noxfile(environments));
    mkdirSync(join(it.dir, 'src', 'bench_release'), { recursive: true });
    writeFileSync(join(it.dir, 'src', 'bench_release', '__init__.py'), '');
    // Some megabytes, as an image has them.
    writeFileSync(join(it.dir, 'weight'), Buffer.alloc(8 << 20, 'x'));
    writeFileSync(join(it.dir, 'Dockerfile'), 'FROM scratch\nCOPY weight what /\n');
    it.config({ packages: { python: { build: 'build-python', publish: 'publish-python', index: index.simple, upload: index.upload, token: 'BENCH_TOKEN' } } });
    const common = { BENCH_TOKEN: TOKEN, ...offline(join(bin, 'cache')), UV_OFFLINE: '0', PATH: `${bin}:${ENV.PATH}`, DOCKER_BUILDKIT: '0' };
    const pairs = [];
    for (let nth = 0; nth <= RUNS; nth += 1) {
      const ours = await once(it, nth * 2 + 1, common, async (env) => {
        it.env = env;
        const result = await it.cd('release');
        if (result.reason !== 'published') throw new Error(result.stderr);
      });
      const theirs = await once(it, nth * 2 + 2, common, async (env, version) => {
        const publish = { UV_PUBLISH_URL: index.upload, UV_PUBLISH_CHECK_URL: `${index.simple}/`, UV_PUBLISH_TOKEN: TOKEN, IMAGE: it.image, VERSION: version };
        const { code, stderr } = await inside(['bash', '-c', BARE], { cwd: it.dir, env: { ...ENV, ...env, ...publish } });
        if (code !== 0) throw new Error(stderr);
      });
      // The first pair warms what is kept.
      if (nth > 0) pairs.push({ ours, theirs });
    }
    return compare(pairs);
  } finally {
    await it.end();
    await index.end();
  }
}

/** One release of a version of its own: seconds. */
async function once(it, number, common, work) {
  const version = `1.${number}.0`;
  writeFileSync(join(it.dir, 'pyproject.toml'), `[project]\nname = "bench-release"\nversion = "${version}"\n[build-system]\nrequires = ["uv_build>=0.13.9,<0.14"]\nbuild-backend = "uv_build"\n`);
  const revision = await it.commit(number);
  const env = { ...common, GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_REF: `refs/tags/v${version}`, GITHUB_SHA: revision, GITHUB_REPOSITORY: 'acme/bench', GITHUB_SERVER_URL: 'https://forge.example' };
  const begun = performance.now();
  await work(env, version);
  return (performance.now() - begun) / 1000;
}

function compare(pairs) {
  const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
  return {
    pairs: pairs.length,
    ours: median(pairs.map((pair) => pair.ours)),
    theirs: median(pairs.map((pair) => pair.theirs)),
    ratio: median(pairs.map(({ ours, theirs }) => ours / theirs)),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, { pairs, ours, theirs, ratio }] of Object.entries(await measureRelease())) {
    console.log(`${name}, ${pairs} pairs: release ${ours.toFixed(2)} s, the bare commands ${theirs.toFixed(2)} s, ratio ${ratio.toFixed(2)}`);
  }
}
