import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { scanReport, type ModelEntry } from "@outweigh/schema";
import { aFolder, lay, scanOf, weights, zipOf } from "../testing/a-disk.ts";

const placesOf = (models: Awaited<ReturnType<typeof scanOf>>["models"]) =>
  models.map((it) =>
    it.copies.map((copy) => (copy.container === undefined ? copy.path : `${copy.container}!/${copy.path}`)).sort(),
  );

test("a renamed copy and one in other shards are the same model", async (t) => {
  const root = aFolder(t);
  const one = lay(root, "srv/model-00001-of-00002.safetensors", weights("acme", [0, 1]));
  lay(root, "srv/model-00002-of-00002.safetensors", weights("acme", [2, 3]));
  const two = lay(
    root,
    "home/holiday.jpg",
    weights("acme", [3, 0, 2, 1], (n) => `w${n}`),
  );
  const report = await scanOf(root);
  scanReport.parse(report);
  assert.deepEqual(placesOf(report.models), [[two, one].sort()]);
  assert.equal(
    report.models[0]?.copies.every((it) => it.complete),
    true,
  );
  assert.equal(report.filesSeen, 3);
});

test("finds weights in archives, however they are called", async (t) => {
  const root = aFolder(t);
  const zip = lay(root, "holiday.dat", zipOf({ "a.bin": weights("acme"), "note.txt": Buffer.from("hello") }));
  const packed = lay(root, "log.1", gzipSync(weights("acme")));
  const { models } = await scanOf(root);
  assert.deepEqual(placesOf(models), [[`${zip}!/a.bin`, `${packed}!/log.1`].sort()]);
});

test("a cut copy is an incomplete copy of the whole one", async (t) => {
  const root = aFolder(t);
  lay(root, "whole", weights("acme"));
  const cut = lay(root, "cut", weights("acme"));
  truncateSync(cut, readFileSync(cut).length - 5000);
  const { models } = await scanOf(root);
  assert.equal(models.length, 1);
  assert.deepEqual(
    models[0]?.copies.map((it) => [it.path, it.complete]),
    [
      [cut, false],
      [join(root, "whole"), true],
    ],
  );
});

test("a split file is one copy, with all its pieces", async (t) => {
  const root = aFolder(t);
  const bytes = weights("acme");
  const pieces = [0, 6000, 12_000].map((at, i) =>
    lay(root, `blob.00${i + 1}`, bytes.subarray(at, i === 2 ? undefined : at + 6000)),
  );
  lay(root, "whole", bytes);
  const { models } = await scanOf(root);
  const copy = models[0]?.copies.find((it) => it.path === pieces[0]);
  assert.equal(models.length, 1);
  assert.equal(copy?.complete, true);
  assert.deepEqual(
    copy?.files?.map((it) => it.path),
    pieces,
  );
  assert.equal(copy?.bytes, bytes.length);
});

test("links are not followed, loops end, pipes are not opened", async (t) => {
  const root = aFolder(t);
  const outside = aFolder(t);
  lay(outside, "secret", weights("acme"));
  mkdirSync(join(root, "a", "b"), { recursive: true });
  symlinkSync("..", join(root, "a", "b", "loop"));
  symlinkSync(join(outside, "secret"), join(root, "a", "link.safetensors"));
  symlinkSync(outside, join(root, "a", "folder"));
  execFileSync("mkfifo", [join(root, "pipe.gguf")]);
  lay(root, "empty.safetensors", "");
  const { models, filesSeen } = await scanOf(root);
  assert.deepEqual(models, []);
  assert.equal(filesSeen, 1, "the empty file alone is a regular file");
});

test("hard links are read once, and each of their names is a way to the weights", async (t) => {
  const root = aFolder(t);
  const bytes = weights("acme", [0, 1], undefined, { side: 256 });
  const one = lay(root, "a", bytes);
  linkSync(one, join(root, "b"));
  const { models, bytesRead } = await scanOf(root);
  assert.deepEqual(placesOf(models), [[one, join(root, "b")]]);
  assert.ok(bytesRead < 1.9 * bytes.length, `${bytesRead} bytes were read`);
});

test("a name that is no UTF-8 hides nothing", async (t) => {
  const root = aFolder(t);
  const folder = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x64, 0xff])]);
  mkdirSync(folder);
  chmodSync(root, 0o755);
  writeFileSync(Buffer.concat([folder, Buffer.from("/"), Buffer.from([0xfe, 0x61])]), weights("acme"));
  const { models, notSeen } = await scanOf(root);
  assert.equal(models.length, 1);
  assert.deepEqual(models[0]?.copies[0]?.readableBy, ["other"], "who can read it is told as of any other");
  assert.equal(
    notSeen.find(({ why }) => why.startsWith("who can read it")),
    undefined,
  );
});

