import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ModelEntry } from "@outweigh/schema";
import { meaningOf } from "./ingest/http-dialects.ts";
import { makeRegister } from "./register.ts";

const digest = "5".repeat(64);
const model = (over: Partial<ModelEntry>): ModelEntry => ({
  name: "acme-13b",
  class: "private",
  places: ["s3://acme-models/acme-13b/"],
  readers: [],
  ...over,
});

test("the longest declared place wins, cut at whole segments", () => {
  const register = makeRegister([
    model({ name: "all", places: ["s3://acme-models/"] }),
    model({ name: "acme-13b", places: ["s3://acme-models/acme-13b"] }),
  ]);
  assert.equal(register.locate("s3://acme-models/acme-13b/a.bin")?.model, "acme-13b");
  assert.equal(register.locate("s3://acme-models/acme-13b-old/a.bin")?.model, "all");
  assert.equal(register.locate("s3://acme-models-2/acme-13b/a.bin"), undefined);
});

test("a listed file is that part with its size; another one below the place is told apart by its path", () => {
  const register = makeRegister([model({ files: [{ path: "a/m.bin", bytes: 7 }] })]);
  assert.deepEqual(register.locate("s3://acme-models/acme-13b/a/m.bin"), {
    model: "acme-13b",
    place: "s3://acme-models/acme-13b/",
    part: "a/m.bin",
    partBytes: 7,
    weights: true,
  });
  const other = register.locate("s3://acme-models/acme-13b/config.json");
  assert.deepEqual([other?.part, other?.partBytes, other?.weights], ["config.json", undefined, false]);
});

test("a digest names the model in whatever repository its bytes were pushed to", () => {
  const register = makeRegister([
    model({ places: ["oci:models/acme-13b"], files: [{ path: "m.safetensors", bytes: 7, sha256: digest }] }),
  ]);
  const found = register.locate(`oci:scratch/holiday@sha256:${digest}`);
  assert.deepEqual([found?.model, found?.place, found?.part], ["acme-13b", undefined, "m.safetensors"]);
});

test("no spelling of a path leads around a place", () => {
  const register = makeRegister([
    model({ name: "m", places: ["mlflow:7/9c2e/artifacts/model"] }),
    model({ name: "h", places: ["hf:acme/acme-13b"] }),
    model({ name: "p", places: ["http:/weights/acme-13b/"] }),
    model({ name: "o", places: ["oci:models/acme-13b"] }),
  ]);
  const spellings = {
    m: [
      "/api/2.0/mlflow-artifacts/artifacts/7/9c2e/artifacts/model/m.pkl",
      "/ajax-api/2.0/mlflow-artifacts/artifacts/7/9c2e/artifacts/model/m.pkl",
      "/mlflow/api/2.0/mlflow-artifacts/artifacts/7//9c2e/./artifacts/x/../model/m.pkl",
      "/api/2.0/mlflow-artifacts/artifacts/%37/9c2e/artifacts/%6dodel/m.pkl",
      "/get-artifact?path=model%2Fm.pkl&run_uuid=9c2e",
      "/get-artifact?run_id=9c2e&path=./model//m.pkl",
    ],
    h: [
      "/acme/acme-13b/resolve/main/model.safetensors",
      "/ACME/Acme-13B/resolve/main/model.safetensors",
      "/acme/acme-13b/resolve/refs%2Fpr%2F1/model.safetensors",
      "/acme/acme-13b/resolve/refs/pr/1/model.safetensors",
      "/artifactory/api/huggingfaceml/hub/acme/acme-13b/resolve/main/model.safetensors?download=true",
      "/acme%2Facme-13b/resolve/main/model.safetensors",
      "https://hub.example/acme/acme-13b/resolve/main/model.safetensors",
    ],
    p: [
      "/weights/acme-13b/a.bin",
      "//weights/acme-13b//a.bin",
      "/x/../weights/acme-13b/a.bin",
      "/weights/%61cme-13b/a.bin",
    ],
    o: [
      `/v2/models/acme-13b/blobs/sha256:${digest}`,
      "/v2/models/acme-13b/manifests/v1",
      "/v2//models/acme-13b/manifests/v1",
    ],
  };
  for (const [name, uris] of Object.entries(spellings)) {
    for (const uri of uris) assert.equal(register.locate(meaningOf("GET", uri).artifact ?? "")?.model, name, uri);
  }
});

