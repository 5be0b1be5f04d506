// What a user's program writes; it only has to be of the right types.
import { type Core, type Derivation, type Input, load, Mistakes, Misuse, type Output, type RuleVerdict } from "cd-action-core";

const core: Core = await load();
const environment: Record<string, string | undefined> = { GITHUB_REF: "refs/heads/main" };
const event = core.normalise({ env: environment, payload: { anything: true } });
const request = { event, inputs: { images: "user/app" }, now: 0 };
const derived: Derivation = core.derive(request);

function why({ rule, outcome }: RuleVerdict): string {
  switch (outcome.type) {
    case "made":
    case "again":
      return outcome.tag;
    case "nothing":
      return outcome.why.type === "no-version" ? outcome.why.standard : rule;
  }
}

export const words: string[] = derived.verdicts.map(why);
export const higher = core.evaluate({ request, existing: ["1.2.3"] }).moves.map(({ verdict }) => verdict.type === "stays" && verdict.higher);
export const semver: string | null | undefined = core.readVersion("1.2.3")?.semver;

const ledger = core.readLedger([{ name: "000001", text: "" }]);
if (ledger.type === "sound") {
  const { candidates } = core.select({ state: ledger.state, serving: 7, images: {}, secrets: {} });
  const chosen = candidates.find(({ verdict }) => verdict === "chosen");
  export_(chosen?.["known-good"].release.digest);
}

const replay = core.replay("");
if (replay.type === "decided") export_(replay.difference?.place ?? replay.moments.find((it) => it.type === "decision")?.because[0]);
else export_(replay.mistakes[0]?.message);

const tick: Input = { type: "tick" };
const outputs: Output[] = new core.Session().handle(0, tick);
for (const output of outputs) if (output.type === "effect" && output.effect.type === "run") export_(output.effect.argv[0]);

try {
  // @ts-expect-error Nobody knows when.
  core.derive({ event });
  // @ts-expect-error There is no such input.
  core.derive({ event, now: 0, inputs: { tagz: "" } });
} catch (error) {
  if (error instanceof Mistakes) export_(error.mistakes[0]?.code);
  if (error instanceof Misuse) export_(error.place);
}

function export_(_text: string | undefined): void {}
