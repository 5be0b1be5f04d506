/**
 * How GitHub's runner reads what a step says: lines of its log, and its files. Written from the runner's rules (ActionCommand,
 * ActionCommandManager, FileCommandManager), not from ours.
 */

export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly data: string;
}

export interface Log {
  readonly commands: Command[];
  /** Lines that are shown. */
  readonly shown: string[];
}

const REGISTERED = [
  ...["add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path"],
  ...["notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"],
];

/** Every command that a runner would carry out, in order. */
export function readLog(log: string): Log {
  const commands: Command[] = [];
  const shown: string[] = [];
  let stopToken: string | undefined;
  for (const line of log.split(/\r\n|\r|\n/)) {
    const known = stopToken === undefined ? REGISTERED : [...REGISTERED, stopToken];
    const command = parseV2(line, known) ?? parseV1(line, known);
    if (command === undefined) shown.push(line);
    else if (stopToken !== undefined) {
      if (command.name === stopToken) stopToken = undefined;
      else shown.push(line);
    } else if (command.name === "stop-commands") {
      if (command.data === "" || REGISTERED.includes(command.data)) throw new Error(`bad stop token: ${line}`);
      stopToken = command.data;
    } else commands.push(command);
  }
  if (stopToken !== undefined) throw new Error("commands stay stopped");
  return { commands, shown };
}

/** `::name key=value,key=value::data`, after blanks. */
function parseV2(line: string, known: readonly string[]): Command | undefined {
  const message = line.replace(/^[\s\u0085]+/, "");
  if (!message.startsWith("::")) return undefined;
  const end = message.indexOf("::", 2);
  if (end < 0) return undefined;
  return parse(message.slice(2, end), ",", message.slice(end + 2), known);
}

/** `##[name key=value;key=value]data`, anywhere. */
function parseV1(line: string, known: readonly string[]): Command | undefined {
  const start = line.indexOf("##[");
  const end = start < 0 ? -1 : line.indexOf("]", start);
  if (end < 0) return undefined;
  return parse(line.slice(start + 3, end), ";", line.slice(end + 1), known);
}

function parse(info: string, separator: string, data: string, known: readonly string[]): Command | undefined {
  const space = info.indexOf(" ");
  const name = space < 0 ? info : info.slice(0, space);
  if (!known.includes(name)) return undefined;
  const properties: Record<string, string> = {};
  for (const pair of space < 0
    ? []
    : info
        .slice(space + 1)
        .trim()
        .split(separator)) {
    const at = pair.indexOf("=");
    if (at >= 0) properties[pair.slice(0, at)] = decode(pair.slice(at + 1), { "%2C": ",", "%3A": ":" });
  }
  return { name, properties, data: decode(data, {}) };
}

function decode(text: string, more: Readonly<Record<string, string>>): string {
  let plain = text;
  for (const [code, letter] of Object.entries({ "%0D": "\r", "%0A": "\n", ...more, "%25": "%" })) {
    plain = plain.replaceAll(code, letter);
  }
  return plain;
}

/** The pairs of GITHUB_OUTPUT and its like; throws where the step would fail. */
export function readFileCommands(text: string): Array<[name: string, value: string]> {
  const pairs: Array<[string, string]> = [];
  let rest = text;
  const line = (): string => {
    const end = rest.indexOf("\n");
    if (end < 0) throw new Error("EOF marker missing new line");
    const found = rest.slice(0, end);
    rest = rest.slice(end + 1);
    return found;
  };
  while (rest !== "") {
    const head = line();
    if (head === "") continue;
    const equals = head.indexOf("=");
    const heredoc = head.indexOf("<<");
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      pairs.push([head.slice(0, equals), head.slice(equals + 1)]);
    } else if (heredoc >= 0) {
      const [name, delimiter] = [head.slice(0, heredoc), head.slice(heredoc + 2)];
      if (name === "" || delimiter === "") throw new Error(`Invalid format '${head}'`);
      const value: string[] = [];
      for (let next = line(); next !== delimiter; next = line()) value.push(next);
      pairs.push([name, value.join("\n")]);
    } else throw new Error(`Invalid format '${head}'`);
  }
  return pairs;
}