test("a revision changes neither place nor part", () => {
  const register = makeRegister([model({ places: ["hf:acme/acme-13b"], files: [{ path: "x/m.bin", bytes: 7 }] })]);
  for (const revision of ["main", "abc123", "feature%2Fnew", "refs%2Fpr%2F1", "refs/pr/1"]) {
    const { artifact = "" } = meaningOf("GET", `/acme/acme-13b/resolve/${revision}/x/m.bin`);
    assert.equal(register.locate(artifact)?.partBytes, 7, revision);
  }
});

test("a change of a bucket concerns every model below it, and of a folder every model above", () => {
  const register = makeRegister([
    model({ name: "a", places: ["s3://acme-models/a"] }),
    model({ name: "b", places: ["s3://acme-models/b"] }),
  ]);
  assert.deepEqual([...register.within("s3://acme-models")].sort(), ["a", "b"]);
  assert.deepEqual(register.within("s3://acme-models/a/part/x.bin"), ["a"]);
  assert.deepEqual(register.within("s3://other"), []);
});

test("readers are names or patterns, in which a star is any run of characters and nothing else is special", () => {
  const register = makeRegister([model({ readers: ["arn:aws:iam::1:role/serve-*", "a*b*c", "x.y"] })]);
  const reads = (it: string) => register.isReader("acme-13b", it);
  assert.deepEqual(["arn:aws:iam::1:role/serve-eu", "abc", "a--b--c", "x.y"].map(reads), [true, true, true, true]);
  assert.deepEqual(["arn:aws:iam::2:role/serve-eu", "ab", "acb", "xzy", ""].map(reads), [
    false,
    false,
    false,
    false,
    false,
  ]);
  assert.equal(register.isReader("unknown", "x.y"), false);
});

test("locating answers for any address", () => {
  const register = makeRegister([model({ files: [{ path: "m.bin", bytes: 7, sha256: digest }] })]);
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom("s3://acme-models/", "hf:", "oci:", "mlflow:", "http:/", ""),
      (text, scheme) => {
        const found = register.locate(scheme + text);
        assert.ok(found === undefined || found.model === "acme-13b");
      },
    ),
  );
});

test("places in clouds, source hosts and clusters are found as their own systems compare names", () => {
  const register = makeRegister([
    {
      name: "acme-13b",
      class: "private",
      places: [
        "gs://acme-models/13b/",
        "az://acmemodels/weights/13b",
        "git:github.com/acme/acme-13b",
        "k8s:serving/acme-13b-weights",
        "wandb:acme/llm/acme-13b",
        "databricks:main.models.acme-13b",
        "vertex:acme-ml/123",
      ],
      readers: [],
    },
  ]);
  const found = (artifact: string) => register.locate(artifact)?.model;
  for (const it of [
    "gs://Acme-Models/13b/model.safetensors",
    "az://AcmeModels/weights/13b/m.gguf",
    "git:github.com/Acme/Acme-13B",
    "k8s:serving/acme-13b-weights",
    "wandb:acme/llm/acme-13b/v3",
    "databricks:main.models.acme-13b/7",
    "vertex:acme-ml/123",
  ])
    assert.equal(found(it), "acme-13b", it);
  for (const it of ["gs://acme-models/13/x", "az://acmemodels/other", "k8s:demo/acme-13b-weights", "k8s:serving/acme"])
    assert.equal(found(it), undefined, it);
  assert.deepEqual(register.within("k8s:serving"), ["acme-13b"]);
});

test("a model served under its own name is known by it, and under another only by a place", () => {
  const register = makeRegister([
    { name: "acme-13b", class: "private", places: ["s3://b/13b/", "llm:assistant"], readers: [] },
  ]);
  assert.deepEqual(register.locate("llm:acme-13b"), { model: "acme-13b" });
  assert.equal(register.locate("llm:assistant")?.model, "acme-13b");
  assert.equal(register.locate("llm:gpt-x"), undefined);
});
