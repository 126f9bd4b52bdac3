// Requests that mean two things to two readers, one by one, over raw sockets. What is refused must not reach the model server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { aGateway, type TestGateway } from "../testing/a-gateway.ts";
import { sendRaw, statuses } from "../testing/raw.ts";
import { mockUpstream, saying, type MockUpstream } from "../testing/upstream.ts";

let upstream: MockUpstream;
let it: TestGateway;
const body = '{"model":"m","messages":[]}';

before(async () => {
  upstream = await mockUpstream(saying({ choices: [] }));
  it = await aGateway({
    upstreams: [{ name: "mock", protocol: "openai", url: upstream.url, credential: "${MODEL_KEY}" }],
  });
});
after(async () => {
  await it.close();
  await upstream.close();
});

const line = "POST /v1/chat/completions HTTP/1.1\r\n";
const own = () => `Host: gateway\r\nAuthorization: Bearer ${it.key}\r\n`;
const framed = `Content-Length: ${body.length}\r\n\r\n${body}`;

/** Sends one hostile request; nothing of it may reach the model server. */
async function refused(bytes: string | Buffer, expected: readonly number[]): Promise<string> {
  const before = upstream.reached.length;
  const said = await sendRaw(it.gateway.url, bytes);
  assert.equal(upstream.reached.length, before, `it reached the model server; answered: ${said.slice(0, 200)}`);
  const [status] = statuses(said);
  if (status === undefined) assert.ok(expected.includes(0), "no answer");
  else assert.ok(expected.includes(status), `answered ${status}`);
  return said;
}

test("a plain request is answered, so that the refusals below say something", async () => {
  assert.deepEqual(statuses(await sendRaw(it.gateway.url, line + own() + framed)), [200]);
});

