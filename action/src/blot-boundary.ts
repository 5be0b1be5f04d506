/** Which strings of the boundary are words of the world, and so may hold a secret. */

import { printable } from "./emit/printable";
import type { Words } from "./emit/voice";
import type { Begin, Completion, Input } from "./generated/protocol";
import { unreachable } from "./unreachable";

type Blot = (text: string) => string;

export function blotInput(input: Input, blot: Blot): Input {
  switch (input.type) {
    case "begin":
      return { ...input, ...blotBegin(input, blot) };
    case "completed":
      return { ...input, completion: blotCompletion(input.completion, blot) };
    case "cancel":
    case "tick":
      return input;
    default:
      return unreachable(input);
  }
}

/** What goes to the log loses its control characters first: they could hide a secret from the blotter. */
export function blotWords(words: Words, blot: Blot): Words {
  const line: Blot = (text) => blot(printable(text));
  switch (words.type) {
    case "log":
    case "relay":
      return { ...words, text: line(words.text) };
    case "group":
      return { ...words, title: line(words.title) };
    case "annotation":
      return { ...words, title: line(words.title), message: line(words.message), file: words.file && line(words.file) };
    case "output":
    case "variable":
    case "state":
      return { ...words, value: blot(words.value) };
    case "summary":
      return { ...words, markdown: blot(words.markdown) };
    case "answer":
      return { ...words, json: blotJson(words.json, blot) };
    case "end-group":
      return words;
    default:
      return unreachable(words);
  }
}

function blotBegin(begin: Begin, blot: Blot): Pick<Begin, "argv" | "inputs" | "env"> {
  const values = (map: Begin["env"]) =>
    Object.fromEntries(Object.entries(map).map(([name, value]) => [name, blot(value)]));
  return { argv: begin.argv.map(blot), inputs: values(begin.inputs), env: values(begin.env) };
}

function blotCompletion(completion: Completion, blot: Blot): Completion {
  switch (completion.type) {
    case "exited":
    case "timed-out":
      return { ...completion, stdout: blot(completion.stdout), stderr: blot(completion.stderr) };
    case "read":
      return { ...completion, text: blot(completion.text) };
    case "fetched": {
      const headers = Object.entries(completion.headers).map(([name, value]) => [name, blot(value)]);
      return { ...completion, headers: Object.fromEntries(headers), body: blot(completion.body) };
    }
    case "failed":
      return { ...completion, message: blot(completion.message) };
    case "recalled":
    case "opened":
    case "written":
    case "unset":
    case "fingerprinted":
      return completion;
    default:
      return unreachable(completion);
  }
}

/** Blots within the strings of a JSON document, so that it stays one even where a secret is a number. */
function blotJson(json: string, blot: Blot): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, (token) => `"${blot(token.slice(1, -1))}"`);
}
