/**
 * The id of the container whose processes have this `/proc/PID/cgroup`; undefined for what is in none that we know.
 *
 * Container engines name a group `docker-ID.scope` or `cri-containerd:ID` where systemd keeps the groups, and `/docker/ID` or
 * `/kubepods/burstable/podUID/ID` where they keep them themselves (cgroupfs), below any parent that they were given: 64 hexadecimal digits
 * as a whole name are an id wherever they stand. Of containers in a container, the outermost.
 */
export function containerIdOf(cgroup: string): string | undefined {
  return /(?:(?:docker|containerd|crio|libpod)[-/:]+([0-9a-f]{12,64})(?![0-9a-z])|\/([0-9a-f]{64})(?=\/|$))/m
    .exec(cgroup)
    ?.slice(1)
    .find((it) => it !== undefined);
}