const cases: readonly (readonly [what: string, bytes: () => string, expected: readonly number[]])[] = [
  [
    "1. a length and chunks",
    () => `${line}${own()}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`,
    [400],
  ],
  ["2. two lengths", () => `${line}${own()}Content-Length: 4\r\nContent-Length: 5\r\n\r\n${body}`, [400]],
  ["3. an unknown coding", () => `${line}${own()}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, [400]],
  ["4. chunked that is not last", () => `${line}${own()}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`, [400]],
  ["5. a blank before the colon", () => `${line}${own()}Content-Length : ${body.length}\r\n\r\n${body}`, [400]],
  ["6. a length with a sign", () => `${line}${own()}Content-Length: +5\r\n\r\n${body}`, [400]],
  ["7. a length of two numbers", () => `${line}${own()}Content-Length: 5 5\r\n\r\n${body}`, [400]],
  [
    "8. bare line feeds",
    () => `POST /v1/chat/completions HTTP/1.1\nHost: a\nAuthorization: Bearer ${it.key}\nContent-Length: 0\n\n`,
    [400],
  ],
  ["9. a folded field", () => `${line}${own()}X-A: b\r\n c\r\n${framed}`, [400]],
  ["10. a carriage return in a value", () => `${line}${own()}X-A: b\rc\r\n${framed}`, [400]],
  ["11. a NUL in a value", () => `${line}${own()}X-A: b\u0000c\r\n${framed}`, [400]],
  [
    "12. a line feed in a chunk's extension",
    () => `${line}${own()}Transfer-Encoding: chunked\r\n\r\n1;a\n\r\nx\r\n0\r\n\r\n`,
    [400],
  ],
  ["13. a chunk's size with 0x", () => `${line}${own()}Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n`, [400]],
  ["14. no host", () => `${line}Authorization: Bearer ${it.key}\r\n${framed}`, [400]],
  ["15. 20 kB of header", () => `${line}${own()}X-A: ${"a".repeat(20_000)}\r\n${framed}`, [431]],
  ["16. an absolute target", () => `POST http://model/v1/chat/completions HTTP/1.1\r\n${own()}${framed}`, [400]],
  ["17. a path that climbs", () => `POST /v1/../api/push HTTP/1.1\r\n${own()}${framed}`, [400]],
  ["18. two hosts", () => `${line}${own()}Host: other\r\n${framed}`, [400]],
  ["19. two credentials of one kind", () => `${line}${own()}Authorization: Bearer other\r\n${framed}`, [400]],
  [
    "21. HTTP/1.0 with chunks",
    () => `POST /v1/chat/completions HTTP/1.0\r\n${own()}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    [400, 505],
  ],
];

for (const [what, bytes, expected] of cases) {
  test(`${what}: refused`, async () => {
    await refused(bytes(), expected);
  });
}

test("20. a field that Connection nominates, and claimed identities, do not go on", async () => {
  const claims =
    "X-Principal: admin\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nX-Request-Id: abc\r\nCookie: a=b\r\n";
  const said = await sendRaw(
    it.gateway.url,
    `${line}${own()}Connection: keep-alive, X-Request-Id\r\n${claims}${framed}`,
  );
  assert.deepEqual(statuses(said), [200]);
  const names =
    upstream.reached
      .at(-1)
      ?.headers.filter((_, i) => i % 2 === 0)
      .map((name) => name.toLowerCase()) ?? [];
  for (const name of ["x-principal", "x-forwarded-for", "forwarded", "x-request-id", "cookie"]) {
    assert.ok(!names.includes(name), `${name} went on`);
  }
});

test("22. requests that are sent together are answered one by one, and each is counted", async () => {
  const before = upstream.reached.length;
  const counted = async () =>
    Number(((await it.admin("GET", "/clients")).json["clients"] as { requests: number }[])[0]?.requests);
  const from = await counted();
  const said = await sendRaw(it.gateway.url, (line + own() + framed).repeat(3), 3);
  assert.deepEqual(statuses(said), [200, 200, 200]);
  assert.equal(upstream.reached.length - before, 3);
  assert.equal((await counted()) - from, 3);
});

test("chunks are put together: the model server gets one length and no coding", async () => {
  const chunked = `${line}${own()}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\nTrailer: x\r\n\r\n`;
  assert.deepEqual(statuses(await sendRaw(it.gateway.url, chunked)), [200]);
  const got = upstream.reached.at(-1);
  assert.equal(got?.body, body);
  const fields = (got?.headers ?? []).map((field) => field.toLowerCase());
  assert.ok(fields.includes("content-length") && !fields.includes("transfer-encoding"));
});

test("the client's key stays here; the model server gets its own", async () => {
  await sendRaw(it.gateway.url, line + own() + framed);
  const fields = upstream.reached.at(-1)?.headers.join("\n") ?? "";
  assert.ok(!fields.includes(it.key));
  assert.ok(fields.includes("Bearer the-model-servers-own-key"));
});

for (const target of [
  "/v1/chat%2fcompletions",
  "/v1/chat%5ccompletions",
  "/v1//chat/completions",
  "/v1/./chat/completions",
  "/v1/%2e%2e/api/push",
  "/v1/chat/completions%00",
  "/v1/chat/completions%zz",
  "/v1/chat/completions#x",
  "/v1/chat\\completions",
  `/${"a".repeat(3000)}`,
  "*",
]) {
  test(`the target ${target.slice(0, 40)} is refused`, async () => {
    await refused(`POST ${target} HTTP/1.1\r\n${own()}${framed}`, [400]);
  });
}

test("two different credentials at once are refused", async () => {
  await refused(`${line}${own()}X-Api-Key: ${it.key}\r\n${framed}`, [400]);
});

test("a query that no route knows is refused, and tunnels and upgrades lead nowhere", async () => {
  await refused(`POST /v1/chat/completions?x=1 HTTP/1.1\r\n${own()}${framed}`, [400]);
  await refused(`CONNECT model:80 HTTP/1.1\r\n${own()}\r\n`, [0, 400]);
  await refused(`GET /v1/realtime HTTP/1.1\r\n${own()}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, [403]);
});

test("a compressed request is refused: what cannot be read is not forwarded", async () => {
  await refused(`${line}${own()}Content-Encoding: gzip\r\n${framed}`, [415]);
});

test("a body beyond the cap is refused at its stated length, and when it only grows that long", async () => {
  await refused(`${line}${own()}Content-Length: 99999999\r\n\r\n`, [413]);
  const chunk = `${(65_536).toString(16)}\r\n${"a".repeat(65_536)}\r\n`;
  await refused(`${line}${own()}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(70)}0\r\n\r\n`, [413]);
});

test("what is behind a refused body is not taken for a request", async () => {
  const hidden = `${line}${own()}${framed}`;
  const said = await refused(`${line}${own()}Content-Length: 99999999\r\n\r\n${hidden}`, [413]);
  assert.equal(statuses(said).length, 1);
});

test("a client that sends its header slowly is cut off", { timeout: 120_000 }, async () => {
  const before = upstream.reached.length;
  const said = await sendRaw(it.gateway.url, `${line}Host: a\r\n`).catch(() => "");
  assert.ok(said === "" || statuses(said)[0] === 408, said.slice(0, 100));
  assert.equal(upstream.reached.length, before);
});

test("names that stand twice in a body, also in disguise, are refused", async () => {
  const twice = '{"model":"m","logprobs":false,"log\\u0070robs":true,"messages":[]}';
  await refused(`${line}${own()}Content-Length: ${twice.length}\r\n\r\n${twice}`, [400]);
});
