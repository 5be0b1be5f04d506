// A call that the machine ends in the middle: the stack is full. The module is then made anew, and the runs of the old one are over.
import assert from 'node:assert/strict';
import { load, Panic } from 'cd-action-core';

const core = await load();
// Flat for JavaScript, and deep for the module.
const tags = `type=raw,value=${'{{#if sha}}'.repeat(45)}x${'{{/if}}'.repeat(45)}`;
const deep = { event: { sha: '3f2a91c' }, inputs: { tags }, now: 0 };
const before = core.derive(deep);
const session = new core.Session();
const panics = [];

/** Fills the stack and calls when as many levels of it are free again. */
function callAbove(levels) {
  let left = levels;
  function dive() {
    try {
      dive();
    } catch {
      // This is the bottom.
    }
    left -= 1;
    if (left !== 0) return;
    try {
      core.derive(deep);
    } catch (error) {
      if (error instanceof Panic) panics.push(error);
    }
  }
  dive();
}

// With few levels there is no room to begin, with many there is enough. How much room a level is changes while the machine
// compiles it, so that one round may find none between the two.
for (let round = 0; panics.length === 0 && round < 200; round += 1) {
  for (let levels = 1 + (round % 5); levels < 1000; levels += 5) {
    callAbove(levels);
    assert.deepEqual(core.derive(deep), before);
  }
}
assert.ok(panics.length > 0);
assert.ok(panics.every(({ cause }) => cause instanceof RangeError));
assert.throws(() => session.handle(0, { type: 'tick' }), Panic);
assert.throws(() => new core.Session().handle(0, { type: 'tick' }), { name: 'Misuse' });
process.stdout.write('ok\n');
