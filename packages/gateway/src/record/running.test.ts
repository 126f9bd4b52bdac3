import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { GatewayError } from "../error.ts";
import { findEarlier, removeNote, touchNote, writeNote } from "./running.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-running-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const at = { url: "http://127.0.0.1:1", adminUrl: "http://127.0.0.1:2" };

test("a run that ended without a word is found, with the time until which it lived; one that stopped is not", (t) => {
  const folder = aFolder(t);
  assert.equal(findEarlier(folder), undefined);
  writeNote(folder, at);
  touchNote(folder, 1_700_000_000_000);
  assert.deepEqual(findEarlier(folder), { aliveAt: 1_700_000_000_000 });
  removeNote(folder);
  assert.equal(findEarlier(folder), undefined);
});

test("two gateways never work in one folder; a number that another process has by now is none", (t) => {
  const folder = aFolder(t);
  // Ours is the parent of this test: it runs, and began when the kernel says.
  writeFileSync(join(folder, "gateway.json"), JSON.stringify({ pid: process.ppid, began: "not then" }));
  assert.ok(findEarlier(folder));
  if (process.platform !== "linux") {
    writeFileSync(join(folder, "gateway.json"), JSON.stringify({ pid: process.ppid, began: "" }));
    assert.throws(() => findEarlier(folder), GatewayError);
  }
  writeFileSync(join(folder, "gateway.json"), "{");
  assert.ok(findEarlier(folder), "a note that was being written when it ended");
});
