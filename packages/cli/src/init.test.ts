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

test("of two models in one folder, the second has its files for places: one place has one model", () => {
  const inFolder = (id: string) => {
    const files = ["json", "bin"].map((it) => ({ path: `/srv/zoo/${id}.${it}`, bytes: 1e9 }));
    return aModel([aCopy({ path: `/srv/zoo/${id}.json`, files })], { id: id.repeat(16), digest: id.repeat(64) });
  };
  const { models } = proposed(inFolder("a"), inFolder("b"));
  assert.deepEqual(
    models.map((it) => it.places),
    [["file:/srv/zoo"], ["file:/srv/zoo/b.json", "file:/srv/zoo/b.bin"]],
  );
});

test("of two models in one archive, the second takes the place of another copy, or is set aside for a person", () => {
  const packed = aCopy({ path: "/srv/all.tar!m", container: "/srv/all.tar" });
  const second = { id: "b".repeat(16), digest: "b".repeat(64) };
  const alone = proposed(aModel([packed]), aModel([packed], second));
  assert.deepEqual([alone.models.length, alone.models[0]?.places], [1, ["file:/srv/all.tar"]]);
  assert.match(alone.text, /# Set aside: .*\n {2}# # 2 GB.*\n {2}# - name: "all-bbbbbbbb"/);
  const elsewhere = proposed(aModel([packed]), aModel([packed, aCopy({ path: "/home/dev/m.gguf" })], second));
  assert.deepEqual(elsewhere.models[1]?.places, ["file:/home/dev/m.gguf"]);
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
