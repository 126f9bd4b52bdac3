import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { onlyEvent, readWith, whyNot } from "../testing/read.ts";
import { falco } from "./falco.ts";

const alert = (fields: unknown = {}, over: object = {}) => ({
  uuid: "f1",
  hostname: "node-1",
  rule: "Weights read by another program",
  priority: "Warning",
  time: "2026-11-24T09:00:00.123456789Z",
  output: "file of weights opened",
  output_fields: {
    "fd.name": "/srv/models/acme-13b/w.gguf",
    "proc.cmdline": "cp w.gguf /tmp",
    "user.name": "eve",
    "k8s.ns.name": "ml",
    "k8s.pod.name": "llm-0",
    "evt.time.iso8601": 1795426320123456800,
    ...Object(fields),
  },
  ...over,
});

test("an alert names rule, file, user and pod", () => {
  const it = onlyEvent(falco, alert());
  assert.deepEqual(
    [it.principal, it.operation, it.artifact, it.class_uid],
    ["eve", "finding", "file:/srv/models/acme-13b/w.gguf", 2004],
  );
  assert.deepEqual(
    [it.time, Object(it.unmapped).pod, Object(it.finding_info).title],
    [Date.UTC(2026, 10, 24, 9, 0, 0, 123), "ml/llm-0", "Weights read by another program"],
  );
});

test("without a user the pod acts, without a pod the host; what is no path is no file", () => {
  assert.equal(onlyEvent(falco, alert({ "user.name": "<NA>" })).principal, "pod:ml/llm-0");
  const host = onlyEvent(
    falco,
    alert({ "user.name": undefined, "k8s.pod.name": undefined, "fd.name": "10.0.0.1:1->10.0.0.2:2" }),
  );
  assert.deepEqual([host.principal, host.artifact], ["host:node-1", undefined]);
});

test("what is wrong is named", () => {
  assert.match(whyNot(falco, alert({}, { time: "x" })), /^time: not a time/);
  assert.match(whyNot(falco, alert({}, { rule: "" })), /^rule: /);
  fc.assert(
    fc.property(fc.jsonValue(), (it) => typeof readWith(falco, alert({}, { output_fields: it })).ok === "boolean"),
  );
});
