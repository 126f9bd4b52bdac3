import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { httpAccess } from "./http-access.ts";
import type { Origin } from "./source.ts";

const from: Origin = { source: "registry", file: "access.log", offset: 0 };
const around = { trusts: (address: string) => address === "10.0.0.2" };

function only(line: string | object, origin: Origin = from): OcsfEvent {
  const it = httpAccess.read(typeof line === "string" ? line : JSON.stringify(line), origin, around);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  const [first] = it.events;
  assert.ok(first, it.skipped);
  return eventSchema.parse(first);
}

const json = (over: object = {}) => ({
  time: "2026-11-23T21:12:48+00:00",
  remote_addr: "203.0.113.77",
  remote_user: "mallory",
  request_method: "GET",
  request_uri: "/acme/acme-13b/resolve/main/model.safetensors",
  status: 200,
  body_bytes_sent: 3000,
  http_range: "",
  http_user_agent: "curl/8.5.0",
  ...over,
});

test("nginx JSON: a whole answer is its bytes from the start", () => {
  const it = only(json());
  assert.deepEqual([it.class_uid, it.operation, it.artifact], [6006, "download", "hf:acme/acme-13b/model.safetensors"]);
  assert.deepEqual([it.bytes, it.range, it.weights], [3000, { start: 0, end: 3000 }, true]);
  assert.equal(it.principal, "mallory");
});

test("a partial answer is the range that was asked for; without it only its size is known", () => {
  const ranged = only(json({ status: 206, body_bytes_sent: 750, http_range: "bytes=2250-2999" }));
  assert.deepEqual(ranged.range, { start: 2250, end: 3000 });
  const bare = only(json({ status: 206, body_bytes_sent: 750 }));
  assert.deepEqual([bare.bytes, bare.range], [750, undefined]);
});

test("a Range that the server ignored does not shrink the answer", () => {
  assert.deepEqual(only(json({ http_range: "bytes=0-9" })).range, { start: 0, end: 3000 });
});

test("nothing was read by HEAD, by 304 or by a refusal; a redirect grants a file whose bytes go elsewhere", () => {
  assert.equal(only(json({ request_method: "HEAD" })).operation, "stat");
  assert.equal(only(json({ status: 304, body_bytes_sent: 0 })).operation, "stat");
  assert.equal(only(json({ status: 403 })).status_id, 2);
  const redirect = only(json({ status: 302, body_bytes_sent: 1100 }));
  assert.deepEqual([redirect.operation, redirect.status_id, redirect.bytes], ["download", 1, undefined]);
});

test("combined, with a user who holds spaces and an agent that holds quotes", () => {
  const it = only(
    '203.0.113.77 - ana b [23/Nov/2026:21:12:48 +0100] "GET /w/model.gguf HTTP/1.1" 200 12 "-" "a \\x22b\\x22 \\"c\\""',
  );
  assert.equal(it.principal, "ana b");
  assert.equal(it.time, Date.UTC(2026, 10, 23, 20, 12, 48));
  assert.deepEqual(it.http_request, {
    http_method: "GET",
    url: { url_string: "/w/model.gguf" },
    user_agent: 'a "b" "c"',
  });
});

test("a user name cannot pretend to be another time or request", () => {
  const it = only(
    '203.0.113.77 - x [01/Jan/2020:00:00:00 +0000] \\x22GET / [23/Nov/2026:21:12:48 +0000] "GET /w/a.gguf HTTP/1.1" 200 12',
  );
  assert.equal(it.time, Date.UTC(2026, 10, 23, 21, 12, 48));
  assert.equal(it.artifact, "http:/w/a.gguf");
});

test("uvicorn: who it was nobody can say, and when only if somebody saw it come", () => {
  const line =
    'INFO:     203.0.113.77:0 - "GET /api/2.0/mlflow-artifacts/artifacts/7/9c2e/artifacts/m.pkl HTTP/1.1" 200 OK';
  const it = only(line);
  assert.deepEqual([it.principal, it.vouched, it.bytes], ["anonymous@203.0.113.77", false, undefined]);
  assert.equal((it.unmapped as { time_basis?: string }).time_basis, "none");
  assert.equal(only(line, { ...from, receivedAt: 1_700_000_000_000 }).time, 1_700_000_000_000);
  assert.equal(only(`2026-11-23T21:12:48.5Z stdout F ${line}`).time, Date.UTC(2026, 10, 23, 21, 12, 48, 500));
  assert.equal(
    only({ log: `${line}\n`, stream: "stdout", time: "2026-11-23T21:12:48Z" }).time,
    Date.UTC(2026, 10, 23, 21, 12, 48),
  );
});

