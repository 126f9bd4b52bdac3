import assert from "node:assert/strict";
import { test } from "node:test";
import { Tap, type Told } from "./tap.ts";

test("where a client comes from is told once, however long it calls itself: what is beyond 512 characters tells none apart", () => {
  const told: Told[] = [];
  const tap = new Tap({ push: () => true, drops: 0 }, (it) => told.push(it));
  const long = "x".repeat(16_000);
  const numbers = [long, `${long}2`, "x".repeat(512), "x".repeat(511), "other"].map((it) =>
    tap.originNumber("::1", it),
  );
  assert.deepEqual(numbers, [1, 1, 1, 2, 3]);
  assert.deepEqual(
    told.map((it) => it.tell === "origin" && it.agent.length),
    [512, 511, 5],
  );
  assert.deepEqual(tap.origin(3), { address: "::1", agent: "other" });
});
