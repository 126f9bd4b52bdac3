import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ScannedCopy, ScannedModel, ScanReport } from "@outweigh/schema";
import { checkConfig } from "./config/read.ts";
import { proposeConfig } from "./init.ts";

const aCopy = (over: Partial<ScannedCopy> = {}): ScannedCopy => ({
  path: "/srv/models/acme.gguf",
  format: "gguf",
  bytes: 2e9,
  digest: "a".repeat(64),
  complete: true,
  readableBy: [],
  ...over,
});
const aModel = (copies: ScannedCopy[], over: Partial<ScannedModel> = {}): ScannedModel => ({
  id: "a".repeat(16),
  digest: "a".repeat(64),
  bytes: 2e9,
  tensors: 9,
  formats: ["gguf"],
  copies,
  ...over,
});
const aReport = (models: ScannedModel[]): ScanReport => ({
  version: "0.1.0",
  startedAt: "2026-11-25T09:00:00Z",
  finishedAt: "2026-11-25T09:00:01Z",
  roots: ["/"],
  filesSeen: 1,
  bytesRead: 1,
  models,
  listeners: [],
  paths: [],
  notSeen: [],
});
const proposed = (...models: ScannedModel[]) => {
  const text = proposeConfig(aReport(models));
  const { config, mistakes } = checkConfig(text, "outweigh.yml");
  assert.deepEqual(mistakes, [], text);
  return { text, models: config?.models ?? [] };
};

test("only the likeliest place is declared: a copy that was found is not a copy that was allowed", () => {
  const { text, models } = proposed(aModel([aCopy({ path: "/home/dev/x.bin" }), aCopy()]));
  assert.deepEqual(models[0]?.places, ["file:/srv/models/acme.gguf"]);
  assert.match(text, /# also found, declare it or ask why it is there: "file:\/home\/dev\/x\.bin"/);
});

test("a model of a hub's cache is taken for public, and the proposal says why", () => {
  const path = "/home/ana/.cache/huggingface/hub/models--meta--llama/blobs/11";
  const { text, models } = proposed(aModel([aCopy({ path })]));
  assert.deepEqual([models[0]?.class, models[0]?.name], ["public", "meta-llama"]);
  assert.match(text, /because it lies in the cache of a public hub/);
});

test("a model of which nothing is known is private, without readers", () => {
  const [model] = proposed(aModel([aCopy()])).models;
  assert.deepEqual([model?.class, model?.readers, model?.digest], ["private", [], "a".repeat(64)]);
});

test("shards are declared by their folder; what was not hashed has no digest", () => {
  const files = [
    { path: "/srv/m/1.bin", bytes: 1 },
    { path: "/srv/m/2.bin", bytes: 1 },
  ];
  const [model] = proposed(aModel([aCopy({ path: "/srv/m/1.bin", files })], { digest: "unread:x" })).models;
  assert.deepEqual([model?.places, model?.digest], [["file:/srv/m"], undefined]);
});

test("test data of libraries is left out", () =>
  assert.deepEqual(proposed(aModel([aCopy()], { bytes: 1000 })).models, []));

test("whatever files are called, the proposal is good", () => {
  const path = fc.string({ unit: "binary", minLength: 1 }).map((it) => `/srv/${it}`);
  fc.assert(
    fc.property(fc.uniqueArray(path, { minLength: 1, maxLength: 5 }), (paths) => {
      proposed(
        ...paths.map((it, i) =>
          aModel([aCopy({ path: `${it}-${i}` })], { id: String(i).repeat(16), digest: "unread:" }),
        ),
      );
    }),
  );
});
