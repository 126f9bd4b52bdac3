import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { minio } from "./minio.ts";
import { detectKind } from "./sources.ts";

const from = { source: "minio", offset: 0 };
const around = { trusts: () => false };

const api = {
  name: "GetObject",
  bucket: "models",
  object: "acme-13b/model.gguf",
  status: "OK",
  statusCode: 200,
  tx: 5e6,
};
const entry = (over: object = {}) => ({
  version: "1",
  deploymentid: "d1",
  time: "2026-11-24T09:00:00.123456789Z",
  api,
  remotehost: "203.0.113.9:51234",
  requestID: "17A",
  userAgent: "MinIO (linux; amd64) minio-go/v7",
  accessKey: "AKSVC",
  parentUser: "trainer",
  ...over,
});

function read(over: object = {}): OcsfEvent {
  const it = minio.read(JSON.stringify(entry(over)), from, around);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return eventSchema.parse(it.events[0]);
}

test("a service account acts for its parent, and its key is kept as the credential", () => {
  const it = read();
  assert.deepEqual([it.principal, it.credential, it.operation], ["trainer", "AKSVC", "download"]);
  assert.deepEqual([it.artifact, it.bytes, it.weights], ["s3://models/acme-13b/model.gguf", 5e6, true]);
  assert.deepEqual([it.src_endpoint, it.range], [{ ip: "203.0.113.9" }, { start: 0, end: 5e6 }]);
});

test("a ranged read is exact where the entry has the header, else an upper bound", () => {
  const partial = { ...api, statusCode: 206, tx: 100 };
  assert.deepEqual(read({ api: partial, requestHeader: { Range: "bytes=200-299" } }).range, { start: 200, end: 300 });
  assert.equal(read({ api: partial }).range, undefined);
});

test("old servers name the key only where the client put it; without any it is nobody", () => {
  const old = { accessKey: undefined, parentUser: undefined };
  const Authorization =
    "AWS4-HMAC-SHA256 Credential=AKOLD/20261124/us-east-1/s3/aws4_request, Signature=0123456789abcdef01";
  const it = read({ ...old, requestHeader: { Authorization } });
  assert.equal(it.principal, "AKOLD");
  assert.ok(!it.raw_data?.includes("0123456789abcdef01"));
  assert.equal(read(old).principal, "anonymous@203.0.113.9");
  assert.equal(read({ ...old, remotehost: "[2001:db8::1]:443" }).principal, "anonymous@2001:db8::1");
});

test("a presigned link shows, and its signature is not kept", () => {
  const it = read({ requestQuery: { "X-Amz-Signature": "5f5f5f5f", "X-Amz-Credential": "AK/2026" } });
  assert.equal((it.unmapped as { presigned?: boolean }).presigned, true);
  assert.ok(!it.raw_data?.includes("5f5f5f5f"));
});

test("a copy reads the object that its header names", () => {
  const it = read({
    api: { name: "CopyObject", bucket: "drop", object: "x.bin", statusCode: 200 },
    requestHeader: { "X-Amz-Copy-Source": "/models/acme-13b/model%20v2.gguf?versionId=1" },
  });
  assert.deepEqual([it.operation, it.artifact], ["copy", "s3://models/acme-13b/model v2.gguf"]);
});

test("never throws, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = minio.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), any));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(entry()), "requestQuery"), fc.jsonValue()), (over) =>
      any(JSON.stringify(entry(over))),
    ),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(api)), fc.jsonValue()), (over) =>
      any(JSON.stringify(entry({ api: { ...api, ...over } }))),
    ),
  );
});

/** As MinIO posts it to `notify_webhook`; written by us. */
const notification = (over: object = {}, name = "s3:ObjectAccessed:Get") => ({
  EventName: name,
  Key: "models/acme-13b/model.gguf",
  Records: [
    {
      eventVersion: "2.0",
      eventSource: "minio:s3",
      eventTime: "2026-11-24T09:00:00.123Z",
      eventName: name,
      userIdentity: { principalId: "AKSVC" },
      requestParameters: { principalId: "AKSVC", region: "", sourceIPAddress: "203.0.113.9" },
      responseElements: { "x-amz-request-id": "17A" },
      s3: { bucket: { name: "models" }, object: { key: "acme-13b%2Fmodel.gguf", size: 5e6 } },
      source: { host: "203.0.113.9", userAgent: "MinIO (linux; amd64) minio-go/v7" },
      ...over,
    },
  ],
});

test("a bucket notification tells who read which object, not how much of it", () => {
  const it = onlyEvent(minio, notification());
  assert.deepEqual([it.principal, it.credential, it.operation, it.class_uid], ["AKSVC", "AKSVC", "download", 6005]);
  assert.deepEqual([it.artifact, it.weights, it.bytes], ["s3://models/acme-13b/model.gguf", true, undefined]);
  assert.equal(onlyEvent(minio, notification({}, "s3:ObjectAccessed:Head")).operation, "stat");
  assert.equal(onlyEvent(minio, notification({}, "s3:ObjectCreated:Put")).operation, "upload");
  assert.equal(onlyEvent(minio, notification({}, "s3:ObjectRemoved:Delete")).operation, "delete");
  const nobody = { userIdentity: { principalId: "" }, requestParameters: { sourceIPAddress: "203.0.113.9" } };
  assert.equal(onlyEvent(minio, notification(nobody)).principal, "anonymous@203.0.113.9");
  assert.match(whyNot(minio, notification({}, "s3:BucketCreated")), /something else/);
  assert.match(whyNot(minio, notification({ eventTime: "soon" })), /^eventTime: not a time/);
  assert.match(whyNot(minio, notification({ s3: {} })), /^s3\.bucket/);
  assert.match(whyNot(minio, {}), /empty object/);
  assert.equal(detectKind(JSON.stringify(notification())), "minio");
  fc.assert(
    fc.property(fc.jsonValue(), (value) => void readWith(minio, notification({ s3: value, requestParameters: value }))),
  );
});
