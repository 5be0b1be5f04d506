import type { Content } from "../generated/protocol";
import type { Secrets } from "../secrets";
import { unreachable } from "../unreachable";

/** The text of a value, whether the core knows it or only its name. */
export function textOf(content: Content, secrets: Secrets): string {
  switch (content.type) {
    case "text":
      return content.text;
    case "secret":
      return secrets.reveal(content.name);
    case "lines":
      return `${secrets.reveal(content.name).replaceAll("\r\n", "\n").replace(/\n$/, "")}\n`;
    default:
      return unreachable(content);
  }
}
