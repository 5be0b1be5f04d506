import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { perform } from "../src/effects";
import type { Completion, Fetch } from "../src/generated/protocol";
import { worldOf } from "./support/world";

const never = new AbortController().signal;

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function served(handler: Handler, use: (url: string, server: Server) => Promise<void>): Promise<void> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function fetched(url: string, change: Partial<Fetch> = {}): { type: "fetch" } & Fetch {
  const rest = {
    headers: {},
    authorization: null,
    direct: true,
    body: null,
    timeout: 5000,
    limit: 1000,
    want: [],
    keep: null,
    save: null,
  };
  return { type: "fetch", method: "GET", url, ...rest, ...change };
}

const faultOf = (completion: Completion) => (completion.type === "failed" ? completion.fault : completion.type);

test("an answer is handed back whatever its status, with the headers that were wanted", async (t) => {
  const handler: Handler = (request, response) => {
    response.writeHead(307, { Location: "/elsewhere", "X-Other": "1" });
    response.end(`${request.method} ${request.headers.accept}`);
  };
  await served(handler, async (url) => {
    const effect = fetched(`${url}/x`, { headers: { accept: "a/b" }, want: ["location", "missing"] });
    const body = "GET a/b";
    const expected = { type: "fetched", status: 307, headers: { location: "/elsewhere" }, body };
    assert.deepEqual(await perform(effect, worldOf(t), never), expected);
  });
});

test("what is to be saved goes into a file byte for byte, and nowhere else", async (t) => {
  const bytes = Buffer.from([0, 255, 254, 10, 13, 0x1f, 0x8b]);
  const folder = mkdtempSync(join(tmpdir(), "cd-action-save-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "a/b");
  const handler: Handler = (request, response) => {
    response.statusCode = request.url === "/no" ? 404 : 200;
    response.end(request.url === "/cut" ? undefined : bytes);
  };
  await served(handler, async (url) => {
    const there = { type: "fetched", status: 200, headers: {}, body: "" };
    assert.deepEqual(await perform(fetched(`${url}/yes`, { save: path }), worldOf(t), never), there);
    assert.deepEqual(readFileSync(path), bytes);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const missing = await perform(fetched(`${url}/no`, { save: join(folder, "no") }), worldOf(t), never);
    assert.equal(missing.type === "fetched" && missing.status, 404);
    assert.equal(existsSync(join(folder, "no")), false);
    assert.equal(faultOf(await perform(fetched(url, { save: path, limit: 3 }), worldOf(t), never)), "too-large");
    assert.equal(faultOf(await perform(fetched(url, { save: "/dev/null/x" }), worldOf(t), never)), "other");
  });
});

test("an answer that is cut is not taken for a whole file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "cd-action-save-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const handler: Handler = (_request, response) => {
    response.setHeader("content-length", "1000");
    response.write("half of it", () => response.destroy());
  };
  await served(handler, async (url) => {
    const completion = await perform(fetched(url, { save: join(folder, "a") }), worldOf(t), never);
    assert.equal(faultOf(completion), "unreachable");
  });
});

test("a body goes out byte for byte", async (t) => {
  const handler: Handler = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end(`${request.headers["content-length"]} ${Buffer.concat(chunks).toString("hex")}`);
  };
  await served(handler, async (url) => {
    const completion = await perform(
      fetched(url, { method: "PUT", body: { type: "text", text: "{ }\né" } }),
      worldOf(t),
      never,
    );
    assert.equal(completion.type === "fetched" && completion.body, "6 7b207d0ac3a9");
  });
});

test("a user whose name is everybody's is told with a password", async (t) => {
  const handler: Handler = (request, response) => response.end(request.headers.authorization);
  await served(handler, async (url) => {
    const world = worldOf(t, { TOKEN: "s3cret-and-long" });
    const who = { type: "named", user: "__token__", password: "TOKEN" } as const;
    const completion = await perform(fetched(url, { authorization: who }), world, never);
    const text = Buffer.from("__token__:s3cret-and-long").toString("base64");
    assert.equal(completion.type === "fetched" && completion.body, `Basic ${text}`);
    assert.ok(!world.blotter.blot(text).includes(text));
  });
});

test("user and password are told, and blotted in what comes back", async (t) => {
  const handler: Handler = (request, response) => response.end(request.headers.authorization);
  await served(handler, async (url) => {
    const world = worldOf(t, { USER_NAME: "robot", TOKEN: "s3cret-and-long" });
    const who = { type: "basic", user: "USER_NAME", password: "TOKEN" } as const;
    const completion = await perform(fetched(url, { authorization: who }), world, never);
    assert.ok(completion.type === "fetched");
    const text = Buffer.from("robot:s3cret-and-long").toString("base64");
    assert.equal(completion.body, `Basic ${text}`);
    assert.equal(world.blotter.blot(completion.body), "Basic ***");
    assert.equal(world.blotter.blot("robot"), "robot", "a user's name is no secret");
  });
});

test("a variable that is not set is a failure with its name", async (t) => {
  const who = { type: "basic", user: "U", password: "P" } as const;
  for (const env of [{ U: "a" }, { P: "a-password" }]) {
    const completion = await perform(fetched("http://127.0.0.1:1", { authorization: who }), worldOf(t, env), never);
    assert.equal(faultOf(completion), "secret-missing");
  }
});

