import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelEntry } from "@outweigh/schema";
import { isHollow, planHashing } from "./hash-plan.ts";
import type { Candidate } from "./walk.ts";

const file = (path: string, bytes: number, over: Partial<Candidate> = {}): Candidate => ({
  path,
  bytes,
  allocatedBytes: bytes,
  device: 1,
  inode: bytes,
  links: 1,
  packed: false,
  ...over,
});
const entry: ModelEntry = { name: "acme", class: "private", places: ["file:/srv"], readers: [] };
const plan = (files: readonly Candidate[], budget: number, mode: "auto" | "full" | "none" = "auto") =>
  [...planHashing(files, { mode, budget, places: [{ entry, path: "/srv" }] })].map((it) => it.path).sort();

test("hashes the smallest first, until the budget is spent", () => {
  assert.deepEqual(plan([file("/a", 70), file("/b", 20), file("/c", 30)], 60), ["/b", "/c"]);
});

test("what lies in a declared place comes before everything else", () => {
  assert.deepEqual(plan([file("/a", 10), file("/srv/b", 55)], 60), ["/srv/b"]);
});

test("shards are hashed together or not at all", () => {
  const shards = [file("/m/model-00001-of-00002.safetensors", 30), file("/m/model-00002-of-00002.safetensors", 40)];
  assert.deepEqual(plan([...shards, file("/z", 35)], 60), ["/z"]);
  assert.equal(plan([...shards, file("/z", 35)], 120).length, 3);
});

test("full means all", () => {
  assert.deepEqual(plan([file("/a", 1e15)], 1, "full"), ["/a"]);
});

test("an archive counts with the weights in it, not with its own size", () => {
  const weigh = (it: Candidate): number => (it.path === "/a.zip" ? 5 : it.bytes);
  const chosen = planHashing([file("/a.zip", 1e15), file("/b", 50)], { mode: "auto", budget: 60, places: [], weigh });
  assert.equal(chosen.size, 2);
});

test("a terabyte of holes is never hashed", () => {
  const hollow = file("/a", 1e12, { allocatedBytes: 4096 });
  assert.ok(isHollow(hollow));
  assert.deepEqual(plan([hollow], 1, "full"), []);
  assert.equal(isHollow(file("/b", 1e12, { allocatedBytes: 5e11 })), false, "a compressing file system is no trap");
});