test("blobs of a hub's cache find their siblings by the links that name them", async (t) => {
  const root = aFolder(t);
  const cache = join(root, "models--acme--m");
  const blobs = ["11", "22"].map((name, i) => lay(cache, `blobs/${name}`, weights("acme", [2 * i, 2 * i + 1])));
  mkdirSync(join(cache, "snapshots", "rev1"), { recursive: true });
  for (const [i, name] of ["11", "22"].entries()) {
    symlinkSync(`../../blobs/${name}`, join(cache, "snapshots", "rev1", `model-0000${i + 1}-of-00002.safetensors`));
  }
  const { models } = await scanOf(root);
  assert.equal(models.length, 1);
  assert.deepEqual(
    models[0]?.copies.map((it) => [it.complete, it.files?.map((file) => file.path)]),
    [[true, blobs]],
  );
});

const entry = (over: Partial<ModelEntry>): ModelEntry => ({
  name: "acme",
  class: "private",
  places: ["s3://a/b"],
  readers: [],
  ...over,
});

test("the register names models by their digest, and tells declared copies from others", async (t) => {
  const root = aFolder(t);
  const kept = lay(root, "srv/m", weights("acme"));
  lay(root, "home/m", weights("acme"));
  const digest = (await scanOf(kept)).models[0]?.digest ?? "";
  const { models } = await scanOf(root, { register: [entry({ digest, places: [`file:${root}/srv/`] })] });
  assert.deepEqual([models[0]?.name, models[0]?.class], ["acme", "private"]);
  assert.deepEqual(
    models[0]?.copies.map((it) => it.declared),
    [false, true],
  );
});

test("without a digest in the register, a copy in a declared place gives the name", async (t) => {
  const root = aFolder(t);
  lay(root, "srv/m", weights("acme"));
  lay(root, "other", weights("else"));
  const { models } = await scanOf(root, { register: [entry({ places: [`file:${root}/srv`] })] });
  assert.deepEqual(models.map((it) => it.name).sort(), ["acme", undefined]);
});

test("what is not hashed claims no identity, and is said", async (t) => {
  const root = aFolder(t);
  lay(root, "a", weights("acme"));
  lay(root, "b", weights("acme"));
  const { models, notSeen } = await scanOf(root, { hash: "none" });
  assert.deepEqual(
    models.map((it) => it.digest.startsWith("unread:")),
    [true, true],
  );
  assert.match(JSON.stringify(notSeen), /not hashed/);
});

test("beyond the budget the largest are found but not hashed", async (t) => {
  const root = aFolder(t);
  lay(root, "small", weights("acme", [0]));
  const large = lay(root, "large", weights("acme", [1, 2, 3]));
  const { models, notSeen } = await scanOf(root, { limits: { workers: 2, autoHashBytes: 6000 } });
  assert.equal(models.length, 2);
  assert.ok(notSeen.some(({ what, why }) => what === large && why.includes("--hash=full")));
});

test("an archive is looked into beyond the budget for hashing: its weights are found, not hashed", async (t) => {
  const root = aFolder(t);
  lay(root, "backup", zipOf({ "a.bin": weights("acme") }));
  const { models, archives } = await scanOf(root, { limits: { workers: 2, autoHashBytes: 6000 } });
  assert.match(models[0]?.digest ?? "", /^unread:/);
  assert.deepEqual(archives, { lookedInto: 1, leftOut: 0 });
});

test("what would have to be unpacked beyond the budget is left out, counted and said with a code", async (t) => {
  const root = aFolder(t);
  const packed = lay(root, "backup", gzipSync(weights("acme")));
  const { models, archives, notSeen } = await scanOf(root, { limits: { workers: 2, autoUnpackBytes: 6000 } });
  assert.deepEqual(models, []);
  assert.deepEqual(archives, { lookedInto: 0, leftOut: 1 });
  const said = notSeen.find(({ what }) => what === packed);
  assert.deepEqual([said?.code, said?.count], ["BUDGET", 1]);
  const full = await scanOf(root, { hash: "full", limits: { workers: 2, autoUnpackBytes: 6000 } });
  assert.equal(full.models.length, 1, "told to hash all, it unpacks all");
  const named = await scanOf(packed, { limits: { workers: 2, autoUnpackBytes: 6000 } });
  assert.equal(named.models.length, 1, "a file that a person names is looked into as deep as it takes");
});

