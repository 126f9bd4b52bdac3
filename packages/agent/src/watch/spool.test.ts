import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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

test("no number of a request is used twice and none is smaller than the last, whenever the agent is ended", (t) => {
  const path = aFile(t);
  const used = [1, 2, 3].flatMap(() => {
    const spool = new Spool(path);
    const counters = [spool.nextCounter(), spool.nextCounter()];
    spool.close();
    return counters;
  });
  assert.deepEqual(
    used,
    [...new Set(used)].toSorted((a, b) => a - b),
  );
});

const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

test(
  "on a full disk the watch goes on, what is lost is counted, what was kept stays, and requests still have numbers",
  { skip: canMount ? false : "needs unshare and tmpfs" },
  () => {
    const script = join(import.meta.dirname, "..", "testing", "full-disk.ts");
    const { status, stdout, stderr } = spawnSync("unshare", ["-rm", process.execPath, script], {
      encoding: "utf8",
      timeout: 240_000,
    });
    assert.equal(status, 0, stderr);
    const { added, kept, dropped, problem, counters, after } = JSON.parse(stdout);
    assert.ok(dropped > 0 && kept > 0);
    assert.equal(kept + dropped, added, "each line is kept or counted");
    assert.match(problem, /full/);
    assert.ok(counters[1] > counters[0]);
    assert.deepEqual(after, { problem: null, kept: 1 }, "once there is room again, lines are kept again");
  },
);

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

test("a line that no server would read is dropped and counted, and keeps nothing behind it back", (t) => {
  const path = aFile(t);
  const spool = new Spool(path);
  t.after(() => spool.close());
  const line = aLine(1);
  // A sparse file may claim eight exbibytes.
  spool.add({ ...line, file: { ...line.file, bytes: 2 ** 62 } });
  spool.add(aLine(2));
  const { lines, last } = spool.next(10);
  assert.deepEqual(
    lines.map((it) => it.time),
    [2],
  );
  assert.equal(spool.dropped, 1);
  spool.acknowledge(last);
  assert.equal(spool.waiting(), 0);
});

test("one report holds no more text than a server reads, and at least one line", (t) => {
  const spool = new Spool(aFile(t));
  t.after(() => spool.close());
  const line = aLine(1);
  const parents = Array.from({ length: 16 }, () => ({ pid: 1, name: "p", exe: "x".repeat(8000) }));
  for (let n = 0; n < 100; n++) spool.add({ ...line, process: { ...line.process, parents } });
  const { lines, last } = spool.next(100);
  assert.ok(lines.length > 0 && lines.length < 40, String(lines.length));
  spool.acknowledge(last);
  assert.equal(spool.waiting(), 100 - lines.length);
});
