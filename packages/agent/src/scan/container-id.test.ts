import assert from "node:assert/strict";
import { test } from "node:test";
import { containerIdOf } from "./container-id.ts";

const id = "0123456789abcdef".repeat(4);
const pod = "pod0f2a1b3c-1111-4222-8333-0123456789ab";

test("a container is known by its group, whoever keeps the groups: systemd or the engine itself", () => {
  for (const group of [
    `0::/system.slice/docker-${id}.scope`,
    `12:memory:/docker/${id}`,
    `0::/docker/${id}/init`,
    `0::/ci-jobs/${id}`,
    `0::/kubepods/burstable/${pod}/${id}`,
    `0::/kubepods/${pod}/${id}`,
    `0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-${id}.scope`,
    `0::/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:${id}`,
    `0::/user.slice/user-1000.slice/libpod-${id}.scope/container`,
    `2:cpu:/\n1:memory:/docker/${id}\n0::/`,
  ])
    assert.equal(containerIdOf(group), id, group);
});

test("what is in no container has no id", () => {
  for (const group of [
    "",
    "0::/",
    "0::/system.slice/docker.service",
    `0::/kubepods/burstable/${pod}`,
    `0::/user.slice/${id}0`,
    `0::/libpod_parent/libpod-conmon-${id}.scope`,
    `0::/system.slice/run-${id}.scope`,
  ])
    assert.equal(containerIdOf(group), undefined, group);
});
