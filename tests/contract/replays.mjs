// Has journals decided again by a committed module, `replays.mjs MODULE`: a file a line in, one line of the module's own answer
// out for each.
import { readFileSync } from "node:fs";
import { load } from "./glue.mjs";

const { replay } = await load(process.argv[2]);
for (const file of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  process.stdout.write(`${replay(JSON.stringify({ text: readFileSync(file, "utf8") }))}\n`);
}
