import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { zeek } from "./zeek.ts";

const ends = { uid: "C1", "id.orig_h": "10.0.1.6", "id.orig_p": 54243, "id.resp_h": "203.0.113.9", "id.resp_p": 443 };
const conn = (over: object = {}) => ({
  _path: "conn",
  ts: "2026-11-24T09:00:00.870000Z",
  ...ends,
  orig_bytes: 4900000000,
  resp_bytes: 55,
  conn_state: "SF",
  ...over,
});

test("a connection says how much left, from which machine to where", () => {
  const it = onlyEvent(zeek, conn());
  assert.deepEqual([it.principal, it.vouched, Object(it.unmapped).sent_bytes], ["host:10.0.1.6", false, 4.9e9]);
  assert.deepEqual(
    [it.src_endpoint, it.dst_endpoint],
    [
      { ip: "10.0.1.6", port: 54243 },
      { ip: "203.0.113.9", port: 443 },
    ],
  );
});

test("both writings of the names, and logs that do not say which they are", () => {
  const other = {
    "@stream": "conn",
    ts: 1795426320.25,
    uid: "C1",
    id_orig_h: "10.0.1.6",
    id_resp_h: "203.0.113.9",
    orig_bytes: 39,
  };
  assert.equal(onlyEvent(zeek, other).time, 1795426320250);
  assert.equal(Object(onlyEvent(zeek, conn({ _path: undefined })).unmapped).log, "conn");
});

test("names, uploads and shares", () => {
  const ssl = onlyEvent(zeek, { _path: "ssl", ts: 1795426320, ...ends, server_name: "mega.example", cipher: "x" });
  assert.deepEqual(
    [Object(ssl.dst_endpoint).hostname, Object(ssl.unmapped).server_name],
    ["mega.example", "mega.example"],
  );
  const put = onlyEvent(zeek, {
    _path: "http",
    ts: 1795426320,
    ...ends,
    method: "PUT",
    host: "h",
    uri: "/w.gguf?x",
    status_code: 200,
    request_body_len: 12,
    response_body_len: 0,
  });
  assert.deepEqual(
    [put.class_uid, put.activity_id, Object(put.unmapped).sent_bytes, Object(put.unmapped).names_weights],
    [4002, 7, 12, true],
  );
  const share = onlyEvent(zeek, {
    _path: "smb_files",
    ts: 1795426320,
    ...ends,
    action: "SMB::FILE_OPEN",
    path: "\\\\nas\\models",
    name: "acme\\w.gguf",
  });
  assert.deepEqual([share.operation, share.artifact, share.weights], ["open", "file://nas/models/acme/w.gguf", true]);
});

test("what is wrong or of no use is said", () => {
  assert.match(whyNot(zeek, "#fields\tts\tuid"), /tab-separated/);
  assert.match(whyNot(zeek, conn({ _path: "dns" })), /says nothing of/);
  assert.match(whyNot(zeek, conn({ ts: "x" })), /^ts: not a time/);
  assert.match(whyNot(zeek, conn({ "id.resp_h": undefined })), /^id\.orig_h: missing/);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) => typeof readWith(zeek, conn({ orig_bytes: it, server_name: it, ts: it })).ok === "boolean",
    ),
  );
});

test("recordings of others are read whole", { skip: noSamples }, () => {
  let events = 0;
  for (const name of readdirSync(join(samples, "zeek"))) {
    const rows = readFileSync(join(samples, "zeek", name), "utf8")
      .trim()
      .split("\n");
    const answers = rows.filter((it) => it.startsWith("{")).map((it) => readWith(zeek, it));
    assert.deepEqual(
      answers.filter((it) => !it.ok),
      [],
      name,
    );
    events += answers.reduce((sum, it) => sum + (it.ok ? it.events.length : 0), 0);
  }
  assert.ok(events > 3000);
});
