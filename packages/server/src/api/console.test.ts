import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import Fastify, { type FastifyInstance } from "fastify";
import { aFolder } from "../testing/a-server.ts";
import { serveConsole } from "./console.ts";

const folder = aFolder("console");
let app: FastifyInstance;

before(async () => {
  mkdirSync(join(folder.path, "dist", "assets"), { recursive: true });
  writeFileSync(join(folder.path, "secret"), "secret");
  writeFileSync(join(folder.path, "dist", ".hidden"), "secret");
  writeFileSync(join(folder.path, "dist", "theme.js"), "1");
  writeFileSync(join(folder.path, "dist", "assets", "main-abc123.js"), "2");
  writeFileSync(
    join(folder.path, "dist", "index.html"),
    '<meta name="csp-nonce" content="__CSP_NONCE__"><p>console</p>',
  );
  app = Fastify();
  await serveConsole(app, join(folder.path, "dist"));
});
after(async () => {
  await app.close();
  folder.remove();
});

const page = (url: string) => app.inject({ url, headers: { accept: "text/html" } });

test("every place of the console is the page, with a nonce of its own", async () => {
  const [first, second] = [await page("/"), await page("/incidents/INC-1?filter=status:open")];
  const nonce = (it: typeof first) => /content="([^"]+)"/.exec(it.body)?.[1];
  assert.deepEqual([first.statusCode, second.statusCode], [200, 200]);
  assert.notEqual(nonce(first), nonce(second));
  assert.ok(String(first.headers["content-security-policy"]).includes(`style-src 'self' 'nonce-${nonce(first)}'`));
  assert.equal(first.headers["cache-control"], "no-store");
});

test("files with a hash in their name are kept for ever, others are asked for again", async () => {
  const hashed = await app.inject("/assets/main-abc123.js");
  assert.match(String(hashed.headers["cache-control"]), /max-age=31536000, immutable/);
  const plain = await app.inject("/theme.js");
  assert.equal(plain.statusCode, 200);
  assert.doesNotMatch(String(plain.headers["cache-control"]), /immutable/);
});

test("a console that is built anew is served from then on, its page first", async () => {
  const at = join(folder.path, "dist", "index.html");
  const before = readFileSync(at, "utf8");
  writeFileSync(at, '<script type="module" src="/assets/main-def456.js"></script>');
  writeFileSync(join(folder.path, "dist", "assets", "main-def456.js"), "3");
  assert.match((await page("/incidents")).body, /main-def456/);
  assert.equal((await app.inject("/assets/main-def456.js")).statusCode, 200);
  writeFileSync(at, before);
  assert.match((await page("/incidents")).body, /console/);
});

test("the page without its nonce is not to be had", async () => {
  assert.doesNotMatch((await page("/index.html")).body, /__CSP_NONCE__/);
});

test("nothing outside the folder is served, however the path is written", async () => {
  for (const path of [
    "/../secret",
    "/assets/../../secret",
    "/%2e%2e/secret",
    "/assets/..%2f..%2fsecret",
    "/assets/%2e%2e%2f%2e%2e%2fsecret",
    "/.hidden",
    "/%00",
    "//secret",
  ]) {
    const { statusCode, body } = await app.inject({ url: path, headers: { accept: "*/*" } });
    assert.ok(statusCode === 404 || statusCode === 400 || statusCode === 403, `${path}: ${statusCode}`);
    assert.doesNotMatch(body, /^secret/);
  }
});

test("a missing asset and a missing API are not the page", async () => {
  assert.equal((await page("/assets/old-1.js")).statusCode, 404);
  assert.equal((await page("/api/none")).statusCode, 404);
});

test("without a built console a page says so", async () => {
  const bare = Fastify();
  await serveConsole(bare, undefined);
  const { statusCode, body } = await bare.inject("/");
  await bare.close();
  assert.equal(statusCode, 503);
  assert.match(body, /was not built/);
});
