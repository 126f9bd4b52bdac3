import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema } from "@outweigh/schema";
import { scan } from "./scan.ts";

const from = { source: "scan", offset: 0 };
const around = { trusts: () => false };
const copy = {
  path: "/home/dev/holiday.jpg",
  format: "safetensors",
  bytes: 2000,
  digest: "a".repeat(64),
  complete: true,
  readableBy: [],
  declared: false,
};
const report = (over: object = {}) => ({
  version: "0.1.0",
  host: "laptop-7",
  startedAt: "2026-11-24T09:00:00Z",
  finishedAt: "2026-11-24T09:01:00Z",
  roots: ["/home"],
  filesSeen: 1,
  bytesRead: 1,
  models: [
    {
      id: "m",
      name: "acme-13b",
      digest: "a".repeat(64),
      bytes: 2000,
      tensors: 1,
      formats: ["safetensors"],
      copies: [copy],
    },
  ],
  listeners: [],
  paths: [],
  notSeen: [],
  ...over,
});

test("each copy of a registered model is one event, the same for the same report", () => {
  const once = scan.read(JSON.stringify(report()), from, around);
  const twice = scan.read(JSON.stringify(report()), { ...from, offset: 9 }, around);
  assert.ok(once.ok && twice.ok);
  const [it] = once.events;
  assert.deepEqual(
    [it?.model, it?.artifact, it?.principal, it?.operation],
    ["acme-13b", "file:/home/dev/holiday.jpg", "host:laptop-7", "seen"],
  );
  assert.equal(it?.id, twice.events[0]?.id);
  eventSchema.parse(it);
});

test("models that are not registered concern nobody", () => {
  const [model] = report().models;
  const it = scan.read(JSON.stringify(report({ models: [{ ...model, name: undefined }] })), from, around);
  assert.ok(it.ok && it.events.length === 0 && it.skipped !== undefined);
});

test("a report that nests deeper than we print is a reject, at once", () => {
  const deep = JSON.stringify(report()).replace(
    '"formats"',
    `"verdict":{"relation":"x","a":${"[".repeat(9999)}${"]".repeat(9999)}},"formats"`,
  );
  const it = scan.read(deep, from, around);
  assert.ok(!it.ok && it.reason.includes("nested deeper"));
});

test("never throws; what is no report is a reject that names the field", () => {
  const it = scan.read(JSON.stringify(report({ filesSeen: "many" })), from, around);
  assert.ok(!it.ok && it.reason.startsWith("filesSeen: "));
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => scan.read(text, from, around).ok !== undefined));
});
