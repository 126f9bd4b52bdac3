import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScanReport } from "@outweigh/schema";
import fc from "fast-check";
import { mergedScan } from "./merged-scan.ts";

/** A report over these folders that found one copy of a model at each path. */
function aReport(roots: readonly string[], paths: readonly string[], over: Partial<ScanReport> = {}): ScanReport {
  const copies = paths.map((path) => ({
    path,
    format: "gguf",
    bytes: 1,
    digest: "d",
    complete: true,
    readableBy: [],
  }));
  const model = { id: "m", digest: "d", bytes: 1, tensors: 1, formats: ["gguf"], copies };
  return {
    version: "test",
    startedAt: "2026-11-25T00:00:00Z",
    finishedAt: "2026-11-25T00:00:01Z",
    roots: [...roots],
    filesSeen: 1,
    bytesRead: 1,
    models: copies.length > 0 ? [model] : [],
    listeners: [],
    paths: [],
    notSeen: [],
    ...over,
  };
}

const pathsOf = (it: ScanReport) => it.models.flatMap((model) => model.copies.map((copy) => copy.path)).toSorted();

test("a scan of one folder says nothing of copies in another", () => {
  const first = aReport(["/srv", "/home"], ["/srv/a", "/home/b"]);
  const merged = mergedScan(first, aReport(["/srv"], ["/srv/c"]));
  assert.deepEqual(pathsOf(merged), ["/home/b", "/srv/c"]);
  assert.deepEqual(merged.roots, ["/srv", "/home"]);
  assert.equal(merged.models.length, 1, "one model, with the copies of both");
});

test("what a scan of the folder no longer finds is gone, with its paths and what was not seen there", () => {
  const step = (to: string) => [{ from: "any local user", to, how: "read", basis: "verified" as const }];
  const before = aReport(["/srv", "/home"], ["/srv/a", "/home/b"], {
    paths: [
      { model: "d", steps: step("/srv/a") },
      { model: "d", steps: step("/home/b") },
    ],
    notSeen: [
      { what: "/srv/x", why: "closed" },
      { what: "/home/x", why: "closed" },
      { what: "memory", why: "never" },
    ],
  });
  const merged = mergedScan(before, aReport(["/srv"], []));
  assert.deepEqual(pathsOf(merged), ["/home/b"]);
  assert.deepEqual(
    merged.paths.map((it) => it.steps[0]?.to),
    ["/home/b"],
  );
  assert.deepEqual(
    merged.notSeen.map((it) => it.what),
    ["/home/x"],
  );
});

test("a folder is not another one whose name begins alike", () => {
  assert.deepEqual(pathsOf(mergedScan(aReport(["/"], ["/srv2/a", "/srv/b"]), aReport(["/srv/"], []))), ["/srv2/a"]);
});

test("a scan of everything leaves nothing of those before", () => {
  assert.deepEqual(pathsOf(mergedScan(aReport(["/home"], ["/home/b"]), aReport(["/"], ["/srv/a"]))), ["/srv/a"]);
});

test("whatever was scanned in whatever order, a folder holds what its last scan found", () => {
  const folder = fc.constantFrom("/a", "/b", "/c");
  const scan = fc.record({ folder, names: fc.uniqueArray(fc.constantFrom("x", "y", "z")) });
  fc.assert(
    fc.property(fc.array(scan, { minLength: 1, maxLength: 8 }), (scans) => {
      const reports = scans.map((it) =>
        aReport(
          [it.folder],
          it.names.map((name) => `${it.folder}/${name}`),
        ),
      );
      const merged = reports.reduce((known, it) => mergedScan(known, it));
      const last = new Map(scans.map((it) => [it.folder, it.names.map((name) => `${it.folder}/${name}`)]));
      assert.deepEqual(pathsOf(merged), [...last.values()].flat().toSorted());
    }),
  );
});

test("more copies than can be kept are counted, not forgotten in silence", () => {
  const many = Array.from({ length: 20_003 }, (_, i) => `/home/${i}`);
  const merged = mergedScan(aReport(["/home"], many), aReport(["/srv"], []));
  assert.equal(pathsOf(merged).length, 20_000);
  assert.equal(merged.notSeen[0]?.what, "3 copies of earlier scans");
});

test("what lies below a report's folders is told as by comparing with each, whatever their names", () => {
  const folder = fc.array(fc.constantFrom("a", "ab", "b", ".", "é"), { maxLength: 4 }).map((it) => `/${it.join("/")}`);
  const ending = fc.constantFrom("", "/", "//");
  const folders = fc.array(
    fc.tuple(folder, ending).map((it) => it.join("")),
    { maxLength: 6 },
  );
  fc.assert(
    fc.property(folders, folder, (roots, path) => {
      const bare = roots.map((it) => it.replace(/\/+$/, ""));
      const isBelow = bare.some((it) => path === it || path.startsWith(`${it}/`));
      const merged = mergedScan(aReport(["/"], [path]), aReport(roots, []));
      assert.deepEqual(pathsOf(merged), isBelow ? [] : [path]);
    }),
  );
});

test("a report of countless folders, and one of countless slashes, cost a moment and keep no more than is shown", () => {
  const paths = Array.from({ length: 2000 }, (_, i) => `/m/${i}`);
  const began = process.cpuUsage();
  const many = Array.from({ length: 200_000 }, (_, i) => `/r${i}`);
  const merged = mergedScan(aReport(["/m"], paths), aReport([...many, `${"/".repeat(1_000_000)}x`], []));
  mergedScan(aReport(["/m"], paths), aReport([`${"/".repeat(1_000_000)}x`], []));
  assert.ok(process.cpuUsage(began).user < 5_000_000, "an hour, while each path met each folder");
  assert.equal(pathsOf(merged).length, paths.length);
  assert.ok(merged.roots.length <= 1000);
});

test("a path to what lies on no disk is gone once a scan that looked for it finds it no more, and stands once", () => {
  const path = {
    model: "m",
    kind: "bucket-public" as const,
    steps: [{ from: "anybody", to: "s3://acme-models/", how: "reads", basis: "verified" as const }],
  };
  const looked = [{ kind: path.kind, complete: true }];
  const before = { ...aReport(["/"], []), paths: [path], looked };
  assert.equal(mergedScan(before, before).paths.length, 1);
  assert.equal(mergedScan(before, { ...aReport(["/"], []), looked }).paths.length, 0);
  // A scan without exported configuration knows nothing of buckets.
  assert.equal(mergedScan(before, aReport(["/"], [])).paths.length, 1);
});