test("uvicorn over IPv6", () => {
  assert.deepEqual(only('INFO:     2001:db8::1:51234 - "GET / HTTP/1.1" 200 OK').src_endpoint, {
    ip: "2001:db8::1:51234",
  });
  assert.deepEqual(only('INFO:     [2001:db8::1]:51234 - "GET / HTTP/1.1" 200 OK').src_endpoint, {
    ip: "2001:db8::1",
    port: 51234,
  });
});

test("start-up lines, tracebacks and application messages are explained, not rejected", () => {
  for (const line of [
    "INFO:     Started server process [25556]",
    "[2026-11-23 21:12:57 +0000] [7] [INFO] Booting worker with pid: 9",
    "Traceback (most recent call last):",
    '  File "/app/x.py", line 3, in f',
    "ValueError: no such run",
    '{"level":"info","msg":"listening on :5000","time":"2026-11-23T21:13:37Z"}',
    'time="2026-11-23T21:13:37Z" level=info msg="listening on :5000"',
    "",
  ]) {
    const it = httpAccess.read(line, from, around);
    assert.ok(it.ok && it.events.length === 0 && it.skipped !== undefined, line);
  }
});

test("the registry's own account of a request, in both of its forms", () => {
  const fields = {
    "http.request.method": "GET",
    "http.request.uri": "/v2/models/a/blobs/sha256:aa",
    "http.request.remoteaddr": "10.0.0.9:58782",
    "http.response.status": 200,
    "http.response.written": 2_500_000,
    level: "info",
    msg: "response completed",
    time: "2026-11-23T21:13:42.5Z",
  };
  const text = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const logfmt = `time="2026-11-23T21:13:42.5Z" level=info ${text.filter((it) => !/^(time|level)/.test(it)).join(" ")}`;
  for (const it of [only(fields), only(logfmt)]) {
    assert.deepEqual(
      [it.artifact, it.bytes, it.weights, it.vouched],
      ["oci:models/a@sha256:aa", 2_500_000, true, false],
    );
  }
});

test("Caddy's and Gin's forms", () => {
  const caddy = {
    level: "info",
    ts: 1795468368.5,
    msg: "handled request",
    request: {
      remote_ip: "203.0.113.9",
      method: "GET",
      uri: "/w/model.gguf",
      host: "models.example",
      headers: { "User-Agent": ["curl/8.5.0"], Range: ["bytes=10-19"] },
    },
    user_id: "ana",
    size: 10,
    status: 206,
  };
  const it = only(caddy);
  assert.deepEqual([it.principal, it.time, it.range], ["ana", 1_795_468_368_500, { start: 10, end: 20 }]);
  const gin = only('[GIN] 2026/01/20 - 23:15:37 | 200 |  32.7s |  10.0.0.9 | POST     "/api/push"');
  assert.deepEqual([gin.operation, gin.time, gin.vouched], ["push", Date.UTC(2026, 0, 20, 23, 15, 37), false]);
});

test("paths and methods named like a part of every object mean nothing special", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    const it = only(json({ request_method: name, request_uri: `/api/${name}` }));
    assert.deepEqual([it.operation, it.activity_id], ["request", 99]);
  }
});

test("a name beside 401 is a claim, and nobody can call himself anonymous", () => {
  const refused = only(json({ status: 401 }));
  assert.equal(refused.principal, "anonymous@203.0.113.77");
  assert.equal((refused.unmapped as { claimed_user?: string }).claimed_user, "mallory");
  assert.equal(only(json({ remote_user: "anonymous@10.0.0.1" })).principal, "user:anonymous@10.0.0.1");
});

test("X-Forwarded-For is believed from a trusted proxy only, up to the last address that is none", () => {
  const forwarded = { http_x_forwarded_for: "198.51.100.1, 203.0.113.5, 10.0.0.2" };
  assert.deepEqual(only(json(forwarded)).src_endpoint, { ip: "203.0.113.77" });
  assert.deepEqual(only(json({ ...forwarded, remote_addr: "10.0.0.2" })).src_endpoint, { ip: "203.0.113.5" });
});

