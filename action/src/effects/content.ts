import { readFileSync } from "node:fs";
import type { Content } from "../generated/protocol";
import type { Secrets } from "../secrets";
import { unreachable } from "../unreachable";
import { refuse } from "./fault";

/** The text of a value, whether the core knows it or only its name. */
export function textOf(content: Content, secrets: Secrets): string {
  switch (content.type) {
    case "text":
      return content.text;
    case "secret":
      return secrets.reveal(content.name);
    case "lines":
      return `${secrets.reveal(content.name).replaceAll("\r\n", "\n").replace(/\n$/, "")}\n`;
    case "patched":
      return JSON.stringify(patched(parse(read(content.path), content.path), JSON.parse(content.patch)), null, 2);
    default:
      return unreachable(content);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "{}";
    throw error;
  }
}

/** The error of a parser would show what stands in the file. */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse("other", `${path} is not JSON`);
  }
}

/** RFC 7396. */
function patched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, patched(result.get(name), value));
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
