import assert from "node:assert/strict";
import { test } from "node:test";
import { event, type OcsfEvent } from "@outweigh/schema";
import { flatFields, maxFields, readable, whatHappened } from "./what.ts";

const anEvent = (override: Record<string, unknown> = {}): OcsfEvent =>
  event.parse({
    id: "e-1",
    source: "registry",
    time: 1,
    class_uid: 6006,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600602,
    severity_id: 1,
    metadata: { version: "1.8.0", product: { name: "nginx" } },
    principal: "old-ci",
    ...override,
  });

test("says in a few words what happened", () => {
  const it = anEvent({ operation: "download", artifact: "hf:acme/acme-13b/model", bytes: 541_000_000 });
  assert.equal(whatHappened(it), "download hf:acme/acme-13b/model · 541 MB");
  assert.equal(whatHappened(anEvent({ status_id: 2 })), "class 6006, activity 2 · failed");
});

test("lists fields by their dotted names, without the record itself", () => {
  const fields = flatFields(anEvent({ raw_data: "{}", src_endpoint: { ip: "203.0.113.9", port: 1 }, tags: ["a"] }));
  const of = (name: string) => fields.find((it) => it.name === name)?.value;
  assert.deepEqual(
    [of("src_endpoint.ip"), of("src_endpoint.port"), of("tags.0"), of("raw_data")],
    ["203.0.113.9", "1", "a", undefined],
  );
});

test("stops at a depth and a number of fields that hostile records choose", () => {
  let deep: unknown = "end";
  for (let i = 0; i < 5000; i++) deep = { a: deep };
  assert.ok(flatFields(anEvent({ deep })).every((it) => it.name.split(".").length <= 8));
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]));
  assert.equal(flatFields(anEvent(wide)).length, maxFields);
});

test("sets JSON in lines and leaves the rest", () => {
  assert.equal(readable('{"a":1}'), '{\n  "a": 1\n}');
  assert.equal(readable('{"a":'), '{"a":');
  assert.equal(readable("GET / 200"), "GET / 200");
});
