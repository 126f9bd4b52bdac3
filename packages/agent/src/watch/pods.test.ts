import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { aFolder } from "../testing/a-disk.ts";
import { Pods } from "./pods.ts";
import { Proc } from "./proc.ts";

const uid = "0f2a1b3c-1111-4222-8333-0123456789ab";
const container = "ab".repeat(32);
const systemd = `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${container}.scope\n`;
const cgroupfs = `0::/kubepods/besteffort/pod${uid}/${container}\n`;

test("a process's pod is named by the folder of its logs, whichever driver named its group", (t) => {
  const folder = aFolder(t);
  mkdirSync(join(folder, `ml_serve-0_${uid}`));
  mkdirSync(join(folder, "not a pod"));
  const pods = new Pods(folder);
  const pod = { uid, namespace: "ml", name: "serve-0" };
  assert.deepEqual(pods.of(systemd), pod);
  assert.deepEqual(pods.of(cgroupfs), pod);
  assert.deepEqual(pods.of(`12:memory:/kubepods/pod${uid}/${container}\n1:name=systemd:/x\n`), pod);
  assert.equal(pods.of(`0::/system.slice/docker-${container}.scope\n`), undefined);
});

test("both drivers' groups tell the container too", () => {
  for (const cgroup of [systemd, cgroupfs]) {
    const raw = { pid: 7, startTicks: 1, name: "vllm", command: [], cgroup, parents: [] };
    assert.equal(new Proc().told(raw).facts.container, container);
  }
});

test("where the host does not name it, a pod stands by its UID alone; a new one is named once it is there", (t) => {
  const folder = aFolder(t);
  let now = 0;
  const pods = new Pods(folder, () => now);
  assert.deepEqual(pods.of(systemd), { uid });
  mkdirSync(join(folder, `ml_serve-0_${uid}`));
  now = 4999;
  assert.deepEqual(pods.of(systemd), { uid }, "not read again at each look");
  now = 5000;
  assert.equal(pods.of(systemd)?.name, "serve-0");
  assert.deepEqual(new Pods(join(folder, "none")).of(systemd), { uid });
});

test("a group that a container named after another pod does not make it that pod's", () => {
  const other = "ffffffff-1111-4222-8333-0123456789ab";
  assert.equal(new Pods("/nonexistent").of(`${cgroupfs.trim()}/kubepods/pod${other}/x\n`)?.uid, uid);
});

test("a group that somebody named after a pod, below what systemd gives to each user, is none", () => {
  const own = "/user.slice/user-1000.slice/user@1000.service/app.slice";
  const pods = new Pods("/nonexistent");
  assert.equal(pods.of(`0::${own}/kubepods.slice/pod${uid}/${container}\n`), undefined);
  assert.equal(pods.of(`12:memory:${own}/pod${uid}\n${systemd}`)?.uid, uid);
});

test("any text is a pod or none", () => {
  const pods = new Pods("/nonexistent");
  fc.assert(fc.property(fc.string(), (it) => (pods.of(it)?.uid.length ?? 36) >= 32));
});
