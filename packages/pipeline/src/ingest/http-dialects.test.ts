import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { meaningOf } from "./http-dialects.ts";

const meaning = (request: string) => {
  const [method = "", uri = ""] = request.split(" ");
  const { dialect, operation, artifact } = meaningOf(method, uri);
  return [dialect, operation, artifact];
};

const cases: readonly (readonly [request: string, dialect: string, operation: string, artifact?: string])[] = [
  [
    "GET /api/2.0/mlflow-artifacts/artifacts/7/9c2e/artifacts/m.pkl",
    "mlflow",
    "download",
    "mlflow:7/9c2e/artifacts/m.pkl",
  ],
  ["PUT /ajax-api/2.0/mlflow-artifacts/artifacts/7/9c2e/m.pkl", "mlflow", "upload", "mlflow:7/9c2e/m.pkl"],
  ["GET /api/2.0/mlflow-artifacts/artifacts?path=7%2F9c2e", "mlflow", "list", "mlflow:7/9c2e"],
  ["POST /api/2.0/mlflow-artifacts/mpu/create/7/9c2e/m.pkl", "mlflow", "upload", "mlflow:7/9c2e/m.pkl"],
  [
    "GET /get-artifact?path=model%2Fm.pkl&run_uuid=9c2e",
    "mlflow",
    "download",
    "mlflow:runs/9c2e/artifacts/model/m.pkl",
  ],
  [
    "GET /model-versions/get-artifact?name=fraud&version=12&path=m.pkl",
    "mlflow",
    "download",
    "mlflow:models/fraud/12/m.pkl",
  ],
  ["GET /api/2.0/mlflow/registered-models/search?max_results=1000", "mlflow", "catalog"],
  ["POST /api/2.0/mlflow/runs/search", "mlflow", "search"],
  ["GET /api/2.0/mlflow/model-versions/get-download-uri?name=fraud&version=12", "mlflow", "describe"],
  ["GET /acme/acme-13b/resolve/main/a/b.safetensors", "hf", "download", "hf:acme/acme-13b/a/b.safetensors"],
  ["HEAD /gpt2/resolve/main/model.bin", "hf", "stat", "hf:gpt2/model.bin"],
  ["GET /datasets/acme/d/resolve/main/x.parquet", "hf", "download", "hf:datasets/acme/d/x.parquet"],
  ["POST /acme/acme-13b.git/info/lfs/objects/batch", "hf", "list", "hf:acme/acme-13b"],
  ["GET /api/models?author=acme", "hf", "catalog"],
  ["GET /api/models/acme/acme-13b/tree/main", "hf", "list", "hf:acme/acme-13b"],
  ["GET /v2/_catalog?n=1000", "oci", "catalog"],
  ["GET /v2/models/a/tags/list", "oci", "list", "oci:models/a"],
  ["GET /v2/models/a/manifests/v1", "oci", "manifest", "oci:models/a:v1"],
  ["GET /v2/models/a/blobs/sha256:aa", "oci", "download", "oci:models/a@sha256:aa"],
  ["POST /v2/models/a/blobs/uploads/", "oci", "upload", "oci:models/a"],
  ["DELETE /v2/models/a/manifests/sha256:aa", "oci", "delete", "oci:models/a@sha256:aa"],
  ["POST /v2/models/llm/infer", "plain", "upload", "http:/v2/models/llm/infer"],
  ["POST /api/push", "ollama", "push"],
  ["GET /api/tags", "ollama", "catalog"],
  ["POST /v1/chat/completions", "inference", "complete"],
  ["POST /openai/v1/embeddings", "inference", "embed"],
  ["GET /weights/a/../b/m.gguf", "plain", "download", "http:/weights/b/m.gguf"],
];

for (const [request, dialect, operation, artifact] of cases) {
  test(`${request} means ${operation}${artifact === undefined ? "" : ` of ${artifact}`}`, () => {
    assert.deepEqual(meaning(request), [dialect, operation, artifact]);
  });
}

test("any method and target mean something", () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string(), fc.webPath({ size: "medium" })), (method, uri) => {
      const { operation, artifact } = meaningOf(method, uri);
      assert.ok(operation.length > 0 && (artifact?.length ?? 0) <= 4096);
    }),
  );
});
