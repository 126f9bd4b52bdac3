import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type ActivityRecord } from "@outweigh/schema";
import { agent } from "./agent.ts";
import { detectKind } from "./sources.ts";

const from = { source: "agent-gpu-1", offset: 0 };
const around = { trusts: () => false };
const line: ActivityRecord = {
  activity: 1,
  id: "gpu-1:1:1",
  host: "gpu-1",
  time: 1_795_467_996_000,
  sensor: "fanotify",
  what: "open",
  process: {
    pid: 7,
    startedAt: 1_795_467_990_000,
    name: "curl",
    exe: "/usr/bin/curl",
    command: ["curl", "-T", "x"],
    uid: 1002,
    user: "root",
    login: "eve",
    parents: [{ pid: 6, name: "bash" }],
  },
  file: { path: "/srv/m/w.safetensors", bytes: 100 },
  atMost: 100,
};

function read(record: unknown) {
  const it = agent.read(JSON.stringify(record), from, around);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  return eventSchema.parse(it.events[0]);
}

test("who logged in is who did it, also through sudo; a service is its account; an ended process is nobody known", () => {
  assert.equal(read(line).principal, "eve@gpu-1");
  const { login: _, ...service } = line.process;
  assert.equal(read({ ...line, process: service }).principal, "root@gpu-1");
  const ended = { pid: 7, name: "ended before it was seen", command: [], parents: [] };
  assert.equal(read({ ...line, process: ended }).principal, "unknown@gpu-1");
});

test("what was made from weights is told as theirs, and books no bytes", () => {
  const file = { path: "/home/eve/cat.jpg", bytes: 100, madeFrom: "/srv/m/w.safetensors" };
  const it = read({ ...line, what: "send", file, peer: { address: "203.0.113.9", port: 443 } });
  assert.deepEqual([it.artifact, it.operation, it.bytes], ["file:/srv/m/w.safetensors", "send", undefined]);
  assert.equal(it.type_uid, 400_106);
});

test("a process of a pod is told by its pod: by its UID alone where the host does not name it", () => {
  const uid = "0f2a1b3c-1111-4222-8333-0123456789ab";
  const podOf = (pod: object) =>
    (read({ ...line, process: { ...line.process, container: "ab12", pod } }).unmapped as Record<string, unknown>)[
      "pod"
    ];
  assert.equal(podOf({ uid, namespace: "ml", name: "serve-0" }), "ml/serve-0");
  assert.equal(podOf({ uid }), uid);
});

test("bytes that the kernel counted are told beside the most that it can have been; not counted is not none", () => {
  const unmapped = (more: object) => read({ ...line, what: "send", ...more }).unmapped as Record<string, unknown>;
  const counted = unmapped({ sent: 42 });
  assert.deepEqual([counted["sent"], counted["at_most"]], [42, 100]);
  assert.equal("sent" in unmapped({}), false);
});

test("a name that hides what a file is, is told of", () => {
  const disguised = (path: string) =>
    (
      read({ ...line, what: "write", file: { path, bytes: 1, madeFrom: "/srv/m/w.safetensors" } }).unmapped as Record<
        string,
        unknown
      >
    ).disguised;
  assert.equal(disguised("/home/eve/cat.jpg"), true);
  assert.equal(disguised("/srv/other/w.safetensors"), false);
});

test("a sign of life is no event, and each kind of line is recognised", () => {
  const alive = JSON.stringify({ alive: 1, id: "a:1", host: "h", time: 1, tier: "T0" });
  const it = agent.read(alive, from, around);
  assert.ok(it.ok && it.events.length === 0);
  assert.equal(detectKind(alive), "agent");
  assert.equal(detectKind(JSON.stringify(line)), "agent");
});

test("no line makes it throw, and what is not exactly a line is refused with its field", () => {
  fc.assert(fc.property(fc.string(), (text) => assert.equal(typeof agent.read(text, from, around).ok, "boolean")));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(line)), fc.jsonValue(), (name, value) => {
      assert.equal(typeof agent.read(JSON.stringify({ ...line, [name]: value }), from, around).ok, "boolean");
    }),
  );
  const more = agent.read(JSON.stringify({ ...line, extra: 1 }), from, around);
  assert.ok(!more.ok);
});
