// Drives a committed module, `replay.mjs MODULE`: lines of {"now","input"} in, one line of the module's own answer out for each.
// A thrown error is answered as {"error": {"name", "message"}}, and ends it.
import { readFileSync } from "node:fs";
import { load } from "./glue.mjs";

try {
  const { Session } = await load(process.argv[2]);
  const session = new Session();
  for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const { now, input } = JSON.parse(line);
    process.stdout.write(`${session.handle(now, JSON.stringify(input))}\n`);
  }
} catch ({ name, message }) {
  process.stdout.write(`${JSON.stringify({ error: { name, message } })}\n`);
}
