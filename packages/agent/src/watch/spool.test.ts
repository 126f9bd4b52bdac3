import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import type { ActivityRecord } from "@outweigh/schema";
import { Spool } from "./spool.ts";

function aLine(n: number): ActivityRecord {
  const process = { pid: n, name: "cp", command: [], parents: [] };
  const file = { path: `/w/${n}`, bytes: n };
  return { activity: 1, id: String(n), host: "h", time: n, sensor: "poll", what: "open", process, file };
}

function aFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-spool-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "spool.db");
}

test("lines wait in order until they are acknowledged, also across a restart", (t) => {
  const path = aFile(t);
  const spool = new Spool(path);
  for (let n = 1; n <= 5; n++) spool.add(aLine(n));
  spool.acknowledge(spool.next(2).last);
  spool.close();
  const again = new Spool(path);
  t.after(() => again.close());
  assert.deepEqual(
    again.next(10).lines.map((it) => it.time),
    [3, 4, 5],
  );
});

test("a full spool drops its oldest lines and counts them for good", (t) => {
  const path = aFile(t);
  const spool = new Spool(path, 1000);
  for (let n = 1; n <= 50; n++) spool.add(aLine(n));
  assert.equal(spool.waiting() + spool.dropped, 50);
  assert.equal(spool.next(100).lines.at(-1)?.time, 50);
  const { dropped } = spool;
  spool.close();
  const again = new Spool(path);
  t.after(() => again.close());
  assert.equal(again.dropped, dropped);
});

test("no number of a request is used twice, whenever the agent is ended", (t) => {
  const path = aFile(t);
  const used = [1, 2, 3].map(() => {
    const spool = new Spool(path);
    const counter = spool.nextCounter();
    spool.close();
    return counter;
  });
  assert.deepEqual(used, [1, 2, 3]);
});

test("whatever is added and acknowledged, what is left is the newest, in order", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat(20), { nil: undefined }), { maxLength: 60 }), (steps) => {
      const spool = new Spool(":memory:");
      const kept: number[] = [];
      for (const [n, most] of steps.entries()) {
        if (most === undefined) {
          spool.add(aLine(n));
          kept.push(n);
        } else {
          spool.acknowledge(spool.next(most).last);
          kept.splice(0, most);
        }
      }
      assert.deepEqual(
        spool.next(100).lines.map((it) => it.time),
        kept,
      );
      spool.close();
    }),
    { numRuns: 50 },
  );
});
