import assert from "node:assert/strict";
import { test } from "node:test";
import type { CopyRow } from "@outweigh/schema";
import { byHost, orderedCopies, placeWord, readersOf } from "./copies.ts";

const aCopy = (override: Partial<CopyRow> = {}): CopyRow => ({
  id: "c",
  host: "gpu-1",
  path: "/srv/models/acme-13b",
  format: "safetensors",
  bytes: 1,
  digest: "d",
  complete: true,
  readableBy: [],
  declared: true,
  firstSeenAt: 1,
  lastSeenAt: 1,
  state: "present",
  ...override,
});

test("hosts with undeclared copies stand first", () => {
  const hosts = byHost([aCopy(), aCopy({ host: "gpu-9", declared: false }), aCopy({ host: "a" })]);
  assert.deepEqual(
    hosts.map((it) => [it.host, it.undeclared]),
    [
      ["gpu-9", 1],
      ["a", 0],
      ["gpu-1", 0],
    ],
  );
});

test("undeclared before declared, present before gone", () => {
  const copies = [
    aCopy({ id: "1" }),
    aCopy({ id: "2", state: "gone", declared: false }),
    aCopy({ id: "3", declared: false }),
  ];
  assert.deepEqual(
    orderedCopies(copies).map((it) => it.id),
    ["3", "1", "2"],
  );
});

test("could not tell is neither declared nor undeclared", () => {
  const { declared: _, ...unknown } = aCopy();
  assert.deepEqual(
    [placeWord(aCopy()), placeWord(aCopy({ declared: false })), placeWord(unknown)],
    ["✓ declared", "undeclared", "not registered"],
  );
});

test("says who else can read it", () => {
  assert.equal(readersOf(aCopy()), "its owner alone");
  assert.equal(readersOf(aCopy({ readableBy: ["other", "group:ml"] })), "everybody, group:ml");
});
