// Each sender in its own shape, to one server: what it sends becomes events of its source.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Running } from "../start.ts";
import { bytes, fixed, message, text, whole } from "../testing/a-protobuf.ts";
import { accessLine, aFolder, aServer, eventually, signIn, type Visitor } from "../testing/a-server.ts";

const folder = aFolder("ways");
let server: Running;
let visitor: Visitor;

before(async () => {
  server = await aServer(join(folder.path, "data"), {
    models: [{ name: "acme-13b", class: "private", places: ["s3://models/acme-13b/", "oci:models/acme-13b"] }],
    sources: [
      { name: "edge", kind: "http-access", syslog: { tcp: 0 } },
      { name: "spans", kind: "otel" },
      { name: "lines", kind: "http-access" },
      { name: "registry", kind: "oci-notification" },
      { name: "minio", kind: "minio" },
      { name: "falco", kind: "falco" },
      { name: "gcp", kind: "gcp-audit" },
    ],
  });
  visitor = await signIn(server.link());
});

after(async () => {
  await server.close();
  folder.remove();
});

// oxlint-disable-next-line typescript/no-explicit-any -- answers of the API
async function source(name: string): Promise<any> {
  return (await visitor.get(`/api/sources?filter=name:${name}`)).body.items.find(
    (it: { name: string }) => it.name === name,
  );
}

async function events(name: string, count = 1) {
  const ask = async () => (await visitor.get(`/api/events?filter=source:${name}`)).body.items;
  return eventually(ask, (it) => it.length >= count);
}

async function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
  return fetch(server.url + path, { method: "POST", body: new Uint8Array(Buffer.from(body)), headers });
}

const bearer = (name: string) => ({ authorization: `Bearer ${server.token(name)}` });

test("a line by syslog is an event of its source, and what is none is a reject with its sender", async () => {
  const { at } = (await source("edge")).collector;
  const socket = connect(Number(/^tcp 127\.0\.0\.1:(\d+)$/.exec(at)?.[1]), "127.0.0.1");
  socket.end(`<190>Nov 26 02:03:04 web1 nginx: ${accessLine("a.safetensors")}\nGET /\n`);
  const [event] = await events("edge");
  assert.equal(event.principal, "old-ci");
  const it = await eventually(
    () => source("edge"),
    (now) => now.rejects === 1,
  );
  assert.match(it.samples[0].reason, /^syslog from 127\.0\.0\.1: no syslog message/);
  assert.deepEqual([it.collector.way, it.collector.taken, it.samples[0].record], ["syslog", 1, "GET /"]);
});

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
const span = (attributes: object[], startTimeUnixNano: string) => ({
  spanId: "eee19b7ec3c1b174",
  traceId: "5b8efff798038103d269b633813fc60c",
  attributes,
  startTimeUnixNano,
});
const traces = (...spans: object[]) => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const call = [attribute("gen_ai.request.model", "acme-13b"), attribute("gen_ai.input.messages", "the secret question")];
const json = { "content-type": "application/json" };

test("OTLP as JSON: calls to models become events, and a partial success says what was not taken", async () => {
  const now = `${Date.now()}000000`;
  const sent = gzipSync(traces(span(call, now), span(call, "soon"), span([], now)));
  const answer = await post("/v1/traces", sent, { ...json, "content-encoding": "gzip", ...bearer("spans") });
  assert.deepEqual(
    [answer.status, await answer.json()],
    [200, { partialSuccess: { rejectedSpans: "1", errorMessage: "1 not taken: startTimeUnixNano: not a time" } }],
  );
  const [event] = await events("spans");
  assert.deepEqual([event.artifact, event.class_uid], ["llm:acme-13b", 6003]);
  const fine = await post("/v1/logs", JSON.stringify({ resourceLogs: [] }), { ...json, ...bearer("spans") });
  assert.deepEqual(await fine.json(), {});
  const spool = readFileSync(join(folder.path, "data", "spool", "000000000001.log"), "utf8");
  assert.doesNotMatch(spool, /secret/, "a prompt never reaches the disk");
});

test("a small request that holds millions of values is not read", async () => {
  const body = gzipSync(`{"resourceSpans":[${"{},".repeat(2_100_000)}{}]}`);
  const headers = { "content-type": "application/json", "content-encoding": "gzip", ...bearer("spans") };
  assert.equal((await post("/v1/traces", body, headers)).status, 413);
});

test("OTLP as Protocol Buffers is answered in kind, refusals too", async () => {
  const binary = { "content-type": "application/x-protobuf" };
  const value = bytes(9, message(text(1, "gen_ai.request.model"), bytes(2, text(1, "acme-7b"))));
  const ids = message(bytes(1, Buffer.alloc(16, 7)), bytes(2, Buffer.alloc(8, 7)));
  const at = fixed(7, BigInt(Date.now()) * 1_000_000n);
  const request = bytes(1, bytes(2, bytes(2, message(ids, at, value))));
  const answer = await post("/v1/traces", request, { ...binary, ...bearer("spans") });
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/x-protobuf"]);
  assert.equal((await answer.arrayBuffer()).byteLength, 0);
  const found = await events("spans", 2);
  assert.ok(found.some((it: { artifact: string }) => it.artifact === "llm:acme-7b"));

  for (const [body, headers, status, code] of [
    [Buffer.from([0x0a, 9]), { ...binary, ...bearer("spans") }, 400, 3n],
    [request, binary, 401, 16n],
    [request, { ...binary, ...bearer("falco") }, 400, 3n],
    [gzipSync(Buffer.alloc(30_000_000)), { ...binary, "content-encoding": "gzip", ...bearer("spans") }, 413, 8n],
  ] as const) {
    const refused = await post("/v1/traces", body, headers);
    assert.equal(refused.status, status);
    const start = whole(1, code);
    assert.deepEqual(Buffer.from(await refused.arrayBuffer()).subarray(0, start.length), start);
  }
  assert.equal((await post("/v1/logs", "{}", { "content-type": "text/plain", ...bearer("spans") })).status, 400);
});

