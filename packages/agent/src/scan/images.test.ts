import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { aFolder, lay, scanOf, weights } from "../testing/a-disk.ts";

const hexOf = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("hex");

function findingsOf({ models }: Awaited<ReturnType<typeof scanOf>>): string[] {
  return models.flatMap((it) => it.copies.flatMap((copy) => copy.findings ?? []));
}

/** An OCI layout with one image of one layer. */
function layOut(root: string, layer: Uint8Array, over: object = {}): void {
  const digest = `sha256:${hexOf(layer)}`;
  const manifest = JSON.stringify({ schemaVersion: 2, layers: [{ digest, size: layer.length }], ...over });
  lay(root, `blobs/sha256/${hexOf(layer)}`, layer);
  lay(root, `blobs/sha256/${hexOf(manifest)}`, manifest);
  const annotations = { "org.opencontainers.image.ref.name": "acme/serve:v7" };
  const index = { manifests: [{ digest: `sha256:${hexOf(manifest)}`, annotations }] };
  lay(root, "index.json", JSON.stringify(index));
}

test("weights in a blob of a layout are told with their image and layer", async (t) => {
  const root = aFolder(t);
  const layer = weights("acme");
  layOut(`${root}/cache/serve`, layer);
  const found = findingsOf(await scanOf(root));
  assert.equal(found.length, 1);
  assert.match(found[0] ?? "", /acme\/serve:v7/);
  assert.ok(found[0]?.includes(hexOf(layer)));
});

test("weights that docker unpacked are told with their image and layer", async (t) => {
  const root = aFolder(t);
  const [folder, layer] = ["abcdefghij0123456789abcdefghij01", `sha256:${"a".repeat(64)}`];
  const config = JSON.stringify({ rootfs: { type: "layers", diff_ids: [layer] } });
  lay(root, `overlay2/${folder}/diff/srv/model.bin`, weights("acme"));
  lay(root, `image/overlay2/layerdb/sha256/${"a".repeat(64)}/cache-id`, folder);
  lay(root, `image/overlay2/imagedb/content/sha256/${hexOf(config)}`, config);
  const tags = { Repositories: { serve: { "serve:v7": `sha256:${hexOf(config)}` } } };
  lay(root, "image/overlay2/repositories.json", JSON.stringify(tags));
  assert.match(findingsOf(await scanOf(root)).join(), /serve:v7/);
});

test("a manifest that names a file outside its layout is not followed", async (t) => {
  const root = aFolder(t);
  const layer = weights("acme");
  const blob = `blobs/sha256/${hexOf(layer)}`;
  lay(root, `layout/${blob}`, layer);
  lay(root, "secret.json", JSON.stringify({ rootfs: { diff_ids: ["sha256:secret"] } }));
  lay(root, "layout/manifest.json", JSON.stringify([{ Config: "../secret.json", Layers: [blob], RepoTags: [] }]));
  assert.doesNotMatch(findingsOf(await scanOf(root)).join(), /sha256:secret/);
});

test("a file that only lies where layers do is a copy like any other", async (t) => {
  const root = aFolder(t);
  lay(root, `blobs/sha256/${"b".repeat(64)}`, weights("acme"));
  lay(root, "overlay2/abcdefghij0123456789abcdefghij01/diff/m", weights("other"));
  const report = await scanOf(root);
  assert.equal(report.models.length, 2);
  assert.deepEqual(findingsOf(report), []);
});
