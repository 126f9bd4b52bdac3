import assert from "node:assert/strict";
import { test } from "node:test";
import { bucketEntry, overlapsOf } from "./collect.ts";
import { modelEntry, sourceEntry } from "./config.ts";

const model = (over: object = {}) =>
  modelEntry.parse({ name: "acme-13b", class: "private", places: ["s3://acme-models/acme-13b/"], ...over });

function overlaps(entry: object, ...models: ReturnType<typeof model>[]): string[] {
  const bucket = bucketEntry.parse({ bucket: "acme-models", ...entry });
  return overlapsOf(bucket, models.length > 0 ? models : [model()]).map((it) => it.place);
}

test("a prefix overlaps a place above, at and below it, and no neighbour of it", () => {
  const place = ["s3://acme-models/acme-13b/"];
  for (const prefix of ["", "acme", "acme-13b", "acme-13b/", "acme-13b/logs/", "{yyyy}/", "a{dd}"])
    assert.deepEqual(overlaps({ prefix }), place, prefix);
  for (const prefix of ["logs/", "acme-13b-logs/", "acme-13b.log", "logs/{yyyy}/"])
    assert.deepEqual(overlaps({ prefix }), [], prefix);
  assert.deepEqual(overlaps({ bucket: "acme-logs" }), []);
  assert.deepEqual(overlaps({ bucket: "ACME-models" }), place);
});

test("places without a slash at their end, of a whole bucket, and with escapes are places too", () => {
  assert.equal(overlaps({ prefix: "logs/" }, model({ places: ["s3://acme-models"] })).length, 1);
  assert.equal(overlaps({ prefix: "a b/" }, model({ places: ["s3://acme-models/a%20b"] })).length, 1);
  assert.equal(overlaps({ prefix: "m.gguf" }, model({ places: ["s3://acme-models/m.gguf"] })).length, 1);
  assert.equal(overlaps({}, model({ places: ["hf:acme/acme-13b", "file:/s3:/acme-models"] })).length, 0);
});

test("a model is let through by its name alone, and what anybody may have is not protected", () => {
  assert.deepEqual(overlaps({ overlaps: ["acme-13b"] }), []);
  assert.equal(overlaps({ overlaps: ["acme-7b"] }).length, 1);
  assert.deepEqual(overlaps({}, model({ class: "public" }), model({ class: "base" })), []);
  assert.equal(overlaps({}, model({ class: "decoy" })).length, 1);
});

test("a source has one way of collecting, and reports of hosts have none", () => {
  const bad = (entry: object) => !sourceEntry.safeParse({ name: "x", ...entry }).success;
  const [s3, syslog] = [{ bucket: "logs" }, { tcp: 6514 }];
  assert.equal(bad({ s3 }), false);
  assert.ok(bad({ s3, syslog }));
  assert.ok(bad({ s3, paths: ["a"] }));
  assert.ok(bad({ kind: "agent", syslog }));
  assert.ok(bad({ kind: "scan", s3 }));
  assert.ok(bad({ s3: { bucket: "logs", accessKeyId: "${A}" } }), "half a key");
  assert.ok(bad({ s3: { bucket: "logs", accessKeyId: "AKIA", secretAccessKey: "x" } }), "a key in the file");
  assert.ok(bad({ s3: { bucket: "s3://logs" } }));
  assert.ok(bad({ s3: { bucket: "arn:aws:s3:eu:1:accesspoint/x" } }));
  assert.ok(bad({ s3: { bucket: "logs", prefix: "{hour}/" } }));
  assert.ok(bad({ s3: { bucket: "logs", endpoint: "file:///etc" } }));
});