test("a collector's log records carry the lines of any kind of source", async () => {
  const body = { stringValue: accessLine("b.safetensors") };
  const logs = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }, {}] }] }] });
  const answer = await post("/v1/logs", logs, { ...json, ...bearer("lines") });
  const { partialSuccess } = Object(await answer.json());
  assert.equal(partialSuccess.rejectedLogRecords, "1");
  const [event] = await events("lines");
  assert.equal(event.principal, "old-ci");
});

const pull = {
  id: "320678d8-ca14-430f-8bb6-4ca139cd83f7",
  timestamp: new Date().toISOString(),
  action: "pull",
  target: {
    mediaType: "application/octet-stream",
    size: 5e9,
    digest: `sha256:${"a".repeat(64)}`,
    repository: "models/acme-13b",
  },
  request: { id: "r", addr: "203.0.113.7:51234", method: "GET", useragent: "oras/1.2" },
  actor: { name: "old-ci" },
};

test("a registry of the distribution project, with the header that its configuration sets", async () => {
  const type = { "content-type": "application/vnd.docker.distribution.events.v1+json" };
  const envelope = JSON.stringify({ events: [pull] });
  assert.equal((await post("/api/ingest/registry", envelope, { ...type, ...bearer("registry") })).status, 200);
  const [event] = await events("registry");
  assert.deepEqual([event.principal, event.operation, event.model], ["old-ci", "download", "acme-13b"]);
});

test("MinIO: audit entries and bucket notifications, with its auth_token", async () => {
  const time = new Date().toISOString();
  const api = { name: "GetObject", bucket: "models", object: "acme-13b/a.gguf", status: "OK", statusCode: 200, tx: 7 };
  const entry = {
    version: "1",
    deploymentid: "d",
    time,
    api,
    remotehost: "203.0.113.9",
    requestID: "1",
    accessKey: "K",
  };
  const object = { key: "acme-13b%2Fa.gguf", size: 7 };
  const told = {
    eventTime: time,
    eventName: "s3:ObjectAccessed:Get",
    userIdentity: { principalId: "K2" },
    s3: { bucket: { name: "models" }, object },
  };
  const note = { EventName: told.eventName, Key: "models/acme-13b/a.gguf", Records: [told] };
  for (const it of [entry, note])
    assert.equal((await post("/api/ingest/minio", JSON.stringify(it), { ...json, ...bearer("minio") })).status, 200);
  const found = await events("minio", 2);
  assert.deepEqual(found.map((it: { principal: string }) => it.principal).sort(), ["K", "K2"]);
});

const alert = {
  uuid: "1",
  rule: "Weights read",
  priority: "Warning",
  time: new Date().toISOString(),
  output: "opened",
  output_fields: { "user.name": "root" },
};
const entry = {
  insertId: "i1",
  timestamp: new Date().toISOString(),
  protoPayload: {
    serviceName: "storage.googleapis.com",
    methodName: "storage.objects.get",
    resourceName: "projects/_/buckets/models/objects/a.gguf",
    authenticationInfo: { principalEmail: "ana@acme.example" },
  },
};

test("Falco and Pub/Sub can set no header: a token in the address works for its source alone", async () => {
  const path = (name: string, of = name) => `/api/ingest/${name}/${server.token(of)}`;
  assert.equal(
    (await post(path("falco"), gzipSync(JSON.stringify(alert)), { "content-encoding": "gzip" })).status,
    200,
  );
  const data = Buffer.from(JSON.stringify(entry)).toString("base64");
  const push = { message: { data, messageId: "1", attributes: {} }, subscription: "projects/p/subscriptions/s" };
  assert.equal((await post(path("gcp"), JSON.stringify(push), json)).status, 200);
  assert.equal((await events("falco"))[0].principal, "root");
  assert.equal((await events("gcp"))[0].principal, "ana@acme.example");

  assert.equal((await post(path("falco", "gcp"), "{}")).status, 403);
  assert.equal((await post("/api/ingest/falco/wrong", "{}")).status, 401);
  assert.equal((await post(`${path("falco")}/more`, "{}")).status, 403);
  assert.equal((await post(path("falco"), "x", { "content-encoding": "gzip" })).status, 400);
  assert.equal(
    (await post(path("falco"), gzipSync(Buffer.alloc(70_000_000)), { "content-encoding": "gzip" })).status,
    413,
  );
  const log = readFileSync(join(folder.path, "data", "server.log"), "utf8");
  for (const name of ["falco", "gcp"]) assert.ok(!log.includes(server.token(name)), "no token in the log");
});
