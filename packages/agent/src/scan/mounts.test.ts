import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isUnder, parseMounts, planWalk } from "./mounts.ts";

const line = (point: string, type: string, { device = "8:1", root = "/" } = {}) =>
  `36 35 ${device} ${root} ${point} rw,noatime master:1 - ${type} /dev/x rw`;
const table = (...lines: string[]) => parseMounts(lines.join("\n"));

test("reads mount points with blanks, which stand as octal escapes", () => {
  const [mount] = table(line("/mnt/my\\040disk", "ext4", { device: "8:17" }));
  assert.deepEqual(mount, { point: "/mnt/my disk", type: "ext4", device: "8:17", root: "/", source: "/dev/x" });
});

test("leaves out interfaces of the kernel, and says so", () => {
  const { start, skip } = planWalk(["/"], table(line("/", "ext4"), line("/proc", "proc", { device: "0:5" })), []);
  assert.deepEqual(start, ["/"]);
  assert.match(skip.get("/proc") ?? "", /interface of the kernel/);
});

test("a disk below a skipped mount is walked: /dev/shm in /dev", () => {
  const mounts = table(
    line("/", "ext4"),
    line("/dev", "devtmpfs", { device: "0:6" }),
    line("/dev/shm", "tmpfs", { device: "0:25" }),
  );
  assert.deepEqual(planWalk(["/"], mounts, []).start, ["/", "/dev/shm"]);
});

test("a network file system is left out unless it is named", () => {
  const mounts = table(line("/", "ext4"), line("/mnt/nas", "nfs4", { device: "0:50" }));
  assert.ok(planWalk(["/"], mounts, []).skip.has("/mnt/nas"));
  assert.deepEqual(planWalk(["/mnt/nas"], mounts, []), { start: ["/mnt/nas"], skip: new Map() });
});

test("a bind mount of a walked folder is not walked twice", () => {
  const mounts = table(line("/", "ext4"), line("/mnt/again", "ext4", { root: "/srv/models" }));
  assert.match(planWalk(["/"], mounts, []).skip.get("/mnt/again") ?? "", /shows \/srv\/models once more/);
  assert.equal(planWalk(["/mnt"], mounts, []).skip.size, 0, "what it shows is not walked elsewhere");
});

test("a root below another root is walked once", () => {
  assert.deepEqual(planWalk(["/srv", "/srv/models", "/srv2"], table(line("/", "ext4")), []).start, ["/srv", "/srv2"]);
});

test("a root that is an interface of the kernel is not walked", () => {
  const { start, skip } = planWalk(
    ["/proc/self"],
    table(line("/", "ext4"), line("/proc", "proc", { device: "0:5" })),
    [],
  );
  assert.deepEqual(start, []);
  assert.ok(skip.has("/proc/self"));
});

test("names that begin alike are not below each other", () => {
  assert.equal(isUnder("/srv2/a", "/srv"), false);
  assert.equal(isUnder("/srv/a", "/srv"), true);
  assert.equal(isUnder("/anything", "/"), true);
});

test("any text is a mount table", () => {
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(parseMounts(text))));
});
