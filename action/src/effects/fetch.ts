import { createReadStream, createWriteStream, mkdirSync, statSync } from "node:fs";
import type { AgentOptions, ClientRequest, IncomingMessage } from "node:http";
import { dirname } from "node:path";
import type { Blotter } from "../blot";
import type { World } from "../effects";
import type { Authorization, Body, Completion, Fetch, Keep } from "../generated/protocol";
import { clampDelay } from "../inbox";
import { http, https } from "../late";
import type { Secrets } from "../secrets";
import { unreachable } from "../unreachable";
import { refuse } from "./fault";

/** One HTTP exchange: the answer, whatever its status. */
export function fetch(effect: Fetch, world: World, signal: AbortSignal): Promise<Completion> {
  const open: ClientRequest[] = [];
  const ask = (method: string, url: string, headers: Record<string, string>): ClientRequest => {
    const by = url.startsWith("https:") ? https() : http();
    const agent = effect.direct ? {} : { agent: new by.Agent(byProxies(world.env)) };
    const request = by.request(url, { method, headers, signal, ...agent });
    open.push(request);
    return request;
  };
  const request = ask(effect.method, effect.url, headers(effect, world));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      settle({ type: "timed-out", stdout: "", stderr: "" });
    }, clampDelay(effect.timeout));
    const end = (): void => {
      clearTimeout(timer);
      for (const it of open) it.destroy();
    };
    const settle = (completion: Completion): void => {
      resolve(completion);
      end();
    };
    const fail = (error: unknown): void => {
      reject(error);
      end();
    };
    const cut = (error: Error): void => settle({ type: "failed", fault: "unreachable", message: words(error) });
    request.on("error", cut);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const saved = effect.save !== null && response.statusCode === 200 ? effect.save : null;
      response.on("error", cut);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (saved === null) chunks.push(chunk);
        if (size > effect.limit) {
          settle({ type: "failed", fault: "too-large", message: `the answer has more than ${effect.limit} bytes` });
        }
      });
      if (saved !== null) {
        try {
          save(response, saved, fail, () => settle(answer(effect, response, "", world.secrets)));
        } catch (error) {
          fail(error);
        }
        return;
      }
      response.on("end", () => {
        try {
          settle(answer(effect, response, Buffer.concat(chunks).toString("utf8"), world.secrets));
        } catch (error) {
          fail(error);
        }
      });
    });
    try {
      const from = send(effect.body, request, world, ask);
      from?.on("error", cut);
      from?.on("response", (response) => pass(response, request, cut));
      from?.end();
    } catch (error) {
      fail(error);
    }
  });
}

/** A Node that knows of proxies goes by the environment's; an older one leaves this unread. */
function byProxies(env: NodeJS.ProcessEnv): AgentOptions {
  return { proxyEnv: env } as AgentOptions;
}

/** Sends what is known; gives the request whose answer is to be sent. */
function send(
  body: Body | null,
  request: ClientRequest,
  world: World,
  ask: (method: string, url: string, headers: Record<string, string>) => ClientRequest,
): ClientRequest | null {
  switch (body?.type) {
    case undefined:
      request.end();
      return null;
    case "text":
      request.end(body.text);
      return null;
    case "file":
      sendFile(body.path, request);
      return null;
    case "answer":
      return ask("GET", body.url, who(body.authorization, world));
    default:
      return unreachable(body);
  }
}

function sendFile(path: string, request: ClientRequest): void {
  request.setHeader("content-length", String(statSync(path).size));
  const file = createReadStream(path);
  file.on("error", (error) => request.destroy(error));
  file.pipe(request);
}

/** The body as it comes, into a file that nobody else may read. */
function save(response: IncomingMessage, path: string, fail: (error: unknown) => void, done: () => void): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = createWriteStream(path, { mode: 0o600 });
  file.on("error", fail);
  file.on("finish", done);
  response.pipe(file);
}

function pass(response: IncomingMessage, request: ClientRequest, cut: (error: Error) => void): void {
  response.on("error", cut);
  if (response.statusCode !== 200) {
    cut(new Error(`what was to be sent is answered with ${response.statusCode}`));
    return;
  }
  const length = response.headers["content-length"];
  if (length !== undefined) request.setHeader("content-length", length);
  response.pipe(request);
}

function headers(effect: Fetch, world: World): Record<string, string> {
  const length = effect.body?.type === "text" ? { "content-length": String(Buffer.byteLength(effect.body.text)) } : {};
  return { ...effect.headers, ...length, ...who(effect.authorization, world) };
}

function who(asks: Authorization | null, world: World): Record<string, string> {
  return asks === null ? {} : { authorization: authorization(asks, world) };
}

function authorization(who: Authorization, world: World): string {
  const { env, secrets, blotter } = world;
  switch (who.type) {
    case "basic": {
      const user =
        env[who.user] || refuse("secret-missing", `the environment variable ${who.user} is not set, or empty`);
      return basic(user, who.password, world);
    }
    case "named":
      return basic(who.user, who.password, world);
    case "variable":
      return `Bearer ${secrets.reveal(who.name)}`;
    case "login":
      return `Basic ${login(secrets.kept(who.kept), blotter)}`;
    case "bearer":
      return `Bearer ${secrets.kept(who.kept)}`;
    default:
      return unreachable(who);
  }
}

function basic(user: string, password: string, { secrets, blotter }: World): string {
  const text = Buffer.from(`${user}:${secrets.reveal(password)}`).toString("base64");
  blotter.add(text);
  return `Basic ${text}`;
}

/** The password in it is not to be seen either. */
function login(text: string, blotter: Blotter): string {
  const [, ...password] = Buffer.from(text, "base64").toString("utf8").split(":");
  blotter.add(password.join(":"));
  return text;
}

function answer({ want, keep }: Fetch, response: IncomingMessage, body: string, secrets: Secrets): Completion {
  if (keep !== null) secrets.keep(keep.name, secretIn(body, keep));
  const wanted = want.flatMap((name) => {
    const value = response.headers[name];
    return value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value]];
  });
  const status = response.statusCode ?? 0;
  return { type: "fetched", status, headers: Object.fromEntries(wanted), body: keep === null ? body : "" };
}

/** Empty where there is none: whoever needs it then is refused. */
function secretIn(body: string, { members }: Keep): string {
  let object: unknown;
  try {
    object = JSON.parse(body);
  } catch {
    return "";
  }
  if (typeof object !== "object" || object === null) return "";
  const values = members.map((name) => (object as Record<string, unknown>)[name]);
  return values.find((value): value is string => typeof value === "string") ?? "";
}

/** Some errors of node have a code and no message. */
function words(error: Error): string {
  return error.message || ("code" in error ? String(error.code) : error.name);
}