test("pieces that do not say which, and prompts, count each, though a client gives them all one request id", () => {
  const ids = (over: object) =>
    [0, 400, 800].map((offset) => only(json({ x_request_id: "mine", ...over }), { ...from, offset }).id);
  const distinct = (over: object) => new Set(ids(over)).size;
  assert.equal(distinct({ status: 206, body_bytes_sent: 750 }), 3);
  assert.equal(distinct({ request_method: "POST", request_uri: "/v1/embeddings" }), 3);
  assert.equal(distinct({ status: 206, body_bytes_sent: 750, http_range: "bytes=0-749" }), 1);
  assert.equal(distinct({}), 1);
});

test("an id needs the whole record to be the same: a client may send any request id", () => {
  const id = (over: object, offset = 0) => only(json({ request_id: "abc", ...over }), { ...from, offset }).id;
  assert.equal(id({}), id({}, 99));
  assert.notEqual(id({}), id({ http_range: "bytes=0-1" }));
  const plain = (offset: number) => only(json(), { ...from, offset }).id;
  assert.notEqual(plain(0), plain(1));
});

test("a presigned address is kept without what makes it good, wherever in the line it stands", () => {
  const signed = {
    s3: "X-Amz-Credential=AKIAEXAMPLE%2F20261123&X-Amz-Signature=5ec4e7aa&X-Amz-Security-Token=5ec4e7bb",
    old: "AWSAccessKeyId=AKIAEXAMPLE&Signature=5ec4e7cc%3D&Expires=1764000000",
    google: "X-Goog-Expires=900&X-Goog-Signature=5ec4e7dd",
    azure: "sv=2024-11-04&se=2026-11-24&sig=5ec4e7ee%3D",
  };
  for (const query of Object.values(signed)) {
    const uri = `/acme-models/acme-13b/model.safetensors?${query}`;
    const combined = `203.0.113.7 - - [23/Nov/2026:21:12:48 +0100] "GET ${uri} HTTP/1.1" 200 12 "https://a.example${uri}" "curl/8"`;
    for (const line of [json({ request_uri: uri, http_referer: `https://a.example${uri}` }), combined]) {
      const it = only(line);
      assert.doesNotMatch(JSON.stringify(it), /5ec4e7/, query);
      assert.ok(it.raw_data?.includes("model.safetensors"));
    }
  }
  const [one, two] = ["5ec4e7aa", "5ec4e7ab"].map((it) => only(json({ request_uri: `/m.gguf?X-Amz-Signature=${it}` })));
  assert.notEqual(one?.id, two?.id, "two requests stay two");
});

test("a time that is none is a reject that names it", () => {
  const it = httpAccess.read(JSON.stringify(json({ time: "yesterday" })), from, around);
  assert.ok(!it.ok);
  assert.match(it.reason, /^time: not a time: "yesterday"$/);
});

test("binary requests are events without a method, and nonsense is a reject", () => {
  const it = only('203.0.113.77 - - [23/Nov/2026:21:12:48 +0000] "\\x16\\x03\\x01" 400 150 "-" "-"');
  assert.deepEqual([it.status_id, it.class_uid], [2, 4002]);
  assert.ok(!httpAccess.read("hello", from, around).ok);
});

test("never throws, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = httpAccess.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), any));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(json())), fc.jsonValue()), (over) =>
      any(JSON.stringify(json(over))),
    ),
  );
  const piece = fc.constantFrom(
    '"',
    "[",
    "]",
    " ",
    "-",
    "\\",
    "203.0.113.7",
    "[23/Nov/2026:21:12:48 +0000]",
    '"GET /%2e%zz',
    " HTTP/1.1",
    "200",
    "INFO:     ",
  );
  fc.assert(fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => any(pieces.join(""))));
});

test("is linear in the line, whatever the line", () => {
  for (const text of [
    '"'.repeat(500_000),
    "[".repeat(500_000),
    '1 - - [23/Nov/2026:21:12:48 +0000] "'.repeat(10_000),
    "\\".repeat(500_000),
    'time="x level=info '.repeat(3000),
    `${"a.".repeat(100_000)}Error`,
  ]) {
    assert.ok(httpAccess.read(text, from, around));
  }
});