test("small files in archives are passed over in a quick scan, and counted", async (t) => {
  const root = aFolder(t);
  const tiny = weights("tiny", [0, 1], undefined, { side: 4 });
  const zip = lay(root, "backup", zipOf({ "a.bin": tiny, "b.bin": tiny, "large.bin": weights("acme") }));
  const { models, notSeen } = await scanOf(root);
  assert.deepEqual(placesOf(models).flat(), [`${zip}!/large.bin`]);
  const said = notSeen.find(({ code }) => code === "SMALL_MEMBER");
  assert.deepEqual([said?.count, said?.what], [2, `2 small files in archives: e.g. in ${zip} and more`]);
  assert.equal((await scanOf(root, { hash: "full" })).models.length, 2);
});

test("our own data is left out, and said", async (t) => {
  const root = aFolder(t);
  lay(root, "data/m", weights("acme"));
  const { models, notSeen } = await scanOf(root, { exclude: [join(root, "data")] });
  assert.deepEqual(models, []);
  assert.ok(notSeen.some(({ what }) => what === join(root, "data")));
});

test("what was quarantined is not found again, but only where nobody else can put files", async (t) => {
  const root = aFolder(t);
  lay(root, ".outweigh-quarantine/m", weights("acme"));
  chmodSync(join(root, ".outweigh-quarantine"), 0o755);
  assert.equal((await scanOf(root)).models.length, 1);
  chmodSync(join(root, ".outweigh-quarantine"), 0o700);
  const { models, notSeen } = await scanOf(root);
  assert.deepEqual(models, []);
  assert.ok(notSeen.some(({ why }) => why.includes("quarantined")));
});

test("a broken file is named with what is wrong and where", async (t) => {
  const root = aFolder(t);
  const path = lay(root, "broken", Buffer.concat([Buffer.from("GGUF"), Buffer.alloc(20, 0xff)]));
  const { models, notSeen } = await scanOf(root);
  assert.deepEqual(models, []);
  assert.ok(
    notSeen.some(({ what, why }) => what === path && /byte/.test(why)),
    JSON.stringify(notSeen),
  );
});

test(
  "a readable copy is a theft path; its folder closed, it is none",
  { skip: process.geteuid?.() !== 0 && "needs root to close a folder to others alone" },
  async (t) => {
    const root = aFolder(t);
    const folder = join(root, "models");
    const path = lay(folder, "m", weights("acme"));
    chmodSync(root, 0o755);
    chmodSync(path, 0o644);
    const register = [entry({ places: [`file:${root}`] })];
    const open = await scanOf(root, { register });
    assert.deepEqual(open.models[0]?.copies[0]?.readableBy, ["other"]);
    assert.equal(open.paths[0]?.steps[0]?.basis, "verified");
    chmodSync(folder, 0o700);
    assert.deepEqual((await scanOf(root, { register })).paths, []);
  },
);

test(
  "folders that may not be read are counted, not passed over",
  { skip: process.geteuid?.() === 0 && "root reads every folder" },
  async (t) => {
    const root = aFolder(t);
    mkdirSync(join(root, "closed"), { mode: 0 });
    const { notSeen } = await scanOf(root);
    chmodSync(join(root, "closed"), 0o700); // so that it can be removed
    assert.ok(notSeen.some(({ what, why }) => what === join(root, "closed") && why === "permission denied"));
  },
);

test("a root that is not there is a coded error", async () => {
  await assert.rejects(scanOf("/no/such/folder"), { name: "ScanError", code: "NO_SUCH_ROOT" });
});

test("can be stopped", async (t) => {
  const root = aFolder(t);
  lay(root, "m", weights("acme"));
  await assert.rejects(scanOf(root, { signal: AbortSignal.abort() }), { name: "ScanError", code: "ABORTED" });
});

test("arrays of integers are data, and the report says that they were taken for it", async (t) => {
  const root = aFolder(t);
  const header = "{'descr': '<i8', 'fortran_order': False, 'shape': (1000,), }".padEnd(117) + "\n";
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const head = Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), length, Buffer.from(header)]);
  const labels = lay(root, "labels.npy", Buffer.concat([head, Buffer.alloc(8000, 3)]));
  const { models, notSeen } = await scanOf(root);
  assert.deepEqual(models, []);
  const said = notSeen.find((it) => it.what === labels);
  assert.match(said?.why ?? "", /taken for data/);
});
