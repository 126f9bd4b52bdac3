import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { ApiError, outweigh } from "./index.ts";

/** A server that answers as told, and remembers what it was asked. */
async function aServer(
  t: TestContext,
  answer: (request: IncomingMessage, answer: ServerResponse, asked: number) => void,
) {
  const asked: { route: string; headers: IncomingMessage["headers"]; body: string }[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    asked.push({ route: `${request.method} ${request.url}`, headers: request.headers, body });
    answer(request, response, asked.length);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`, asked };
}

function say(answer: ServerResponse, value: unknown, status = 200): void {
  answer.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(value));
}

const busy = { error: "BUSY", message: "try again in a moment" };

test("asks with its token, and fills addresses, queries and bodies in", async (t) => {
  const { url, asked } = await aServer(t, (_, it) => say(it, { seen: true }));
  const api = outweigh({ url, token: "secret" });
  const answer: unknown = await api.post("/api/hosts/{id}/revoke", { path: { id: "a/b" }, body: { reason: "done" } });
  assert.deepEqual(answer, { seen: true });
  await api.get("/api/incidents", { query: { filter: "model:a&b", limit: 5, after: undefined } });
  await api.post("/api/ingest/{source}", { path: { source: "registry" }, body: "one line\n" });
  assert.deepEqual(
    asked.map(({ route, headers, body }) => [route, headers.authorization, headers["content-type"], body]),
    [
      ["POST /api/hosts/a%2Fb/revoke", "Bearer secret", "application/json", '{"reason":"done"}'],
      ["GET /api/incidents?filter=model%3Aa%26b&limit=5", "Bearer secret", undefined, ""],
      ["POST /api/ingest/registry", "Bearer secret", "application/x-ndjson", "one line\n"],
    ],
  );
});

test("a name stays one step of its address, whatever it is", async (t) => {
  const { url, asked } = await aServer(t, (_, it) => say(it, {}));
  const api = outweigh({ url });
  for (const id of ["", ".", "..", "\ud800"])
    await assert.rejects(api.get("/api/incidents/{id}", { path: { id } }), { code: "BAD_REQUEST", status: 0 });
  assert.equal(asked.length, 0);
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1 }), async (id) => {
      fc.pre(id !== "." && id !== "..");
      await api.get("/api/incidents/{id}", { path: { id } });
      assert.equal(asked.at(-1)?.route, `GET /api/incidents/${encodeURIComponent(id)}`);
    }),
    { numRuns: 50 },
  );
});

test("a secret goes to no server in the clear but one on this machine", () => {
  for (const url of [
    "http://outweigh.example",
    "http://127.0.0.1.example:7700",
    "ftp://127.0.0.1",
    "here",
    "https://outweigh.example/api",
  ])
    assert.throws(() => outweigh({ url, token: "secret" }), TypeError, url);
  for (const url of ["https://outweigh.example", "http://127.0.0.1:7700", "http://localhost:7700", "http://[::1]:7700"])
    assert.ok(outweigh({ url, token: "secret" }), url);
});

test("an address that is none of the API's names no other server", async (t) => {
  const { url, asked } = await aServer(t, (_, it) => say(it, {}));
  const api = outweigh({ url, token: "secret" });
  const get = (path: string): Promise<unknown> => Reflect.apply(api.get, api, [path]);
  for (const path of ["@127.0.0.2/api", ".example/api", "1/api", "", "\\@x"])
    await assert.rejects(get(path), { code: "BAD_REQUEST", status: 0 }, path);
  assert.equal(asked.length, 0);
});

test("what goes in the clear to this machine goes through no proxy that the environment names", async (t) => {
  const { url, asked } = await aServer(t, (_, it) => say(it, {}));
  const proxied: string[] = [];
  const proxy = createServer((request, answer) => {
    proxied.push(request.url ?? "");
    answer.end();
  });
  proxy.on("connect", (request, socket) => {
    proxied.push(request.url ?? "");
    socket.destroy();
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  t.after(() => proxy.close());
  const address = proxy.address();
  const at = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  const code = `
    const [, module, url] = process.argv;
    const { ask, outweigh } = await import(module);
    const before = JSON.stringify(process.env);
    await outweigh({ url, token: "secret" }).get("/api/overview");
    await ask(new URL("/keys", url), { headers: { authorization: "Bearer secret" } });
    process.exitCode = before === JSON.stringify(process.env) ? 0 : 3;`;
  const env = { ...process.env, NODE_USE_ENV_PROXY: "1", HTTP_PROXY: at, http_proxy: at, NO_PROXY: "example.org" };
  const args = ["--input-type=module", "-e", code, new URL("index.ts", import.meta.url).href, url];
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const [exit] = await once(child, "exit");
  assert.deepEqual([exit, proxied, asked.map((it) => it.route)], [0, [], ["GET /api/overview", "GET /keys"]]);
});

test("no redirection is followed: what is shown to one server is shown to no other", async (t) => {
  const other = await aServer(t, (_, it) => say(it, {}));
  const { url } = await aServer(t, (_, it) => it.writeHead(307, { location: `${other.url}/api/overview` }).end());
  await assert.rejects(outweigh({ url, token: "secret" }).get("/api/overview"), { code: "HTTP_307", status: 307 });
  assert.deepEqual(other.asked, []);
});

test("a server's refusal is an error with its code, status and words", async (t) => {
  const { url } = await aServer(t, (_, it) => say(it, { error: "NOT_FOUND", message: "there is no incident 7" }, 404));
  const found = outweigh({ url }).get("/api/incidents/{id}", { path: { id: "7" } });
  await assert.rejects(found, { name: "ApiError", code: "NOT_FOUND", status: 404, message: "there is no incident 7" });
});

test("what is no answer of the API is an error with a code of its own", async (t) => {
  const pages = [
    (it: ServerResponse) => it.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway"),
    (it: ServerResponse) => it.writeHead(200, { "content-type": "application/json" }).end("{"),
    (it: ServerResponse) => say(it, { error: 7, message: {} }, 500),
    (it: ServerResponse) => say(it, { error: "\u001b[2J", message: "gone" }, 500),
    (it: ServerResponse) => say(it, null, 404),
    (it: ServerResponse) => it.destroy(),
  ];
  const { url } = await aServer(t, (_, it, asked) => pages[asked - 1]?.(it));
  const codes: string[] = [];
  for (const _ of pages)
    await outweigh({ url })
      .get("/api/overview")
      .catch((error: unknown) => error instanceof ApiError && codes.push(error.code));
  assert.deepEqual(codes, ["HTTP_502", "UNKNOWN_ANSWER", "HTTP_500", "HTTP_500", "HTTP_404", "NOT_REACHED"]);
  await assert.rejects(outweigh({ url: "http://127.0.0.1:1" }).get("/api/overview"), { code: "NOT_REACHED" });
});

test("a server that is busy is asked again, as long as patience lasts", async (t) => {
  const { url, asked } = await aServer(t, (_, it, times) => (times < 3 ? say(it, busy, 503) : say(it, { items: [] })));
  assert.deepEqual(await outweigh({ url }).get("/api/hunts"), { items: [] });
  assert.equal(asked.length, 3);
  const always = await aServer(t, (_, it) => say(it, busy, 503));
  await assert.rejects(outweigh({ url: always.url, patienceMs: 0 }).get("/api/hunts"), { code: "BUSY", status: 503 });
});

test("a server that says nothing is not waited for for ever, and less if somebody says so", async (t) => {
  const { url } = await aServer(t, () => {});
  await assert.rejects(outweigh({ url, answerMs: 50 }).get("/api/overview"), { code: "NO_ANSWER", status: 0 });
  const half = await aServer(t, (_, it) => it.writeHead(200, { "content-type": "application/json" }).write("{"));
  const unfinished = outweigh({ url: half.url, answerMs: 500 }).get("/api/overview");
  await assert.rejects(unfinished, { code: "NO_ANSWER", status: 0 });
  const stop = new AbortController();
  const waiting = outweigh({ url }).get("/api/overview", { signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(waiting, { message: "enough" });
});

test("goes through every page of a list, and asks for none twice", async (t) => {
  const pages: Record<string, object> = {
    "": { items: [{ id: "a" }, { id: "b" }], total: 3, next: "x" },
    x: { items: [{ id: "c" }], total: 3, next: "x" },
  };
  const { url, asked } = await aServer(t, ({ url = "" }, it) =>
    say(it, pages[new URL(url, "http://h").searchParams.get("after") ?? ""]),
  );
  const ids: string[] = [];
  for await (const { id } of outweigh({ url }).each("/api/incidents", { query: { limit: 2 } })) ids.push(id);
  assert.deepEqual(ids, ["a", "b", "c"]);
  assert.deepEqual(
    asked.map((it) => it.route),
    ["GET /api/incidents?limit=2", "GET /api/incidents?limit=2&after=x"],
  );
  for await (const { id } of outweigh({ url }).each("/api/incidents")) if (id === "b") break;
  assert.equal(asked.length, 3, "a page that nobody wants is not asked for");
});

test("hears what changes until the server ends it, however the bytes are cut", async (t) => {
  const text = 'retry: 1000\n\n: still here\n\ndata: {"noun":"incident","id":"é"}\n\ndata: {"noun":"evidence"}\n\n';
  const { url } = await aServer(t, (_, it) => {
    it.writeHead(200, { "content-type": "text/event-stream" });
    for (const byte of Buffer.from(text)) it.write(Buffer.of(byte));
    it.end();
  });
  const heard: object[] = [];
  for await (const change of outweigh({ url }).live()) heard.push(change);
  assert.deepEqual(heard, [{ noun: "incident", id: "é" }, { noun: "evidence" }]);
});

test("a stream that is no stream of changes is an error with a code", async (t) => {
  const long = "x".repeat(200_000);
  const texts = ["data: 7\n\n", `data: ${long}`];
  const { url } = await aServer(t, (_, it, asked) => it.end(texts[asked - 1]));
  for (const _ of texts) await assert.rejects(outweigh({ url }).live().next(), { code: "UNKNOWN_ANSWER" });
  const gone = await aServer(t, (_, it) => say(it, { error: "NOT_SIGNED_IN", message: "nobody has this token" }, 401));
  await assert.rejects(outweigh({ url: gone.url }).live().next(), { code: "NOT_SIGNED_IN", status: 401 });
});

test("listening ends when somebody says so, or stops to listen", async (t) => {
  const closed: Promise<void>[] = [];
  const { url } = await aServer(t, (_, it) => {
    closed.push(new Promise((done) => it.once("close", () => done())));
    it.writeHead(200, { "content-type": "text/event-stream" }).write('data: {"noun":"rule"}\n\n');
  });
  for await (const _ of outweigh({ url }).live()) break;
  const stop = new AbortController();
  const listening = outweigh({ url }).live({ signal: stop.signal });
  await listening.next();
  stop.abort(new Error("enough"));
  await assert.rejects(listening.next(), { message: "enough" });
  await Promise.all(closed);
  assert.equal(closed.length, 2);
});
