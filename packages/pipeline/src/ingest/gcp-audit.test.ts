import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { gcpAudit } from "./gcp-audit.ts";

/** In the shape of Google's documented LogEntry; written by us. */
const entry = (payload: object = {}, over: object = {}) => ({
  insertId: "1ab2",
  logName: "projects/acme-ml/logs/cloudaudit.googleapis.com%2Fdata_access",
  timestamp: "2026-11-24T09:00:03.91Z",
  protoPayload: {
    "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
    serviceName: "storage.googleapis.com",
    methodName: "storage.objects.get",
    resourceName: "projects/_/buckets/acme-models/objects/acme-13b/model.safetensors",
    authenticationInfo: { principalEmail: "Ana@acme.example" },
    authorizationInfo: [{ permission: "storage.objects.get", granted: true }],
    requestMetadata: { callerIp: "203.0.113.4", callerSuppliedUserAgent: "gsutil/5" },
    status: {},
    ...payload,
  },
  ...over,
});
const vertex = (methodName: string, request: object) =>
  entry({
    serviceName: "aiplatform.googleapis.com",
    methodName: `google.cloud.aiplatform.v1.ModelService.${methodName}`,
    resourceName: "projects/acme-ml/locations/europe-west4/models/123@2",
    request,
  });

test("a read of an object names person, object and address", () => {
  const it = onlyEvent(gcpAudit, entry());
  assert.deepEqual([it.principal, it.operation, it.status_id, it.weights], ["ana@acme.example", "download", 1, true]);
  assert.equal(it.artifact, "gs://acme-models/acme-13b/model.safetensors");
  assert.deepEqual([it.src_endpoint, Object(it.databucket).type_id], [{ ip: "203.0.113.4" }, 3]);
});

test("what was refused is an attempt, whichever way the record says so", () => {
  assert.equal(onlyEvent(gcpAudit, entry({ status: { code: 7 } })).status_id, 2);
  assert.equal(onlyEvent(gcpAudit, entry({ authorizationInfo: [{ granted: false }] })).status_id, 2);
});

test("nobody, a private address, and somebody behind a service account", () => {
  const it = onlyEvent(gcpAudit, entry({ authenticationInfo: {}, requestMetadata: { callerIp: "private" } }));
  assert.deepEqual([it.principal, it.src_endpoint], ["anonymous@unknown", { svc_name: "private" }]);
  const delegated = {
    principalEmail: "sa@acme.example",
    serviceAccountDelegationInfo: [{ firstPartyPrincipal: { principalEmail: "Ana@acme.example" } }],
  };
  assert.equal(
    Object(onlyEvent(gcpAudit, entry({ authenticationInfo: delegated })).unmapped).person,
    "ana@acme.example",
  );
});

test("a bucket opened to everyone is told by the change, not by its undoing", () => {
  const opened = (action: string, member: string) => {
    const serviceData = { policyDelta: { bindingDeltas: [{ action, member, role: "roles/storage.objectViewer" }] } };
    const it = onlyEvent(
      gcpAudit,
      entry({ methodName: "storage.setIamPermissions", resourceName: "projects/_/buckets/acme-models", serviceData }),
    );
    return [it.operation, it.artifact, Object(it.unmapped).shared_with];
  };
  assert.deepEqual(opened("ADD", "allUsers"), ["configure", "gs://acme-models", ["public"]]);
  assert.deepEqual(opened("REMOVE", "allUsers")[2], []);
  assert.deepEqual(opened("ADD", "user:ben@acme.example")[2], []);
});

