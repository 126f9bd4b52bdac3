import assert from "node:assert/strict";
import { test } from "node:test";
import type { Retest } from "@outweigh/schema";
import { toldRetests } from "./client-rows.ts";

test("of more models than are told, those stay that a group's test speaks against; whatever a client calls them, its row fits", () => {
  const idle = Array.from({ length: 300 }, (_, i): Retest => ({ model: `m-${i}`, state: "calibrating", queries: 2 }));
  const long = { model: "x".repeat(256), state: "link-only", queries: 9, most: NaN } as const;
  const found = { model: "acme", state: "evidence", queries: 40, most: 1.2 } as const;
  const told = toldRetests([...idle, long, found]);
  assert.equal(told.length, 64);
  assert.deepEqual(told.slice(0, 2), [found, { model: "x".repeat(128), state: "link-only", queries: 9 }]);
});
