// A reporter that says only what failed, and what was said of it: `run` prints it last, where whoever reads the end of
// a long log finds it.

const LINES = 60;

export default async function* failures(events) {
  for await (const { type, data } of events) {
    // A file fails when a test of it does; the test has said why.
    if (type !== 'test:fail' || data.details?.error?.failureType === 'subtestsFailed') continue;
    const error = data.details?.error;
    const said = String(error?.cause?.message ?? error?.message ?? error).split('\n');
    const where = data.file ? ` (${data.file.replace(/^.*\/tests\//, 'tests/')}:${data.line})` : '';
    yield `${[`FAILED ${data.name}${where}`, ...said.slice(0, LINES)].join('\n  ')}\n`;
    if (said.length > LINES) yield `  … ${said.length - LINES} lines more\n`;
  }
}
