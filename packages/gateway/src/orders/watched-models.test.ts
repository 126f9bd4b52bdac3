import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WatchedModels } from "./watched-models.ts";

test("what is watched outlives a restart and ends by this machine's clock; a file that is torn watches nothing", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "outweigh-watched-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const first = new WatchedModels(dir);
  assert.deepEqual(first.now(0), []);
  const [a, b] = [
    { model: "a", until: 100 },
    { model: "b", until: 200 },
  ];
  first.set([a, b]);
  const again = new WatchedModels(dir);
  assert.deepEqual(again.now(99), [a, b]);
  assert.deepEqual(again.now(100), [b], "over, whether anybody looked or not");
  assert.deepEqual([again.expire(100), again.expire(100)], [[a], []]);
  assert.deepEqual(new WatchedModels(dir).now(0), [b]);
  writeFileSync(join(dir, "watched.json"), '[{"model":"a"');
  assert.deepEqual(new WatchedModels(dir).now(0), []);
});
