import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { maxChangeLines, scanChange as shape, type ScannedCopy, type ScanReport } from "@outweigh/schema";
import { scanChange } from "./scan-change.ts";

function aCopy(path: string, over: Partial<ScannedCopy> = {}): ScannedCopy {
  return { path, format: "gguf", bytes: 1, digest: "d", complete: true, readableBy: [], declared: true, ...over };
}

function aReport(roots: string[], copies: ScannedCopy[], over: Partial<ScanReport> = {}): ScanReport {
  const at = "2026-11-26T00:00:00.000Z";
  const model = { id: "m", name: "acme", digest: "d", bytes: 1, tensors: 1, formats: ["gguf"], copies };
  return {
    version: "0",
    startedAt: at,
    finishedAt: at,
    roots,
    filesSeen: 1,
    bytesRead: 1,
    models: copies.length === 0 ? [] : [model],
    listeners: [],
    paths: [],
    notSeen: [],
    ...over,
  };
}

const whats = (it: { items: readonly { what: string }[] }) => it.items.map((one) => one.what);

test("copies that came, went or changed hands are told, each once", () => {
  const before = aReport(["/srv"], [aCopy("/srv/a"), aCopy("/srv/b"), aCopy("/srv/c")]);
  const after = aReport(["/srv"], [aCopy("/srv/b", { readableBy: ["other"] }), aCopy("/srv/c"), aCopy("/srv/new")]);
  const it = scanChange(before, after);
  assert.deepEqual(
    [whats(it.newCopies), whats(it.goneCopies), whats(it.changedCopies)],
    [["/srv/new"], ["/srv/a"], ["/srv/b"]],
  );
  assert.deepEqual(it.changedCopies.items[0], {
    what: "/srv/b",
    says: "acme, gguf, readable by other",
    before: "acme, gguf",
  });
});

test("a scan of other folders says of the first ones nothing, and that what it found may have lain there before", () => {
  const it = scanChange(aReport(["/srv"], [aCopy("/srv/a")]), aReport(["/home"], [aCopy("/home/x")]));
  assert.deepEqual([whats(it.newCopies), whats(it.firstLooked), whats(it.goneCopies)], [[], ["/home/x"], []]);
});

test("other weights at the same place are a new copy and a gone one", () => {
  const it = scanChange(aReport(["/"], [aCopy("/a")]), aReport(["/"], [aCopy("/a", { digest: "e" })]));
  assert.deepEqual([whats(it.newCopies), whats(it.goneCopies)], [["/a"], ["/a"]]);
});

test("tokens, listeners and theft paths that came and went are told", () => {
  const path = (from: string) => ({
    model: "acme",
    kind: "file-mode" as const,
    steps: [{ from, to: "/srv/a and 3 more", how: "reads", basis: "verified" as const }],
  });
  const token = { path: "/home/ann/token", opens: "hf", scope: "a token", readableBy: [] };
  const listener = {
    address: "0.0.0.0",
    port: 11434,
    product: "Ollama",
    authenticated: false,
    basis: "verified" as const,
  };
  const before = aReport(["/"], [], { paths: [path("any local user")], tokens: [token] });
  const after = aReport(["/"], [], { paths: [path("group team")], listeners: [listener] });
  const it = scanChange(before, after);
  assert.deepEqual([whats(it.gonePaths), whats(it.newPaths)], [["any local user → /srv/a"], ["group team → /srv/a"]]);
  assert.deepEqual([whats(it.goneTokens), it.newTokens.total], [["/home/ann/token"], 0]);
  assert.deepEqual(it.newListeners.items, [{ what: "0.0.0.0 port 11434", says: "Ollama: asks nobody" }]);
});

test("a change of a hundred thousand copies is counted whole and told in part", () => {
  const many = Array.from({ length: 100_000 }, (_, i) => aCopy(`/srv/${i}`));
  const { newCopies } = shape.parse(scanChange(aReport(["/srv"], []), aReport(["/srv"], many)));
  assert.deepEqual([newCopies.total, newCopies.items.length], [100_000, maxChangeLines]);
});

test("between any two scans of the same folder, what was plus what is new is what is plus what is gone", () => {
  const copies = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 });
  fc.assert(
    fc.property(copies, copies, (was, is) => {
      const of = (names: string[]) =>
        aReport(
          ["/r"],
          names.map((it) => aCopy(`/r/${it}`)),
        );
      const it = scanChange(of(was), of(is));
      assert.equal(was.length + it.newCopies.total, is.length + it.goneCopies.total);
      assert.equal(scanChange(of(is), of(is)).newCopies.total, 0);
    }),
  );
});
