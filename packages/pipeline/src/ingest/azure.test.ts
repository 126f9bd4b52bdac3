import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOf, onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { noSamples, samples } from "../testing/recordings.ts";
import { azure } from "./azure.ts";

const account = "/subscriptions/s1/resourceGroups/ml/providers/Microsoft.Storage/storageAccounts/acmemodels";

/** In the shape of Microsoft's documented storage log; written by us. */
const blob = (over: object = {}, properties: object = {}) => ({
  time: "2026-11-24T09:00:00.123Z",
  resourceId: `${account}/blobServices/default`,
  category: "StorageRead",
  operationName: "GetBlob",
  statusCode: 200,
  statusText: "Success",
  callerIpAddress: "203.0.113.7:44321",
  correlationId: "c-1",
  identity: { type: "OAuth", requester: { upn: "Ana@acme.example", objectId: "o-1" } },
  uri: "https://acmemodels.blob.core.windows.net:443/weights/acme-13b/model.safetensors?sv=2024&sig=SECRETSECRET&se=2027",
  properties: {
    accountName: "acmemodels",
    objectKey: "/acmemodels/weights/acme-13b/model%201.safetensors",
    userAgentHeader: "azsdk-python",
    responseBodySize: 4900000000,
    ...properties,
  },
  ...over,
});
const change = (operationName: unknown, over: object = {}) => ({
  time: "2026-11-24T09:00:00Z",
  resourceId: `${account}/blobServices/default/containers/weights`,
  category: "Administrative",
  operationName,
  resultType: "Success",
  callerIpAddress: "203.0.113.7",
  correlationId: "c-2",
  identity: { claims: { "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn": "Ana@acme.example" } },
  ...over,
});

test("a read of a blob names person, blob, bytes and address, and keeps no signature", () => {
  const it = onlyEvent(azure, blob());
  assert.deepEqual(
    [it.principal, it.operation, it.bytes, it.range],
    ["ana@acme.example", "download", 4.9e9, { start: 0, end: 4.9e9 }],
  );
  assert.deepEqual(
    [it.artifact, it.src_endpoint],
    ["az://acmemodels/weights/acme-13b/model 1.safetensors", { ip: "203.0.113.7", port: 44_321 }],
  );
  assert.doesNotMatch(JSON.stringify(readWith(azure, blob())), /SECRET/);
});

test("whoever has a key or a signature is that, and a partial answer bounds only from above", () => {
  const by = (identity: object) => {
    const it = onlyEvent(azure, blob({ identity, statusCode: 206 }));
    return [it.principal, it.credential, it.range, Object(it.unmapped).auth_type];
  };
  assert.deepEqual(by({ type: "SAS", tokenHash: "system-1(AB),SasSignature(CD)" }), ["sas:CD", "CD", undefined, "SAS"]);
  assert.deepEqual(by({ type: "AccountKey", tokenHash: "key1(AB)" }), [
    "account-key:acmemodels",
    "key1(AB)",
    undefined,
    "AccountKey",
  ]);
  assert.deepEqual(by({ type: "Anonymous" }), ["anonymous@203.0.113.7", undefined, undefined, "Anonymous"]);
});

test("rows of Log Analytics are the same requests under other names", () => {
  const it = onlyEvent(azure, {
    TimeGenerated: "2026-11-24T09:00:00.123Z",
    Category: "StorageRead",
    OperationName: "GetBlob",
    AccountName: "acmemodels",
    ObjectKey: "/acmemodels/weights/m.gguf",
    StatusCode: "200",
    AuthenticationType: "SAS",
    AuthenticationHash: "system-1(AB),SasSignature(CD)",
    CallerIpAddress: "203.0.113.7:44321",
    ResponseBodySize: 12,
  });
  assert.deepEqual([it.principal, it.artifact, it.bytes], ["sas:CD", "az://acmemodels/weights/m.gguf", 12]);
});

test("a copy is a read of what was copied", () => {
  const it = onlyEvent(
    azure,
    blob(
      { operationName: "CopyBlob", category: "StorageWrite", statusCode: 202 },
      { sourceUri: "https://other.blob.core.windows.net/c/m.safetensors?sig=SECRET" },
    ),
  );
  assert.deepEqual(
    [it.operation, it.artifact, Object(it.unmapped).copied_to],
    ["copy", "az://other/c/m.safetensors", "az://acmemodels/weights/acme-13b/model 1.safetensors"],
  );
});

