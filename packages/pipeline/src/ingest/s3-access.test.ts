import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { s3Access } from "./s3-access.ts";

const from = { source: "s3-access", offset: 0 };
const around = { trusts: () => false };

const names = {
  owner: "0a1b2c",
  bucket: "acme-models",
  time: "[24/Nov/2026:09:25:21 +0000]",
  ip: "203.0.113.9",
  requester: "arn:aws:sts::111122223333:assumed-role/serve/i-0abc",
  id: "7ERH6MMR32AXYMKY",
  operation: "REST.GET.OBJECT",
  key: "acme-13b/model.safetensors",
  uri: '"GET /acme-13b/model.safetensors HTTP/1.1"',
  status: "200",
  error: "-",
  bytes: "4000000",
  size: "4000000",
  total: "138",
  turn: "11",
  referrer: '"-"',
  agent: '"aws-cli/2.1 Python/3.9"',
  version: "-",
  host: "2X+m=",
  signature: "SigV4",
  cipher: "ECDHE-RSA-AES128-GCM-SHA256",
  auth: "AuthHeader",
  header: "acme-models.s3.amazonaws.com",
  tls: "TLSv1.3",
  point: "-",
  acl: "-",
};
const line = (over: Partial<typeof names> = {}, fields = 26) =>
  Object.values({ ...names, ...over })
    .slice(0, fields)
    .join(" ");

function read(text: string): OcsfEvent {
  const it = s3Access.read(text, from, around);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  const [event] = it.events;
  return eventSchema.parse(event);
}

test("a read names who, which object and how much, and a role's sessions are one principal", () => {
  const it = read(line());
  assert.deepEqual(
    [it.principal, it.operation, it.artifact, it.bytes, it.status_id, it.type_uid],
    ["arn:aws:iam::111122223333:role/serve", "download", "s3://acme-models/acme-13b/model.safetensors", 4e6, 1, 600501],
  );
  assert.deepEqual(it.range, { start: 0, end: 4e6 });
  assert.equal(it.time, Date.UTC(2026, 10, 24, 9, 25, 21));
});

test("lines of every age are read; fewer fields than the first form had are none", () => {
  for (const fields of [18, 24, 25, 26]) assert.equal(read(line({}, fields)).operation, "download");
  assert.equal(read(`${line()} us-east-1 more`).operation, "download");
  assert.equal(s3Access.read(line({}, 17), from, around).ok, false);
});

test("of a partial answer only the length is known, unless it was all of the object", () => {
  assert.equal(read(line({ status: "206", bytes: "1000" })).range, undefined);
  assert.equal(read(line({ status: "206", bytes: "1000" })).bytes, 1000);
  assert.deepEqual(read(line({ status: "206" })).range, { start: 0, end: 4e6 });
});

test("a key is percent-decoded twice, as S3 encodes it twice", () => {
  assert.equal(read(line({ key: "a%252Fb%2520c/%25E4%25BD%25A0.pt" })).artifact, "s3://acme-models/a/b c/你.pt");
});

test("no requester is nobody, and a refusal is an attempt that took nothing", () => {
  assert.equal(read(line({ requester: "-" })).principal, "anonymous@203.0.113.9");
  const refused = read(line({ status: "403", error: "AccessDenied", bytes: "243" }));
  assert.deepEqual([refused.status_id, refused.status_code, refused.bytes], [2, "AccessDenied", undefined]);
});

test("what a client writes into its user agent moves nothing that tells who took what", () => {
  const it = read(line({ agent: '"x" 200 - 1 1 "y" REST.PUT.OBJECT"' }));
  assert.deepEqual([it.operation, it.bytes, it.principal], ["download", 4e6, "arn:aws:iam::111122223333:role/serve"]);
});

test("a signature is not kept: until it expires it is as good as a key", () => {
  const it = read(line({ uri: '"GET /m.pt?X-Amz-Expires=604800&X-Amz-Signature=5f5f5f5f&x=1 HTTP/1.1"' }));
  assert.ok(!it.raw_data?.includes("5f5f5f5f") && it.raw_data?.includes("X-Amz-Expires=604800"));
});

test("operations become the words that all sources share", () => {
  const words = Object.entries({
    "REST.HEAD.OBJECT": "stat",
    "REST.PUT.PART": "upload",
    "REST.COPY.OBJECT_GET": "copy",
    "REST.COPY.PART": "upload",
    "REST.GET.BUCKET": "list",
    "REST.DELETE.OBJECT": "delete",
    "BATCH.DELETE.OBJECT": "delete",
    "WEBSITE.GET.OBJECT": "download",
    "REST.GET.BUCKETPOLICY": "read",
  });
  for (const [operation, word] of words) assert.equal(read(line({ operation })).operation, word, operation);
});

test("never throws, whatever stands in a line, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = s3Access.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), any));
  const field = fc.oneof(fc.string(), fc.constantFrom("-", '"', '"-', "[", "%", "%25%32", "-1", "1e9"));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(names)), field), (over) => any(line({ ...over }))),
  );
});
