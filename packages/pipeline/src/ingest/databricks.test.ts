import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { databricks } from "./databricks.ts";

const entry = (actionName: string, requestParams: object = {}, over: object = {}) => ({
  version: "2.0",
  timestamp: 1795426320250,
  sourceIPAddress: "203.0.113.77",
  userAgent: "mlflow-python/3.1",
  userIdentity: { email: "Mallory@acme.example" },
  serviceName: "unityCatalog",
  actionName,
  requestId: "r1",
  requestParams,
  response: { statusCode: 200 },
  ...over,
});

test("a credential for a version of a model is a read of it, one to write is none", () => {
  const asked = { full_name_arg: "main.models.acme-13b", version_arg: 3, operation: "MODEL_VERSION_READ" };
  const it = onlyEvent(databricks, entry("generateTemporaryModelVersionCredential", asked));
  assert.deepEqual(
    [it.principal, it.operation, it.artifact],
    ["mallory@acme.example", "download", "databricks:main.models.acme-13b/3"],
  );
  assert.equal(
    onlyEvent(
      databricks,
      entry("generateTemporaryModelVersionCredential", { ...asked, operation: "MODEL_VERSION_READ_WRITE" }),
    ).operation,
    "upload",
  );
  assert.equal(
    onlyEvent(databricks, entry("getModelVersionDownloadUri", { name: "acme-13b", version: "3" })).artifact,
    "databricks:acme-13b/3",
  );
});

test("paths are those of the cloud below", () => {
  const path = (url: string) => onlyEvent(databricks, entry("generateTemporaryPathCredential", { url })).artifact;
  assert.equal(path("s3://acme-models/acme-13b"), "s3://acme-models/acme-13b");
  assert.equal(path("abfss://weights@AcmeModels.dfs.core.windows.net/acme-13b"), "az://acmemodels/weights/acme-13b");
  assert.equal(path("dbfs:/models/acme-13b"), "databricks:/models/acme-13b");
});

test("keys, listings, refusals, and rows of the system table", () => {
  assert.equal(onlyEvent(databricks, entry("generateDbToken")).operation, "create-key");
  assert.equal(onlyEvent(databricks, entry("searchRegisteredModels")).operation, "catalog");
  assert.equal(onlyEvent(databricks, entry("x", {}, { response: { statusCode: 403 } })).status_id, 2);
  const row = {
    event_time: "2026-11-24T09:00:00.123Z",
    service_name: "modelRegistry",
    action_name: "getModelVersionDownloadUri",
    user_identity: { email: "ana@acme.example" },
    request_params: { name: "m", version: "1" },
    response: { status_code: 200 },
  };
  const it = onlyEvent(databricks, row);
  assert.deepEqual(
    [it.principal, it.artifact, it.status_id, it.time],
    ["ana@acme.example", "databricks:m/1", 1, Date.UTC(2026, 10, 24, 9, 0, 0, 123)],
  );
});

test("what is wrong is named", () => {
  assert.match(whyNot(databricks, entry("")), /^actionName: /);
  assert.match(whyNot(databricks, entry("x", {}, { timestamp: "soon" })), /^timestamp: /);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      (it) =>
        typeof readWith(
          databricks,
          entry("x", { name: it, url: it, operation: it }, { userIdentity: it, response: it }),
        ).ok === "boolean",
    ),
  );
});

test("hand-shaped records of others are events, or rejects that name a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/Databricks.Audit.ndjson"), "utf8").trim().split("\n");
  const answers = rows.map((it) => readWith(databricks, JSON.parse(it).log));
  assert.ok(answers.some((it) => it.ok));
  assert.deepEqual(
    answers.filter((it) => !it.ok && !/^(timestamp|serviceName|actionName): /.test(it.reason)),
    [],
  );
});
