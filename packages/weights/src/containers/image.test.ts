import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { findModels, readModelFile } from "../recognise.ts";
import { concat } from "../testing/bytes.ts";
import { writeSafetensors } from "../testing/safetensors.ts";
import { writeTar } from "../testing/tar.ts";
import { aModel, sha256, strictReader } from "../testing/tensors.ts";
import { dockerLayers, layerOfImage, overlayFolder } from "./image.ts";

const json = (value: unknown): Uint8Array => concat(JSON.stringify(value));
const layer = writeTar([{ name: "models/m.safetensors", data: writeSafetensors(aModel()) }]);
const other = writeTar([{ name: "etc/hostname", data: concat("x".repeat(2000)) }]);

interface Blob {
  readonly name: string;
  readonly data: Uint8Array;
  readonly digest: string;
}

function blob(data: Uint8Array): Blob {
  return { name: `blobs/sha256/${sha256(data)}`, data, digest: `sha256:${sha256(data)}` };
}

/** An OCI layout of one image whose second layer holds the model, as buildkit and skopeo write it. */
function layout(annotations: object, nested = false): { files: Blob[]; layerDigest: string } {
  const [first, second] = [blob(new Uint8Array(gzipSync(other))), blob(new Uint8Array(gzipSync(layer)))];
  const config = blob(
    json({ rootfs: { type: "layers", diff_ids: [`sha256:${sha256(other)}`, `sha256:${sha256(layer)}`] } }),
  );
  const layers = [first, second].map(({ digest }) => ({ digest }));
  const manifest = blob(json({ config: { digest: config.digest }, layers }));
  const inner = blob(json({ manifests: [{ digest: manifest.digest }] }));
  const top = json({ manifests: [{ digest: (nested ? inner : manifest).digest, annotations }] });
  const files = [first, second, config, manifest, inner, { name: "index.json", data: top, digest: "" }];
  return { files, layerDigest: second.digest };
}

async function findingsIn(bytes: Uint8Array): Promise<string[]> {
  const found: string[] = [];
  for await (const { reader, context } of findModels(strictReader(bytes))) {
    found.push(...(await readModelFile(reader, context)).findings.map((it) => it.what));
  }
  return found;
}

test("names the image and the layer of a model in an OCI layout, also behind an index of platforms", async () => {
  for (const nested of [false, true]) {
    const { files, layerDigest } = layout({ "io.containerd.image.name": "docker.io/acme/llm:1.0" }, nested);
    assert.deepEqual(await findingsIn(writeTar(files)), [
      `lies in layer ${layerDigest} of image docker.io/acme/llm:1.0`,
    ]);
    assert.deepEqual(await findingsIn(new Uint8Array(gzipSync(writeTar(files)))), [
      `lies in layer ${layerDigest} of image docker.io/acme/llm:1.0`,
    ]);
  }
});

test("an image without a name is called by its manifest's digest", async () => {
  const { files, layerDigest } = layout({});
  const manifest = files[3]?.digest;
  assert.deepEqual(await findingsIn(writeTar(files)), [`lies in layer ${layerDigest} of image ${manifest}`]);
});

test("names the image and the layer of a model in what docker save wrote before layouts", async () => {
  const id = "ab".repeat(32);
  const config = json({ rootfs: { diff_ids: [`sha256:${sha256(layer)}`] } });
  const files = [
    { name: `${id}/layer.tar`, data: layer },
    { name: `${sha256(config)}.json`, data: config },
    {
      name: "manifest.json",
      data: json([{ Config: `${sha256(config)}.json`, RepoTags: ["acme/llm:1.0"], Layers: [`${id}/layer.tar`] }]),
    },
  ];
  assert.deepEqual(await findingsIn(writeTar(files)), [`lies in layer sha256:${sha256(layer)} of image acme/llm:1.0`]);
});

test("a model outside of any layer, and one in a tar that is no image, is said to lie nowhere", async () => {
  const { files } = layout({});
  const model = { name: "model.bin", data: writeSafetensors(aModel()) };
  assert.deepEqual(await findingsIn(writeTar([model, ...files.filter((it) => it.name !== files[1]?.name)])), []);
  assert.deepEqual(await findingsIn(writeTar([{ name: `blobs/sha256/${"0".repeat(64)}`, data: model.data }])), []);
});

test("broken, endless and hostile manifests name no image, and are no error", async () => {
  const path = `blobs/sha256/${"0".repeat(64)}`;
  const circle = json({ manifests: [{ digest: `sha256:${"0".repeat(64)}` }] });
  const open = (bytes: Uint8Array) => (): Promise<ReturnType<typeof strictReader>> =>
    Promise.resolve(strictReader(bytes));
  assert.equal(await layerOfImage(path, open(circle)), undefined);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.json().map((it) => concat(it)),
        fc.uint8Array({ maxLength: 50 }),
      ),
      async (bytes) => {
        assert.equal(await layerOfImage(path, open(bytes)), undefined);
      },
    ),
  );
});

test("finds docker's unpacked layers by their chain ids", () => {
  const [base, top] = [`sha256:${"1".repeat(64)}`, `sha256:${"2".repeat(64)}`];
  const chain = createHash("sha256").update(`${base} ${top}`).digest("hex");
  const [named, nameless] = ["a".repeat(64), "b".repeat(64)];
  const layers = dockerLayers({
    cacheIds: new Map([
      ["1".repeat(64), "base-folder\n"],
      [chain, "top-folder"],
    ]),
    configs: new Map([
      [named, JSON.stringify({ rootfs: { diff_ids: [base, top] } })],
      [nameless, JSON.stringify({ rootfs: { diff_ids: [base] } })],
      ["c".repeat(64), "not JSON"],
    ]),
    repositories: JSON.stringify({
      Repositories: { "acme/llm": { "acme/llm:1": `sha256:${named}`, [`acme/llm@${top}`]: `sha256:${named}` } },
    }),
  });
  assert.deepEqual(layers.get("top-folder"), { images: ["acme/llm:1"], layer: top });
  assert.deepEqual(layers.get("base-folder"), { images: ["acme/llm:1", `sha256:${nameless}`], layer: base });
  assert.equal(layers.size, 2);
});

test("the folder of a layer is told from any other path", () => {
  const id = "f".repeat(64);
  assert.equal(overlayFolder(`/var/lib/docker/overlay2/${id}/diff/models/m.gguf`), id);
  for (const path of [`/var/lib/docker/overlay2/${id}/merged/m.gguf`, "/models/overlay2/x/diff/m", "/m"]) {
    assert.equal(overlayFolder(path), undefined);
  }
});