test("an export of a model is a copy, with where it went", () => {
  const outputConfig = { artifactDestination: { outputUriPrefix: "gs://elsewhere/out/" } };
  const it = onlyEvent(
    gcpAudit,
    vertex("ExportModel", { name: "projects/acme-ml/locations/europe-west4/models/123", outputConfig }),
  );
  assert.deepEqual(
    [it.operation, it.artifact, Object(it.unmapped).copied_to],
    ["copy", "vertex:acme-ml/123", "gs://elsewhere/out"],
  );
  const copied = onlyEvent(
    gcpAudit,
    vertex("CopyModel", {
      sourceModel: "projects/acme-ml/locations/europe-west4/models/123",
      parent: "projects/evil/locations/x",
    }),
  );
  assert.equal(Object(copied.unmapped).copied_to, "vertex:projects/evil/locations/x");
  assert.equal(onlyEvent(gcpAudit, vertex("GetModel", {})).operation, "describe");
});

test("keys, signatures, and logs that are stopped", () => {
  const of = (serviceName: string, methodName: string, more: object = {}) =>
    onlyEvent(gcpAudit, entry({ serviceName, methodName, ...more })).operation;
  assert.equal(of("iam.googleapis.com", "google.iam.admin.v1.CreateServiceAccountKey"), "create-key");
  assert.equal(of("iamcredentials.googleapis.com", "SignBlob"), "presign");
  assert.equal(of("logging.googleapis.com", "google.logging.v2.ConfigServiceV2.DeleteSink"), "stop-logging");
  const serviceData = {
    policyDelta: { auditConfigDeltas: [{ action: "REMOVE", service: "storage.googleapis.com", logType: "DATA_READ" }] },
  };
  assert.equal(of("cloudresourcemanager.googleapis.com", "SetIamPolicy", { serviceData }), "stop-logging");
  assert.equal(of("cloudresourcemanager.googleapis.com", "SetIamPolicy"), "request");
});

test("an event of a cluster is the cluster's, in Google's form too", () => {
  const exec = entry({
    serviceName: "k8s.io",
    methodName: "io.k8s.core.v1.pods.exec.create",
    resourceName: "core/v1/namespaces/serving/pods/llm-0/exec",
  });
  const read = readWith(gcpAudit, exec);
  assert.ok(read.ok);
  assert.deepEqual(
    [read.as, read.events[0]?.operation, read.events[0]?.principal],
    [["kubernetes-audit"], "exec", "Ana@acme.example"],
  );
  const { namespace, name } = Object(read.events[0]?.unmapped);
  assert.deepEqual([namespace, name], ["serving", "llm-0"]);
});

test("Pub/Sub's envelope is opened, other entries are left out, and what is wrong is named", () => {
  const pushed = {
    message: { data: Buffer.from(JSON.stringify(entry())).toString("base64"), messageId: "1" },
    subscription: "s",
  };
  assert.equal(onlyEvent(gcpAudit, pushed).id, onlyEvent(gcpAudit, entry()).id);
  assert.match(whyNot(gcpAudit, { textPayload: "hello", timestamp: "x" }), /something else/);
  assert.match(whyNot(gcpAudit, { message: { data: "!!", messageId: "1" }, subscription: "s" }), /not a JSON object/);
  assert.match(whyNot(gcpAudit, entry({}, { timestamp: "x" })), /^timestamp: not a time/);
  assert.match(whyNot(gcpAudit, entry({ methodName: undefined })), /^protoPayload\.methodName: /);
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      const over = {
        authenticationInfo: it,
        requestMetadata: it,
        authorizationInfo: it,
        request: it,
        serviceData: it,
        status: it,
      };
      return typeof readWith(gcpAudit, entry(over)).ok === "boolean";
    }),
  );
});

test("hand-shaped records of others are events, or rejects that name a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/GCP.AuditLog.ndjson"), "utf8").trim().split("\n");
  // The file holds records of other systems too.
  const answers = rows
    .map((it) => JSON.parse(it).log)
    .filter((it) => "protoPayload" in it)
    .map((it) => readWith(gcpAudit, it));
  assert.ok(answers.filter((it) => it.ok && it.events.length > 0).length > answers.length / 2);
  assert.deepEqual(
    answers.filter((it) => !it.ok && !/^(timestamp|protoPayload|insertId|verb)[\w.]*: /.test(it.reason)),
    [],
  );
});
