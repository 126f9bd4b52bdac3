import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { Mount } from "../scan/mounts.ts";
import { fittingPoints } from "./fanotify.ts";
import { maxMoreHelpers, maxPointBytes } from "./limits.ts";
import { MoreHelpers } from "./more-helpers.ts";
import { Mounts } from "./mounts.ts";
import { Watch } from "./watch.ts";

/** A program that says what it was asked about, and that it is ready, and does nothing. */
function aHelper() {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-helpers-"));
  const path = join(folder, "helper");
  // Under another name first: what is read is whole.
  const script = `#!/bin/sh
shift 2
for it; do echo "$it"; done > ${folder}/new.$$ && mv ${folder}/new.$$ ${folder}/asked.$$
printf '\\001\\000\\000\\000r'
exec cat > /dev/null
`;
  writeFileSync(path, script, { mode: 0o700 });
  return { folder, path };
}

/** Helpers that say what they were asked about, and do nothing. */
function someHelpers(t: TestContext, known: readonly string[] = []) {
  const { folder, path } = aHelper();
  const problems: string[] = [];
  const more = new MoreHelpers({
    path,
    see: () => {},
    lost: () => {},
    problem: (it) => void problems.push(it),
    asked: new Set(),
    known,
  });
  const asked = () =>
    readdirSync(folder)
      .filter((it) => it.startsWith("asked."))
      .map((it) => ({ pid: Number(it.slice("asked.".length)), points: readFileSync(join(folder, it), "utf8").trim() }))
      .filter(({ pid }) => more.has(pid));
  t.after(async () => {
    more.stop();
    await until("the end of all", () => asked().length === 0);
    rmSync(folder, { recursive: true, force: true });
  });
  return { more, problems, points: () => asked().flatMap((it) => it.points.split("\n")) };
}

const mount = (device: string, point: string, type = "ext4"): Mount => ({
  device,
  point,
  type,
  root: "/",
  source: "x",
});
const table = (...mounts: readonly Mount[]) => new Map(mounts.map((it) => [it.device, it]));

function aProcess(t: TestContext): ChildProcess & { readonly pid: number } {
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

test("a disk that was unplugged is asked about anew when it is plugged in again, under the same number", async (t) => {
  const { more, points } = someHelpers(t, ["254:0"]);
  const root = mount("254:0", "/");
  more.follow(table(root, mount("8:17", "/mnt/a")));
  await until("the first", () => points().includes("/mnt/a"));
  more.follow(table(root));
  await until("its end", () => points().length === 0);
  more.follow(table(root, mount("8:17", "/mnt/b")));
  await until("the second", () => points().includes("/mnt/b"));
});

test("what a process mounted for itself takes no number from what the host or another process mounts later", async (t) => {
  const { more, points } = someHelpers(t, ["254:0"]);
  const root = mount("254:0", "/");
  const [thief, other] = [aProcess(t), aProcess(t)];
  more.followOwn(thief.pid, [mount("0:53", "/decoy", "fuse.x")]);
  await until("the decoy", () => points().includes(`/proc/${thief.pid}/root/decoy`));
  thief.kill("SIGKILL");
  await once(thief, "exit");
  // Nothing of that shows in the host's table.
  more.followOwn(other.pid, [mount("0:53", "/mine", "fuse.y")]);
  await until("another's", () => points().includes(`/proc/${other.pid}/root/mine`));
  more.follow(table(root, mount("0:53", "/mnt/out", "fuse.sshfs")));
  await until("the host's", () => points().join() === "/mnt/out");
});

test("one device in thousands of places, by names as long as can be, is asked about once, and ends no agent", async (t) => {
  const { more, points, problems } = someHelpers(t);
  const { pid } = aProcess(t);
  const long = `/${"x".repeat(250)}`.repeat(15);
  more.followOwn(
    pid,
    Array.from({ length: 2000 }, (_, i) => mount("0:53", `${long}/${i}`, "fuse")),
  );
  await until("one of them", () => points().length === 1);
  more.follow(table(...Array.from({ length: 2000 }, (_, i) => mount(`0:${100 + i}`, `${long}/${i}`, "fuse"))));
  await until("those that fit", () => points().length > 100);
  assert.equal(problems.length, 1);
});

test("mount points that are too long for one program leave room for the shorter ones", () => {
  const long = "x".repeat(maxPointBytes / 2);
  const points = fittingPoints([
    ["a", long],
    ["b", "/mnt"],
    ["c", `${long}${long}`],
  ]);
  assert.deepEqual([...points.keys()], ["b", "a"]);
});

test("no more processes than the limit have a helper for what they mount for themselves; the end of one makes room", async (t) => {
  const { more, points, problems } = someHelpers(t);
  const all = Array.from({ length: maxMoreHelpers + 1 }, () => aProcess(t));
  for (const [i, it] of all.entries()) more.followOwn(it.pid, [mount(`0:${60 + i}`, "/own", "fuse")]);
  await until("as many as may be", () => points().length === maxMoreHelpers);
  assert.equal(problems.length, 1);
  const [first, last] = [all[0], all.at(-1)];
  assert.ok(first && last);
  first.kill("SIGKILL");
  await once(first, "exit");
  assert.ok(!existsSync(`/proc/${first.pid}`));
  more.followOwn(last.pid, [mount(`0:${60 + maxMoreHelpers}`, "/own", "fuse")]);
  await until("the last", () => points().includes(`/proc/${last.pid}/root/own`));
});

test("the helper that tells of the host's disks waits for no other machine, and for no program that serves files", async (t) => {
  const { folder, path } = aHelper();
  const lines = [
    "1 0 254:0 / / rw - ext4 /dev/vda1 rw",
    "2 1 0:50 / /mnt/nas rw - nfs4 nas:/export rw",
    "3 1 0:51 / /home/eve/own rw - fuse.own own rw",
    "4 1 8:17 / /mnt/stick rw - ext4 /dev/sdb1 rw",
  ];
  const proc = join(folder, "proc");
  mkdirSync(join(proc, "self"), { recursive: true });
  writeFileSync(join(proc, "self/mountinfo"), `${lines.join("\n")}\n`);
  const mounts = new Mounts({ proc, sys: join(folder, "sys") });
  const watch = new Watch({ host: "h", helper: path, mounts, tell: () => {}, problem: () => {} });
  t.after(() => {
    watch.stop();
    // Another of its helpers may be about to write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  await watch.start();
  const asked = () =>
    readdirSync(folder)
      .filter((it) => it.startsWith("asked."))
      .map((it) => readFileSync(join(folder, it), "utf8").trim().split("\n").toSorted().join(" "));
  await until("each", () => ["/ /mnt/stick", "/mnt/nas", "/home/eve/own"].every((it) => asked().includes(it)));
});

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await new Promise((done) => setTimeout(done, 20)))
    assert.ok(Date.now() < end, `${what} did not come`);
}
