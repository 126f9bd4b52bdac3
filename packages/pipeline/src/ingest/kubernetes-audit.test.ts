import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { kubernetesAudit } from "./kubernetes-audit.ts";
import { detectKind } from "./sources.ts";

const from = { source: "k8s", offset: 0 };
const around = { trusts: () => false };
const pod = (over: object = {}) => ({
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  auditID: "a1",
  stage: "ResponseStarted",
  verb: "get",
  user: { username: "eve@example.com" },
  sourceIPs: ["203.0.113.42"],
  objectRef: { resource: "pods", subresource: "exec", namespace: "serving", name: "llm-0" },
  responseStatus: { code: 101 },
  requestURI:
    "/api/v1/namespaces/serving/pods/llm-0/exec?command=tar&command=cf&command=-&command=%2Fmodels%2Fw.pt&stdout=true",
  requestReceivedTimestamp: "2026-11-24T09:00:00.123456Z",
  ...over,
});
const answer = (value: unknown) => kubernetesAudit.read(JSON.stringify(value), from, around);
function read(over: object = {}): OcsfEvent {
  const it = answer(pod(over));
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return eventSchema.parse(it.events[0]);
}
const sends = (...words: string[]) =>
  (
    read({ requestURI: `/x?${words.map((it) => `command=${encodeURIComponent(it)}`).join("&")}` }).unmapped as {
      sends_files?: boolean;
    }
  ).sends_files;

test("a command in a pod is one, whichever verb carries it, and says what was run by whom", () => {
  for (const verb of ["get", "create"]) {
    const it = read({ verb });
    assert.deepEqual([it.operation, it.principal, it.status_id, it.class_uid], ["exec", "eve@example.com", 1, 6003]);
    assert.equal((it.unmapped as { command?: string }).command, "tar cf - /models/w.pt");
  }
});

test("tells what packs or prints files from what unpacks or looks", () => {
  assert.equal(sends("tar", "cf", "-", "/models"), true);
  assert.equal(sends("sh", "-c", "cat /models/w.gguf"), true);
  assert.equal(sends("tar", "-xmf", "-", "-C", "/tmp"), false);
  assert.equal(sends("cat", "/etc/hosts"), false);
  assert.equal(sends("bash"), false);
});

test("a list is its events, a bad one is refused alone, and a stage before the answer is no event", () => {
  const it = answer({ kind: "EventList", items: [pod(), pod({ auditID: "a2", requestReceivedTimestamp: "now" }), 7] });
  assert.ok(it.ok);
  assert.deepEqual([it.events.length, it.refused?.length], [1, 2]);
  const early = answer(pod({ stage: "RequestReceived" }));
  assert.ok(early.ok && early.events.length === 0 && early.skipped !== undefined);
});

test("nobody is an address, and the kind is told by content", () => {
  assert.equal(read({ user: { username: "system:anonymous" } }).principal, "anonymous@203.0.113.42");
  assert.equal(detectKind(JSON.stringify(pod())), "kubernetes-audit");
  assert.equal(detectKind(JSON.stringify({ kind: "EventList", items: [pod()] })), "kubernetes-audit");
});

test("never throws, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = kubernetesAudit.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), any));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(pod())), fc.jsonValue()), (over) =>
      any(JSON.stringify(pod(over))),
    ),
  );
});

const create = (resource: string, requestObject: unknown, over: object = {}) =>
  read({ verb: "create", objectRef: { resource, namespace: "ml" }, requestObject, ...over });

test("a pod that mounts a claim or a folder of its node says which, in a workload's template too", () => {
  const volumes = [
    { name: "a", persistentVolumeClaim: { claimName: "weights" } },
    { hostPath: { path: "/srv/models" } },
    { emptyDir: {} },
  ];
  for (const spec of [
    { volumes },
    { template: { spec: { volumes } } },
    { jobTemplate: { spec: { template: { spec: { volumes } } } } },
  ]) {
    const it = create("pods", { spec });
    assert.deepEqual([it.operation, it.artifact], ["mount", "k8s:ml/weights"]);
    assert.deepEqual((it.unmapped as { inputs?: string[] }).inputs, ["k8s:ml/weights", "file:/srv/models"]);
  }
  assert.equal(create("pods", { spec: { volumes: [] } }).operation, "create");
  assert.equal(create("pods", undefined).operation, "create");
});

test("a snapshot or clone of a claim is a copy of it", () => {
  const snapshot = create("volumesnapshots", {
    metadata: { name: "s" },
    spec: { source: { persistentVolumeClaimName: "weights" } },
  });
  assert.deepEqual([snapshot.operation, snapshot.artifact], ["copy", "k8s:ml/weights"]);
  const clone = create("persistentvolumeclaims", {
    metadata: { name: "mine" },
    spec: { dataSource: { kind: "PersistentVolumeClaim", name: "weights" } },
  });
  assert.equal((clone.unmapped as { copied_to?: string }).copied_to, "k8s:ml/mine");
});

test("no secret of an object is kept", () => {
  const spec = { containers: [{ env: [{ name: "TOKEN", value: "hunter2" }] }], volumes: [] };
  const answers = [
    pod({ requestObject: { spec } }),
    pod({ requestObject: { data: { token: "hunter2" } }, responseObject: { stringData: "hunter2" } }),
  ];
  for (const it of answers) assert.doesNotMatch(JSON.stringify(answer(it)), /hunter2/);
});

test("a second request under the id of the first is counted", () => {
  assert.notEqual(read().id, read({ requestURI: "/api/v1/namespaces/serving/pods/llm-1/exec?command=sh" }).id);
  assert.equal(read({ stage: "ResponseStarted" }).id, read({ stage: "ResponseComplete" }).id);
});

test("any object of a request gives an answer", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("pods", "volumesnapshots", "persistentvolumeclaims"),
      fc.jsonValue(),
      (resource, it) => {
        const value = pod({ verb: "create", objectRef: { resource }, requestObject: it });
        return typeof answer(value).ok === "boolean";
      },
    ),
  );
});
