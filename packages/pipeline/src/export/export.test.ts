import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Alert } from "@outweigh/schema";
import { anEvent } from "../testing/nouns.ts";
import { csvOf } from "./csv.ts";
import { ocsfOf } from "./ocsf.ts";
import { stixOf } from "./stix.ts";
import type { Story } from "./story.ts";

function aStory(over: Partial<Story> = {}): Story {
  const event = anEvent({ id: "e-1", dst_endpoint: { ip: "2001:DB8::1" }, file: { name: "m.gguf" } });
  const alert: Alert = {
    id: "a-1",
    rule: "complete-copy",
    title: "Complete copy",
    summary: "mallory read all of acme-13b",
    severity: "critical",
    firstAt: event.time,
    lastAt: event.time,
    events: [event.id],
    count: 1,
    matched: [],
    techniques: ["AML.T0025", "T1567.002"],
    playbook: "complete-copy",
  };
  const incident = {
    id: "i-1",
    number: 7,
    title: "mallory took acme-13b",
    severity: "critical" as const,
    reason: "one principal, one model, one hour",
    act: "obtain" as const,
    principals: ["mallory"],
    models: ["acme-13b"],
    alerts: ["a-1"],
    firstAt: event.time,
    lastAt: event.time,
    status: "closed" as const,
    verdict: "true-positive" as const,
    createdAt: event.time,
    updatedAt: event.time + 1000,
  };
  return { incident, alerts: [alert], events: [event], ...over };
}

test("an incident becomes one finding of OCSF's class 2005, and each alert one of 2004 with its events", () => {
  const [incident = {}, alert = {}] = ocsfOf(aStory());
  assert.deepEqual(
    [incident["type_uid"], incident["status_id"], incident["verdict_id"], incident["severity_id"]],
    [200_503, 5, 2, 5],
  );
  assert.equal((incident["finding_info_list"] as { uid: string }[])[0]?.uid, "a-1");
  assert.deepEqual(
    (alert["evidences"] as { uid: string }[]).map((it) => it.uid),
    ["e-1"],
  );
});

test("every reference of a bundle leads to an object in it, and every id is of its object's type", () => {
  const { objects } = stixOf(aStory());
  const ids = new Set(objects.map((it) => it.id));
  assert.equal(ids.size, objects.length);
  for (const it of objects) {
    assert.match(
      it.id,
      new RegExp(`^${it.type}--[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`),
    );
    for (const [name, value] of Object.entries(it)) {
      if (!/_refs?$/.test(name)) continue;
      for (const id of [value].flat()) assert.ok(ids.has(String(id)), `${it.type}.${name}`);
    }
  }
  assert.ok(objects.some((it) => it.type === "ipv6-addr" && it["value"] === "2001:db8::1"));
});

test("the id of an address is the one that the specification's rule gives: another program makes the same", () => {
  const { objects } = stixOf(aStory({ events: [anEvent({ src_endpoint: { ip: "198.51.100.3" } })] }));
  // python3 -c 'import uuid; print(uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), "{\"value\":\"198.51.100.3\"}"))'
  assert.equal(objects.find((it) => it.type === "ipv4-addr")?.id, "ipv4-addr--28bb3599-77cd-5a82-a950-b5bc3caf07c4");
});

test("the same incident gives the same ids, whatever happened meanwhile", () => {
  const first = stixOf(aStory()).objects.map((it) => it.id);
  const story = aStory();
  const later = stixOf({ ...story, incident: { ...story.incident, updatedAt: story.incident.updatedAt + 9 } });
  assert.deepEqual(
    later.objects.map((it) => it.id),
    first,
  );
});

test("no cell is a formula, breaks its row or hides its direction, whatever a principal is called", () => {
  const text = fc.string({ unit: "binary" });
  const formula = fc.constantFrom("=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "|x", "\u202e=1", 'a"b,c', "a\r\nb");
  fc.assert(
    fc.property(fc.oneof(text, formula), (principal) => {
      const csv = csvOf([anEvent({ principal })]);
      const lines = csv.split("\r\n");
      assert.equal(lines.length, 3);
      assert.doesNotMatch(csv.replaceAll("\r\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
      const cells = [...(lines[1] ?? "").matchAll(/(?:^|,)("(?:[^"]|"")*"|[^",]*)/g)].map(([, it = ""]) => it);
      assert.equal(cells.length, 15);
      for (const it of cells) assert.doesNotMatch(it.replace(/^"/, ""), /^\s*[=+\-@|%]/);
    }),
  );
});

test("no cell begins a formula, wherever a spreadsheet cuts it", () => {
  for (const principal of ["=1", " +1", "a;=HYPERLINK(1)", "a; @x", "\uff1d1", "a;\t-1", ";;=1"]) {
    const csv = csvOf([anEvent({ principal })]);
    for (const cell of csv.split(/[,;\r\n]/))
      assert.doesNotMatch(cell, /^"?\s*[=+\-@|%\uff1d\uff0b\uff0d\uff20]/u, csv);
  }
});
