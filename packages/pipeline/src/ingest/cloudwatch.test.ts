import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readWith, whyNot } from "../testing/read.ts";
import { sourceOf } from "./sources.ts";

const cloudwatch = sourceOf("cloudwatch");
const envelope = (...messages: readonly unknown[]) => ({
  messageType: "DATA_MESSAGE",
  owner: "111122223333",
  logGroup: "/aws/eks/prod/cluster",
  logStream: "kube-apiserver-audit-1",
  subscriptionFilters: ["all"],
  logEvents: messages.map((it, i) => ({
    id: String(i),
    timestamp: 1795426320250,
    message: typeof it === "string" ? it : JSON.stringify(it),
  })),
});
const exec = {
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
};
const call = {
  schemaType: "ModelInvocationLog",
  timestamp: "2026-11-24T09:00:00Z",
  requestId: "r",
  operation: "Converse",
  modelId: "acme.acme-13b",
};

test("each message is read by its own source, and rules go by that", () => {
  const read = readWith(cloudwatch, envelope(exec, "I1124 some text of the API server", call));
  assert.ok(read.ok);
  assert.deepEqual(read.as, ["kubernetes-audit", "bedrock"]);
  assert.deepEqual(
    read.events.map((it) => [it.operation, it.source]),
    [
      ["exec", "cloudwatch"],
      ["complete", "cloudwatch"],
    ],
  );
});

test("what holds no event says why, and envelopes hold no envelopes", () => {
  assert.match(whyNot(cloudwatch, { messageType: "CONTROL_MESSAGE", logEvents: [] }), /tests its destination/);
  assert.match(whyNot(cloudwatch, envelope("hello")), /no source reads/);
  assert.match(whyNot(cloudwatch, envelope(envelope(exec))), /no source reads/);
  assert.match(whyNot(cloudwatch, { messageType: "DATA_MESSAGE" }), /^logEvents: expected a list/);
  const broken = readWith(cloudwatch, envelope(exec, { ...exec, requestReceivedTimestamp: "x" }));
  assert.ok(broken.ok && broken.refused?.length === 1);
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.string(),
      (it, text) => typeof readWith(cloudwatch, envelope(it, text)).ok === "boolean",
    ),
  );
});
