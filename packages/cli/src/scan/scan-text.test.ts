import assert from "node:assert/strict";
import { test } from "node:test";
import type { ScannedCopy, ScannedModel, ScanReport, TheftPath } from "@outweigh/schema";
import { Terminal } from "../terminal.ts";
import { widthOf } from "../text/width.ts";
import { isFinding } from "./findings.ts";
import { firstFix } from "./first-fix.ts";
import { printScan } from "./print.ts";

const aCopy = (over: Partial<ScannedCopy> = {}): ScannedCopy => ({
  path: "/srv/models/acme.gguf",
  format: "gguf",
  bytes: 2e9,
  digest: "a".repeat(64),
  complete: true,
  readableBy: [],
  declared: true,
  ...over,
});
const aModel = (over: Partial<ScannedModel> = {}): ScannedModel => ({
  id: "a".repeat(16),
  name: "acme",
  class: "private",
  digest: "a".repeat(64),
  bytes: 2e9,
  tensors: 9,
  formats: ["gguf"],
  copies: [aCopy()],
  ...over,
});
const aReport = (over: Partial<ScanReport> = {}): ScanReport => ({
  version: "0.1.0",
  startedAt: "2026-11-25T09:00:00.000Z",
  finishedAt: "2026-11-25T09:00:11.200Z",
  roots: ["/"],
  filesSeen: 412_880,
  bytesRead: 1e9,
  models: [],
  listeners: [],
  paths: [],
  notSeen: [{ what: "memory", why: "not on the disk" }],
  ...over,
});
const aPath = (fix: string, to = "/srv/models/a"): TheftPath => ({
  model: "acme",
  steps: [{ from: "any local user", to, how: "reads the file", basis: "verified", proof: "/ 0755" }],
  fix,
});

function printed(report: ScanReport): string[] {
  let text = "";
  const out = { write: (it: string) => (text += it) };
  printScan(report, new Terminal({ stdout: out, stderr: out, isTerminal: false, colour: false, now: () => 0 }));
  return text.split("\n");
}

test("an undeclared copy of a protected model is a finding; of a public one it is not", () => {
  const undeclared = [aCopy({ declared: false })];
  assert.equal(isFinding(aReport({ models: [aModel({ copies: undeclared })] })), true);
  assert.equal(isFinding(aReport({ models: [aModel({ class: "public", copies: undeclared })] })), false);
  assert.equal(isFinding(aReport({ models: [aModel()] })), false);
});

test("what comes from a registered model is a finding", () => {
  const { name: _, class: __, ...strange } = aModel({ verdict: { relation: "derived", model: "acme" } });
  assert.equal(isFinding(aReport({ models: [strange] })), true);
});

test("says how much was looked at, and what was not, even if nothing was found", () => {
  const lines = printed(aReport());
  assert.match(lines[0] ?? "", /^412,880 files in 1 root, 11\.2 s, 1 GB read; read-only, no network/);
  assert.ok(lines.includes("No model found."));
  assert.ok(lines.includes("   memory: not on the disk"));
});

test("undeclared copies come first and are marked", () => {
  const lines = printed(
    aReport({
      models: [
        aModel({ copies: [aCopy(), aCopy({ path: "a.bin", container: "/home/holiday.zip", declared: false })] }),
      ],
    }),
  );
  const at = lines.findIndex((it) => it.includes("acme"));
  assert.match(lines[at] ?? "", /PRIVATE .* 2 copies {2}! 1 outside any declared place/);
  assert.match(lines[at + 1] ?? "", /^ {3}! \/home\/holiday\.zip!\/a\.bin {2}undeclared/);
});

test("the place of a copy of several files is their folder, alone on its line and whole, to be pasted", () => {
  const folder = "/srv/models/acme-13b-instruct-2026-11-25-checkpoint-000120000/safetensors";
  const files = [1, 2].map((it) => ({ path: `${folder}/model-0000${it}-of-00002.safetensors`, bytes: 1e9 }));
  const copy = aCopy({ path: `${folder}/model.safetensors.index.json`, files, declared: false, readableBy: ["other"] });
  const lines = printed(aReport({ models: [aModel({ copies: [copy] })] }));
  const at = lines.indexOf(`   ! ${folder}`);
  assert.ok(at > 0, lines.join("\n"));
  assert.equal(lines[at + 1], "       undeclared · 2 files · read by any local user");
});

test("archives that were not looked into to their end are counted at the top", () => {
  const lines = printed(aReport({ archives: { lookedInto: 3218, leftOut: 2 } }));
  assert.equal(lines[1], "3,220 archives looked into, 2 not to the end (see NOT SEEN)");
});

test("a hostile name does nothing to the terminal", () => {
  const lines = printed(
    aReport({ models: [aModel({ copies: [aCopy({ path: "/home/\x1b[2J\nx.bin", declared: false })] })] }),
  );
  assert.ok(lines.some((it) => it.includes("⟨U+001B⟩[2J⟨U+000A⟩x.bin")));
});

test("no line is wider than 100 columns", () => {
  const path = `/home/${"long-folder-name/".repeat(20)}model.bin`;
  const report = aReport({
    models: [aModel({ copies: [aCopy({ path, declared: false, readableBy: ["other"] })] })],
    paths: [aPath(`chmod o-r ${"/short"}`, path)],
  });
  for (const it of printed(report)) assert.ok(widthOf(it) <= 100, it);
});

test("the fix that closes most comes first; of equal ones the narrowest", () => {
  const two = [aPath("chmod o-r /srv/models/a"), aPath("chmod o-r /srv/models/b")];
  assert.deepEqual(firstFix(two), { command: "chmod o-rx /srv/models", closes: 2 });
  assert.deepEqual(firstFix(two.slice(1)), { command: "chmod o-r /srv/models/b", closes: 1 });
  assert.equal(firstFix([]), undefined);
});

test("never advises to close a folder that others need", () => {
  const paths = [
    aPath("chmod o-r /tmp/a"),
    aPath("chmod o-r /tmp/b"),
    aPath("chmod o-r /usr/lib/x/a"),
    aPath("chmod o-r /usr/lib/x/b"),
  ];
  assert.match(firstFix(paths)?.command ?? "", /^chmod o-r \//);
});
