import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { ociNotification } from "./oci-notification.ts";

const from = { source: "registry", offset: 0 };
const around = { trusts: () => false };

const pull = (over: object = {}) => ({
  id: "6282",
  timestamp: "2026-11-23T21:13:42.50531093Z",
  action: "pull",
  target: {
    mediaType: "application/octet-stream",
    size: 2_500_000,
    digest: `sha256:${"5".repeat(64)}`,
    repository: "models/a",
  },
  request: { id: "10e5", addr: "10.0.0.9:58782", method: "GET", useragent: "curl/8.5.0" },
  actor: { name: "mallory" },
  ...over,
});

function read(...events: object[]): OcsfEvent[] {
  const it = ociNotification.read(JSON.stringify({ events }), from, around);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return it.events.map((event) => eventSchema.parse(event));
}

test("a pull names user, blob and size, but not how much was sent", () => {
  const [it] = read(pull());
  assert.deepEqual([it?.principal, it?.operation, it?.weights], ["mallory", "download", true]);
  assert.equal(it?.artifact, `oci:models/a@sha256:${"5".repeat(64)}`);
  assert.equal(it?.bytes, undefined);
  assert.deepEqual(it?.src_endpoint, { ip: "10.0.0.9", port: 58_782 });
  assert.equal(it?.time, Date.UTC(2026, 10, 23, 21, 13, 42, 505));
});

test("HEAD sends nothing although it notifies of a pull, and a manifest holds no weights", () => {
  const [head, manifest] = read(
    pull({ request: { method: "HEAD" } }),
    pull({
      id: "2",
      target: { mediaType: "application/vnd.oci.image.manifest.v1+json", repository: "models/a", tag: "v1" },
    }),
  );
  assert.equal(head?.operation, "stat");
  assert.deepEqual([manifest?.operation, manifest?.artifact], ["manifest", "oci:models/a:v1"]);
});

test("without authentication the actor is an address", () => {
  assert.equal(read(pull({ actor: {} }))[0]?.principal, "anonymous@10.0.0.9");
});

test("one bad event of an envelope is refused, the others are read", () => {
  const it = ociNotification.read(JSON.stringify({ events: [pull(), pull({ timestamp: "now" }), 7] }), from, around);
  assert.ok(it.ok);
  assert.equal(it.events.length, 1);
  assert.equal(it.refused?.length, 2);
});

test("never throws, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = ociNotification.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), any));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(pull())), fc.jsonValue()), (over) =>
      any(JSON.stringify({ events: [pull(over)] })),
    ),
  );
});
