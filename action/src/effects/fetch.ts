import type { IncomingMessage } from "node:http";
import type { World } from "../effects";
import type { Authorization, Completion, Fetch, Keep } from "../generated/protocol";
import { clampDelay } from "../inbox";
import { http, https } from "../late";
import type { Secrets } from "../secrets";
import { unreachable } from "../unreachable";
import { refuse } from "./fault";

/** One HTTP exchange: the answer, whatever its status. */
export function fetch(effect: Fetch, world: World, signal: AbortSignal): Promise<Completion> {
  const body = effect.body === null ? null : Buffer.from(effect.body);
  const options = { method: effect.method, headers: headers(effect, body, world), signal };
  const request = (effect.url.startsWith("https:") ? https() : http()).request(effect.url, options);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      settle({ type: "timed-out", stdout: "", stderr: "" });
    }, clampDelay(effect.timeout));
    const settle = (completion: Completion): void => {
      clearTimeout(timer);
      resolve(completion);
      request.destroy();
    };
    const cut = (error: Error): void => settle({ type: "failed", fault: "unreachable", message: words(error) });
    request.on("error", cut);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("error", cut);
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size <= effect.limit) return chunks.push(chunk);
        return settle({
          type: "failed",
          fault: "too-large",
          message: `the answer has more than ${effect.limit} bytes`,
        });
      });
      response.on("end", () => {
        try {
          settle(answer(effect, response, Buffer.concat(chunks).toString("utf8"), world.secrets));
        } catch (error) {
          clearTimeout(timer);
          reject(error);
        }
      });
    });
    request.end(body);
  });
}

function headers(effect: Fetch, body: Buffer | null, world: World): Record<string, string> {
  const length = body === null ? {} : { "content-length": String(body.length) };
  const who = effect.authorization === null ? {} : { authorization: authorization(effect.authorization, world) };
  return { ...effect.headers, ...length, ...who };
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
