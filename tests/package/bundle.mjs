// Bundles one of these programs with esbuild: bundle.mjs ENTRY OUT [ESBUILD'S OPTIONS AS JSON]
// It is bundled where it lies: the package is looked for from there.
import { createRequire } from 'node:module';

const [entry, outfile, options] = process.argv.slice(2);
const { build } = createRequire(new URL('../../action/package.json', import.meta.url))('esbuild');
await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', logLevel: 'warning', ...JSON.parse(options ?? '{}') });