test("lists, listings, refusals and deletions", () => {
  const of = (operationName: string, statusCode = 200) => {
    const it = onlyEvent(azure, blob({ operationName, statusCode }));
    return [it.operation, it.status_id];
  };
  assert.deepEqual(of("listblobs"), ["list", 1]);
  assert.deepEqual(of("ListContainers"), ["catalog", 1]);
  assert.deepEqual(of("GetBlobProperties"), ["stat", 1]);
  assert.deepEqual(of("GetBlob", 403), ["download", 2]);
  assert.deepEqual(of("GetBlob", 304), ["stat", 1]);
  assert.deepEqual(of("DeleteBlob"), ["delete", 1]);
});

test("keys that were taken, containers that were opened, logs that were stopped", () => {
  const keys = onlyEvent(
    azure,
    change({ value: "Microsoft.Storage/storageAccounts/listKeys/action" }, { resourceId: account }),
  );
  assert.deepEqual(
    [keys.operation, keys.artifact, keys.principal],
    ["create-key", "az://acmemodels", "ana@acme.example"],
  );
  const properties = { requestbody: JSON.stringify({ properties: { publicAccess: "Blob" } }) };
  const opened = onlyEvent(
    azure,
    change("MICROSOFT.STORAGE/STORAGEACCOUNTS/BLOBSERVICES/CONTAINERS/WRITE", { properties }),
  );
  assert.deepEqual(
    [opened.operation, opened.artifact, Object(opened.unmapped).shared_with],
    ["configure", "az://acmemodels/weights", ["public"]],
  );
  assert.equal(onlyEvent(azure, change("Microsoft.Compute/disks/beginGetAccess/action")).operation, "presign");
  assert.equal(onlyEvent(azure, change("Microsoft.Insights/diagnosticSettings/delete")).operation, "stop-logging");
  assert.match(whyNot(azure, change("x/y/write", { resultType: "Start" })), /only began/);
  assert.equal(onlyEvent(azure, change("x/y/write", { resultType: "Failure" })).status_id, 2);
});

test("AKS's events and Entra's sign-ins in the same envelope are what they are", () => {
  const log = JSON.stringify({
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    auditID: "a",
    stage: "ResponseComplete",
    verb: "create",
    user: { username: "eve" },
    sourceIPs: ["203.0.113.9"],
    objectRef: { resource: "pods", subresource: "exec" },
    requestURI: "/x?command=sh",
    requestReceivedTimestamp: "2026-11-24T09:00:00Z",
  });
  const cluster = { category: "kube-audit", operationName: "x", resourceId: "/subscriptions/s1", properties: { log } };
  const signIn = {
    category: "SignInLogs",
    operationName: "Sign-in activity",
    properties: {
      createdDateTime: "2026-11-24T09:00:00Z",
      userPrincipalName: "ana@acme.example",
      status: { errorCode: 0 },
    },
  };
  const read = readWith(azure, { records: [cluster, signIn, blob()] });
  assert.ok(read.ok);
  assert.deepEqual(read.as, ["kubernetes-audit", "entra", undefined]);
  assert.deepEqual(
    read.events.map((it) => it.operation),
    ["exec", "logon", "download"],
  );
});

test("what is wrong is named", () => {
  assert.match(whyNot(azure, blob({ time: "x" })), /^time: not a time/);
  assert.match(whyNot(azure, { category: "kube-audit", properties: { log: "{" } }), /^properties\.log: not JSON/);
  assert.match(whyNot(azure, { a: 1 }), /^operationName: missing/);
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      const documents = [
        blob({ identity: it, properties: it }),
        change(it, { identity: it, properties: it }),
        { records: [it] },
      ];
      return documents.every((document) => typeof readWith(azure, document).ok === "boolean");
    }),
  );
});

test("hand-shaped records of others are events, or rejects that name a field", { skip: noSamples }, () => {
  const rows = readFileSync(join(samples, "panther/Azure.MonitorActivity.ndjson"), "utf8").trim().split("\n");
  // The file holds records of other systems too.
  const answers = rows
    .map((it) => JSON.parse(it).log)
    .filter((it) => "resourceId" in it)
    .map((it) => readWith(azure, it));
  assert.ok(answers.filter((it) => it.ok && it.events.length > 0).length > answers.length / 2);
  assert.deepEqual(
    answers.filter(
      (it) => !it.ok && !/^(time|operationName|properties\.log|requestReceivedTimestamp|verb)\b.*: /.test(it.reason),
    ),
    [],
  );
  assert.ok(eventsOf(azure, blob()).length === 1);
});
