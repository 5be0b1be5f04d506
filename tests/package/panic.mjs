// A call that the machine ends in the middle: it asks for more memory than the module may have (`--wasm-max-mem-pages`). The module is then
// made anew, and the runs of the old one are over.
import assert from 'node:assert/strict';
import { load, Panic } from 'cd-action-core';

const core = await load();
const question = (sha) => ({ event: { sha }, inputs: { tags: 'type=sha' }, now: 0 });
const small = question('3f2a91c');
const before = core.derive(small);
const session = new core.Session();

for (let round = 0; round < 3; round += 1) {
  assert.throws(() => core.derive(question('a'.repeat(32 << 20))), (error) => {
    assert.ok(error instanceof Panic, error);
    assert.ok(error.cause instanceof WebAssembly.RuntimeError, error.cause);
    return true;
  });
  assert.deepEqual(core.derive(small), before);
}
assert.throws(() => session.handle(0, { type: 'tick' }), Panic);
assert.throws(() => new core.Session().handle(0, { type: 'tick' }), { name: 'Misuse' });
process.stdout.write('ok\n');