test("a token is kept, and not handed back", async (t) => {
  const handler: Handler = (request, response) => {
    const { authorization } = request.headers;
    response.end(authorization ?? JSON.stringify({ token: 7, access_token: "tok-en-of-length" }));
  };
  await served(handler, async (url) => {
    const world = worldOf(t);
    const keep = { members: ["token", "access_token"], name: "k" };
    const first = await perform(fetched(url, { keep }), world, never);
    assert.deepEqual(first, { type: "fetched", status: 200, headers: {}, body: "" });
    const second = await perform(fetched(url, { authorization: { type: "bearer", kept: "k" } }), world, never);
    assert.equal(second.type === "fetched" && world.blotter.blot(second.body), "Bearer ***");
  });
});

test("an answer without a token keeps none", async (t) => {
  for (const body of ["", "[]", "{}", "null", '{"token":""}']) {
    await served(
      (_, response) => response.end(body),
      async (url) => {
        const world = worldOf(t);
        await perform(fetched(url, { keep: { members: ["token"], name: "k" } }), world, never);
        const next = await perform(fetched(url, { authorization: { type: "bearer", kept: "k" } }), world, never);
        assert.equal(faultOf(next), "secret-missing", body);
      },
    );
  }
});

test("who does not answer, cuts the connection or says too much is a failure of the world", async (t) => {
  const cases: Array<[Handler, Partial<Fetch>, string]> = [
    [() => {}, { timeout: 100 }, "timed-out"],
    [(request) => request.socket.destroy(), {}, "unreachable"],
    [
      (_, response) => response.writeHead(200, { "content-length": "9" }).write("a", () => response.destroy()),
      {},
      "unreachable",
    ],
    [(_, response) => response.end("a".repeat(1001)), {}, "too-large"],
  ];
  for (const [handler, change, expected] of cases) {
    await served(handler, async (url) => {
      assert.equal(faultOf(await perform(fetched(url, change), worldOf(t), never)), expected);
    });
  }
  assert.equal(faultOf(await perform(fetched("http://127.0.0.1:1"), worldOf(t), never)), "unreachable");
});

test("what is aborted ends at once", async (t) => {
  await served(
    () => {},
    async (url) => {
      const abort = new AbortController();
      setTimeout(() => abort.abort(), 50);
      assert.equal(faultOf(await perform(fetched(url), worldOf(t), abort.signal)), "unreachable");
    },
  );
});

test("what one server answers is sent to another, byte for byte", async (t) => {
  const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, at) => at % 256));
  const handler: Handler = async (request, response) => {
    if (request.method === "GET") return void response.writeHead(request.url === "/gone" ? 404 : 200).end(bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    return void response.end(String(Buffer.concat(chunks).equals(bytes)));
  };
  await served(handler, async (url) => {
    const sent = (from: string) => {
      const body = { type: "answer", url: from, authorization: null } as const;
      return perform(fetched(url, { method: "PUT", body }), worldOf(t), never);
    };
    const completion = await sent(`${url}/piece`);
    assert.equal(completion.type === "fetched" && completion.body, "true");
    assert.equal(faultOf(await sent(`${url}/gone`)), "unreachable");
    assert.equal(faultOf(await sent("http://127.0.0.1:1/")), "unreachable");
  });
});

test("a file goes out byte for byte, and one that is not there is a failure with its name", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "cd-fetch-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, at) => at % 256));
  writeFileSync(join(dir, "file"), bytes);
  const handler: Handler = async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end(`${request.headers["content-length"]} ${Buffer.concat(chunks).equals(bytes)}`);
  };
  await served(handler, async (url) => {
    const send = (name: string) => {
      const body = { type: "file", path: join(dir, name) } as const;
      return perform(fetched(url, { method: "POST", body }), worldOf(t), never);
    };
    const completion = await send("file");
    assert.equal(completion.type === "fetched" && completion.body, "200000 true");
    assert.equal(faultOf(await send("missing")), "not-found");
  });
});

test("a token of the environment is told, and blotted in what comes back", async (t) => {
  const handler: Handler = (request, response) => response.end(request.headers.authorization);
  await served(handler, async (url) => {
    const world = worldOf(t, { FORGE: "a-token-of-length" });
    const completion = await perform(
      fetched(url, { authorization: { type: "variable", name: "FORGE" } }),
      world,
      never,
    );
    assert.equal(completion.type === "fetched" && completion.body, "Bearer a-token-of-length");
    assert.equal(world.blotter.blot("a-token-of-length"), "***");
  });
});

test("a login that was kept is told, and its password blotted", async (t) => {
  const handler: Handler = (request, response) => response.end(request.headers.authorization);
  await served(handler, async (url) => {
    const world = worldOf(t);
    const text = Buffer.from("robot:pass:word-of-length").toString("base64");
    world.secrets.keep("k", text);
    const completion = await perform(fetched(url, { authorization: { type: "login", kept: "k" } }), world, never);
    assert.equal(completion.type === "fetched" && completion.body, `Basic ${text}`);
    assert.equal(world.blotter.blot("pass:word-of-length robot"), "*** robot");
  });
});

test("a proxy of the environment is asked, but for what goes there itself", async (t) => {
  const handler: Handler = (request, response) => response.end(request.url);
  await served(handler, async (proxy) => {
    const world = worldOf(t, { HTTP_PROXY: proxy, http_proxy: proxy });
    const completion = await perform(fetched("http://registry.example/v2/", { direct: false }), world, never);
    assert.equal(completion.type === "fetched" && completion.body, "http://registry.example/v2/");
    const direct = await perform(fetched(`${proxy}/own`), world, never);
    assert.equal(direct.type === "fetched" && direct.body, "/own");
  });
});
