import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { recording } from "../testing/recordings.ts";
import { detectKind, sources } from "./sources.ts";

const start = (name: string) => recording(name).subarray(0, 4096).toString();

test("tells the kind of every recording from its first 4 kB", () => {
  assert.equal(detectKind(start("lab-mlflow-http/nginx_access_json.log")), "http-access");
  assert.equal(detectKind(start("lab-mlflow-http/nginx_access_combined.log")), "http-access");
  assert.equal(detectKind(start("lab-mlflow-http/mlflow_uvicorn_access.log")), "http-access");
  assert.equal(detectKind(start("lab-mlflow-http/mlflow_gunicorn_access.log")), "http-access");
  assert.equal(detectKind(start("lab-oci-registry/registry_app_and_access.log")), "http-access");
  assert.equal(detectKind(start("lab-oci-registry/notifications.ndjson")), "oci-notification");
});

test("tells documents by their beginning, however they are printed", () => {
  const record = {
    eventVersion: "1",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    eventTime: "2026-11-24T09:00:00Z",
  };
  const file = JSON.stringify({ Records: [record, record] });
  assert.equal(detectKind(file.slice(0, 100)), "cloudtrail");
  assert.equal(detectKind(JSON.stringify([record], null, 2).slice(0, 180)), "cloudtrail");
  assert.equal(detectKind(JSON.stringify({ detail: record, "detail-type": "x" })), "cloudtrail");
});

test("tells the logs of buckets from those of servers", () => {
  const line =
    'o b [24/Nov/2026:09:25:21 +0000] 203.0.113.9 - R1 REST.GET.OBJECT k "GET /k HTTP/1.1" 200 - 1 1 1 1 "-" "curl" -';
  assert.equal(detectKind(line), "s3-access");
  const api = { name: "GetObject", bucket: "b", object: "k" };
  assert.equal(detectKind(JSON.stringify({ version: "1", deploymentid: "d", time: "x", api })), "minio");
});

test("what nobody reads has no kind", () => {
  for (const text of ["", "hello", '{"a":1}', "<html>", "a,b,c\n1,2,3"])
    assert.equal(detectKind(text), undefined, text);
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => detectKind(text) === undefined || text.length > 0));
});

test("every source says what it cannot see and what it needs", () => {
  for (const it of sources)
    assert.ok(it.cannotSee.length > 0 && it.requires.length > 0 && it.logsources.length > 0, it.id);
});
