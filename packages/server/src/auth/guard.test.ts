import assert from "node:assert/strict";
import { test } from "node:test";
import Fastify from "fastify";
import { ServerError } from "../error.ts";
import { allowedHosts, guard, refuseUnknown } from "./guard.ts";

function anApp() {
  const app = Fastify();
  app.setErrorHandler((error, _, reply) => reply.code(error instanceof ServerError ? error.status : 500).send());
  guard(app, () => allowedHosts(7700));
  app.get("/", () => "page");
  app.post("/", () => "done");
  return app;
}

async function statusOf(method: "GET" | "POST", headers: Record<string, string>): Promise<number> {
  const { statusCode } = await anApp().inject({ method, url: "/", headers: { host: "127.0.0.1:7700", ...headers } });
  return statusCode;
}

const own = { origin: "http://127.0.0.1:7700", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors" };

test("our own pages and programs are answered", async () => {
  assert.equal(await statusOf("GET", {}), 200);
  assert.equal(await statusOf("GET", { "sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors" }), 200);
  assert.equal(await statusOf("GET", { "sec-fetch-site": "none", "sec-fetch-mode": "navigate" }), 200);
  assert.equal(await statusOf("POST", own), 200);
});

test("a foreign page may link to us, and nothing else", async () => {
  for (const site of ["cross-site", "same-site"]) {
    const from = { "sec-fetch-site": site };
    const click = { ...from, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
    assert.equal(await statusOf("GET", click), 200);
    assert.equal(await statusOf("POST", { ...own, ...click }), 403);
    assert.equal(await statusOf("GET", { ...from, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image" }), 403);
    assert.equal(await statusOf("GET", { ...from, "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }), 403);
  }
});

test("an address with a NUL is refused before a database is asked", async () => {
  const { statusCode } = await anApp().inject({ url: "/?filter=a%00", headers: { host: "127.0.0.1:7700" } });
  assert.equal(statusCode, 400);
});

test("behind a TLS proxy its name is ours too, over TLS alone, and no other name that points here is", async () => {
  const app = Fastify();
  app.setErrorHandler((error, _, reply) => reply.code(error instanceof ServerError ? error.status : 500).send());
  guard(app, () => allowedHosts(7700, "https://outweigh.example"));
  app.get("/", () => "page");
  app.post("/", () => "done");
  const ask = async (host: string, origin?: string) => {
    const method = origin === undefined ? "GET" : "POST";
    return (await app.inject({ method, url: "/", headers: { host, ...(origin && { origin }) } })).statusCode;
  };
  assert.deepEqual([await ask("outweigh.example"), await ask("127.0.0.1:7700")], [200, 200]);
  assert.deepEqual([await ask("rebound.example"), await ask("outweigh.example:7700")], [403, 403]);
  assert.equal(await ask("outweigh.example", "https://outweigh.example"), 200);
  assert.equal(await ask("127.0.0.1:7700", "http://127.0.0.1:7700"), 200);
  // In the clear, that name's page may be anybody's; and no TLS is ours on this machine.
  assert.equal(await ask("outweigh.example", "http://outweigh.example"), 403);
  assert.equal(await ask("127.0.0.1:7700", "https://127.0.0.1:7700"), 403);
  assert.equal(await ask("outweigh.example", "https://evil.example"), 403);
});

test("a token that nobody has is refused before anything else is asked or done", async () => {
  const app = Fastify();
  const asked: string[] = [];
  refuseUnknown(app, (it) => it === "known");
  app.addHook("onRequest", async ({ url }) => void asked.push(url));
  app.get("/", () => "page");
  app.post("/", () => "done");
  const ask = (method: "GET" | "POST", token?: string) =>
    app.inject({ method, url: "/", headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  const refused = await ask("GET", "guess");
  assert.deepEqual([refused.statusCode, refused.json().error, asked], [401, "NOT_SIGNED_IN", []]);
  assert.deepEqual([(await ask("GET", "known")).statusCode, (await ask("POST")).statusCode], [200, 200]);
});

test("a token asks without a page, and so without its origin", async () => {
  assert.equal(await statusOf("POST", { authorization: "Bearer x" }), 200);
});

test("a foreign name or origin is refused", async () => {
  assert.equal(await statusOf("GET", { host: "evil.example:7700" }), 403);
  assert.equal(await statusOf("GET", { origin: "null" }), 403);
  assert.equal(await statusOf("POST", { authorization: "Basic eDp5" }), 403);
});
