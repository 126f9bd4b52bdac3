import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprint } from "@outweigh/weights";
import { openCopy } from "../open-copy.ts";
import { aFolder, lay, scanOf, weights, zipOf } from "../testing/a-disk.ts";

const key = Buffer.alloc(32, 7);
/** Too small for the default: matrices of 32 x 32. */
const sampling = { key, minElements: 1024 };

test("an open copy has the tensors of its files, of an archive's member, and of a split file", async (t) => {
  const root = aFolder(t);
  const bytes = weights("acme");
  lay(root, "shards/m-00001-of-00002.safetensors", weights("acme", [0, 1]));
  lay(root, "shards/m-00002-of-00002.safetensors", weights("acme", [2, 3]));
  lay(root, "zip", zipOf({ "a.bin": bytes }));
  lay(root, "split/m.001", bytes.subarray(0, 9000));
  lay(root, "split/m.002", bytes.subarray(9000));
  const { models } = await scanOf(root);
  assert.equal(models[0]?.copies.length, 3);
  const digests = new Set<string>();
  for (const copy of models[0]?.copies ?? []) {
    const opened = await openCopy(copy);
    assert.equal(opened.parts.flatMap((it) => it.file.tensors).length, 4, copy.path);
    const { tensors } = await fingerprint(opened.parts, sampling);
    digests.add(JSON.stringify(tensors.map((it) => it.tiles.map((tile) => [...tile.values]))));
    opened.close();
  }
  assert.equal(digests.size, 1, "equal bytes have equal fingerprints, wherever they lie");
});

test("a copy that is gone is the system's error", async (t) => {
  const root = aFolder(t);
  const copy = { path: `${root}/gone`, format: "gguf", bytes: 1, digest: "", complete: true, readableBy: [] };
  await assert.rejects(openCopy(copy), { code: "ENOENT" });
});

test("a copy that was rounded and renamed is recognised by its fingerprint, and is an undeclared copy of its origin", async (t) => {
  const root = aFolder(t);
  const large = (seed: string, change = (value: number) => value) =>
    weights(seed, [0, 1, 2, 3, 4, 5], (n) => `w${n}`, { side: 128, change });
  lay(root, "srv/acme", large("acme"));
  const suspect = lay(
    root,
    "home/holiday.jpg",
    large("acme", (value) => Math.round(value * 16) / 16),
  );
  const other = lay(root, "home/other", large("other"));
  const kept = (await scanOf(`${root}/srv`)).models[0];
  const copy = kept?.copies[0] ?? assert.fail("no copy");
  const opened = await openCopy(copy);
  const known = [{ name: "acme", fingerprint: await fingerprint(opened.parts, { key }) }];
  opened.close();

  const register = [
    { name: "acme", class: "private" as const, digest: kept?.digest, places: [`file:${root}/srv`], readers: [] },
  ];
  const { models } = await scanOf(root, { register, match: { known, key } });
  const of = (path: string) => models.find((it) => it.copies.some((copy) => copy.path === path));
  assert.deepEqual(
    [of(suspect)?.name, of(suspect)?.verdict?.relation, of(suspect)?.copies[0]?.declared],
    ["acme", "derived", false],
  );
  assert.deepEqual([of(other)?.name, of(other)?.verdict], [undefined, undefined]);
  assert.equal(of(copy.path)?.verdict, undefined, "what is known by its digest is not compared");
});

test("of a watched model what may come from it is told too, and says so; a stranger is none, however hard one looks", async (t) => {
  const root = aFolder(t);
  const large = (seed: string, change = (value: number) => value) =>
    weights(seed, [0, 1, 2, 3, 4, 5], (n) => `w${n}`, { side: 128, change });
  lay(root, "srv/acme", large("acme"));
  const kept = (await scanOf(`${root}/srv`)).models[0];
  const opened = await openCopy(kept?.copies[0] ?? assert.fail("no copy"));
  const known = [{ name: "acme", fingerprint: await fingerprint(opened.parts, { key }) }];
  opened.close();
  // From hardly changed to beyond recognition: somewhere between lies what is told only while the model is watched.
  let state = 1;
  const noise = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5;
  for (const size of [0.5, 3, 5, 40])
    lay(
      root,
      `home/noise-${size}`,
      large("acme", (value) => value + size * noise()),
    );
  for (const other of ["o1", "o2"]) lay(root, `home/${other}`, large(other));
  const register = [
    { name: "acme", class: "private" as const, digest: kept?.digest, places: [`file:${root}/srv`], readers: [] },
  ];
  const found = async (watched: readonly string[]) => {
    const { models } = await scanOf(root, { register, match: { known, key, watched: new Set(watched) } });
    const named = models.filter((it) => it.verdict !== undefined);
    return new Map(named.map((it) => [it.copies[0]?.path.split("/").at(-1) ?? "", it.verdict]));
  };
  const [usual, watched, another] = [await found([]), await found(["acme"]), await found(["beta"])];
  assert.deepEqual([...another.keys()], [...usual.keys()]);
  const more = [...watched].filter(([path]) => !usual.has(path));
  assert.deepEqual([[...usual.keys()].sort(), more.map(([path]) => path)], [["noise-0.5", "noise-3"], ["noise-5"]]);
  for (const [path, verdict] of usual) assert.deepEqual(watched.get(path), verdict, "what is sure stays as it was");
  for (const [, verdict] of more) assert.match(String(verdict?.["why"]), /because its model is watched/);
});
