import type { ClientRequest, IncomingMessage } from "node:http";
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
    const request = (url.startsWith("https:") ? https() : http()).request(url, { method, headers, signal });
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
      response.on("error", cut);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        chunks.push(chunk);
        if (size > effect.limit) {
          settle({ type: "failed", fault: "too-large", message: `the answer has more than ${effect.limit} bytes` });
        }
      });
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

/** Sends what is known; gives the request whose answer is to be sent. */
function send(
  body: Body | null,
  request: ClientRequest,
  world: World,
  ask: (method: string, url: string, headers: Record<string, string>) => ClientRequest,
): ClientRequest | null {
  if (body?.type === "answer") return ask("GET", body.url, who(body.authorization, world));
  request.end(body?.text);
  return null;
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

function authorization(who: Authorization, { env, secrets, blotter }: World): string {
  switch (who.type) {
    case "basic": {
      const user =
        env[who.user] || refuse("secret-missing", `the environment variable ${who.user} is not set, or empty`);
      const text = Buffer.from(`${user}:${secrets.reveal(who.password)}`).toString("base64");
      blotter.add(text);
      return `Basic ${text}`;
    }
    case "variable":
      return `Bearer ${secrets.reveal(who.name)}`;
    case "bearer":
      return `Bearer ${secrets.kept(who.kept)}`;
    default:
      return unreachable(who);
  }
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
