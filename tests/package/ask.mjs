// Asks the package what a line says and answers in one line of JSON: the same in node, in a bundle and in a page.

/** `api` is the package as it was imported. */
export async function answerer(api, wasm) {
  const core = await api.load(wasm);
  let session;
  const doors = {
    normalise: core.normalise,
    derive: core.derive,
    evaluate: core.evaluate,
    readVersion: core.readVersion,
    select: core.select,
    readLedger: core.readLedger,
    replay: core.replay,
    // What a workflow does: from its environment to its tags.
    metadata: ({ sources, ...request }) => core.derive({ ...request, event: core.normalise(sources) }),
    begin: () => {
      session = new core.Session();
      return null;
    },
    handle: ({ now, input }) => session.handle(now, input),
  };
  return (line) => {
    const { door, question } = JSON.parse(line);
    try {
      return JSON.stringify(doors[door](question));
    } catch (error) {
      const { name, message, place, mistakes } = error;
      if (!(error instanceof api[name])) throw error;
      return JSON.stringify({ thrown: { name, message, place, mistakes } });
    }
  };
}

/** Lines of questions to lines of answers. */
export async function answers(questions, api, wasm) {
  const answer = await answerer(api, wasm);
  return questions.split('\n').filter(Boolean).map((line) => `${answer(line)}\n`).join('');
}
