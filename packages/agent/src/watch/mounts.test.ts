import assert from "node:assert/strict";
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { ActivityRecord } from "@outweigh/schema";
import { prove } from "@outweigh/pipeline";
import fc from "fast-check";
import { buildHelper } from "./fanotify.ts";
import { deviceOf, Mounts, withoutPassword } from "./mounts.ts";
import { Watch } from "./watch.ts";

const mb = 1024 * 1024;

/** What the kernel would show of a host: `/sys` and `/proc` below a folder of the test. */
function aHost(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-mounts-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [sys, proc] = [join(folder, "sys"), join(folder, "proc")];
  /** A block device at its place in the tree of devices, with the files that say what it is. */
  const device = (number: string, at: string, files: Readonly<Record<string, string>> = {}, slaves: string[] = []) => {
    const path = join(sys, "devices", at);
    lay(path, files);
    mkdirSync(join(path, "slaves"), { recursive: true });
    for (const it of slaves) symlinkSync(join(sys, "devices", it), join(path, "slaves", it.split("/").at(-1) ?? ""));
    mkdirSync(join(sys, "dev/block"), { recursive: true });
    symlinkSync(path, join(sys, "dev/block", number));
  };
  const lines: Record<string, string[]> = { self: ["1 0 254:0 / / rw - ext4 /dev/vda1 rw"] };
  /** Mounts a file system, for all or for one process alone. */
  const mount = (line: string, whose = "self") => {
    (lines[whose] ??= [...(lines["self"] ?? [])]).push(line);
    lay(join(proc, whose), { mountinfo: `${lines[whose].join("\n")}\n` });
    mkdirSync(join(proc, whose, "ns"), { recursive: true });
    if (!existsSync(join(proc, whose, "ns/mnt.made"))) {
      symlinkSync(`mnt:[${whose}]`, join(proc, whose, "ns/mnt"));
      writeFileSync(join(proc, whose, "ns/mnt.made"), "");
    }
  };
  return { folder, device, mount, mounts: () => new Mounts({ proc, sys }) };
}

function lay(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The device number that `stat` gives for one of the kernel's tables. */
const dev = (major: number, minor: number) =>
  (BigInt(major & 0xfff) << 8n) |
  (BigInt(minor) & 0xffn) |
  ((BigInt(minor) & ~0xffn) << 12n) |
  ((BigInt(major) >> 12n) << 44n);
const on = (major: number, minor: number, path: string) => ({ inode: `${dev(major, minor)}:5`, path, bytes: 1 });

test("a device is found by its number, whatever numbers the kernel gives", () => {
  assert.equal(deviceOf("2065:12"), "8:17");
  const number = fc.integer({ min: 0, max: 0xfffff });
  fc.assert(fc.property(number, number, (a, b) => assert.equal(deviceOf(`${dev(a, b)}:1`), `${a}:${b}`)));
});

test("a disk leaves by its medium, its bus or its port, and what rests on it leaves with it", (t) => {
  const host = aHost(t);
  const usb = "pci0/usb2/2-1/host6/block/sdb";
  host.device("8:16", usb, { removable: "0\n" });
  host.device("8:17", `${usb}/sdb1`, { partition: "1\n" });
  host.device("11:0", "pci0/ata1/block/sr0", { removable: "1\n" });
  host.device("179:1", "mmc_host/mmc0/block/mmcblk0/mmcblk0p1", { partition: "1" });
  lay(join(host.folder, "sys/devices/mmc_host/mmc0/block/mmcblk0/device"), { type: "SD\n" });
  host.device("259:1", "pci0/thunder/nvme/block/nvme1n1", { removable: "0" });
  lay(join(host.folder, "sys/devices/pci0/thunder"), { removable: "removable\n" });
  host.device("259:0", "pci0/nvme/block/nvme0n1", { removable: "0" });
  host.device("253:0", "virtual/block/dm-0", {}, [`${usb}/sdb1`]);
  host.device("253:1", "virtual/block/dm-1", {}, ["virtual/block/dm-0", "pci0/nvme/block/nvme0n1"]);
  host.device("253:2", "virtual/block/dm-2", {}, ["pci0/nvme/block/nvme0n1"]);
  const all = ["8:17", "11:0", "179:1", "259:1", "253:0", "253:1", "253:2", "259:0"];
  for (const it of all) host.mount(`2 1 ${it} / /m/${it} rw - ext4 /dev/${it} rw`);
  const mounts = host.mounts();
  const kinds = all.map((it) => {
    const [major, minor] = it.split(":").map(Number);
    return mounts.onto(on(major ?? 0, minor ?? 0, `/m/${it}/x`), 1)?.kind;
  });
  const leaves = "removable";
  assert.deepEqual(kinds, [leaves, leaves, leaves, leaves, leaves, leaves, undefined, undefined]);
});

test("a disk in a file goes where that file goes; what the host itself stands on does not leave", (t) => {
  const host = aHost(t);
  host.device("254:0", "usb1/block/vda", { removable: "1" });
  host.device("8:1", "usb1/block/sda", { removable: "1" });
  host.mount("2 1 8:1 / /media/stick rw - vfat /dev/sda rw");
  host.device("7:0", "virtual/block/loop0", { "loop/backing_file": "/media/stick/vault\n" });
  host.device("7:1", "virtual/block/loop1", { "loop/backing_file": "/home/vault\n" });
  host.mount("3 1 7:0 / /vault rw - ext4 /dev/loop0 rw");
  host.mount("4 1 7:1 / /safe rw - ext4 /dev/loop1 rw");
  const mounts = host.mounts();
  assert.equal(mounts.onto(on(7, 0, "/vault/x"), 1)?.kind, "removable");
  assert.equal(mounts.onto(on(7, 1, "/safe/x"), 1), undefined);
  assert.equal(mounts.onto(on(254, 0, "/home/x"), 1), undefined);
});

test("other machines are told by their type, a program that serves files by its name and its source", (t) => {
  const host = aHost(t);
  const types: Record<string, [string, string | undefined]> = {
    nfs4: ["nas:/export", "network"],
    cifs: ["//nas/share", "network"],
    "fuse.sshfs": ["eve@drop.example:/in", "network"],
    "fuse.rclone": ["remote:", "network"],
    fuse: ["https://eve:secret@dav.example/?sig=1", "network"],
    "fuse.own": ["/home/eve/own", "unknown"],
    "fuse.fuse-overlayfs": ["fuse-overlayfs", undefined],
    tmpfs: ["nas:/looks-like-one", undefined],
  };
  for (const [i, [type, [source]]] of Object.entries(types).entries())
    host.mount(`${i} 1 0:${50 + i} / /m/${i} rw - ${type} ${source} rw`);
  const mounts = host.mounts();
  const found = Object.keys(types).map((_, i) => mounts.onto(on(0, 50 + i, `/m/${i}/x`), 1));
  assert.deepEqual(
    found.map((it) => it?.kind),
    Object.values(types).map(([, kind]) => kind),
  );
  assert.deepEqual(found[0], { mount: "/m/0", kind: "network", type: "nfs4", source: "nas:/export", path: "/m/0/x" });
  assert.equal(found[4]?.source, "https://…@dav.example/");
});

test("no password stands in a source, and no more is lost of it than that", () => {
  const plain = ["/dev/sdb1", "nas:/export", "//nas/share", "eve@h:/in", "a@b@c", "", "@", "none"];
  for (const it of plain) assert.equal(withoutPassword(it), it);
  assert.equal(withoutPassword("//eve:p@ss@nas/share"), "//…@nas/share");
  assert.equal(withoutPassword("eve:pw@nas:/in"), "…@nas:/in");
  assert.equal(withoutPassword("https://dav.example/x?mail=a@b.c&sig=x"), "https://dav.example/x");
  assert.equal(withoutPassword("nas,pass=hunter/2,user=x:in"), "nas,pass=…,user=x:in");
  assert.equal(withoutPassword(`:sftp,host=h,pass="a,b:c":in`), ":sftp,host=h,pass=…:in");
  const word = fc.stringMatching(/^[a-z0-9@?#]{4,12}$/);
  fc.assert(fc.property(word, (it) => !withoutPassword(`//u:${it}Q@nas/share`).includes("Q")));
});

test("what is mounted later is seen, and a table that does not read hides nothing that was known to the hardware", (t) => {
  const host = aHost(t);
  host.device("8:1", "usb1/block/sda", { removable: "1" });
  host.mount("2 1 0:40 / /tmp rw - tmpfs tmpfs rw");
  const mounts = host.mounts();
  const file = on(8, 1, "/media/stick/x");
  assert.equal(mounts.onto(file, 1)?.mount, "could not tell");
  host.mount("3 1 8:1 / /media/stick rw - vfat /dev/sda rw");
  assert.equal(mounts.onto(file, 1)?.mount, "/media/stick");
});

test("a file system that has a number of its own leaves with the disk that it stands on", (t) => {
  const host = aHost(t);
  const [major, minor] = [1, 3]; // /dev/null, which every host has
  host.device(`${major}:${minor}`, "usb1/1-1/block/sdb", { removable: "1" });
  host.mount("2 1 0:40 / /mnt/stick rw - btrfs /dev/null rw");
  host.mount("3 1 0:41 / /mnt/gone rw - btrfs /dev/outweigh-none rw");
  host.mount("4 1 0:42 / /mnt/odd rw - btrfs /dev/../dev/null rw");
  const mounts = host.mounts();
  assert.equal(mounts.onto(on(0, 40, "/mnt/stick/x"), 1)?.kind, "removable");
  assert.equal(mounts.onto(on(0, 41, "/mnt/gone/x"), 1), undefined);
  assert.equal(mounts.onto(on(0, 42, "/mnt/odd/x"), 1), undefined);
});

test("whoever mounts so much that nobody reads his table to its end hides no file system by it", (t) => {
  const host = aHost(t);
  const long = "x".repeat(4000);
  const many = Array.from({ length: 300 }, (_, i) => `${10 + i} 1 0:${50 + i} / /tmp/${long}${i} rw - tmpfs none rw`);
  host.mount([...many, "999 1 0:999 / /srv/declared rw - fuse.own x rw"].join("\n"), "7");
  host.mount("2 1 0:40 / /tmp rw - tmpfs none rw");
  const mounts = host.mounts();
  const onto = mounts.onto(on(0, 999, "/srv/declared/x"), 7);
  assert.deepEqual([onto?.kind, onto?.mount, onto?.path], ["unknown", "could not tell", undefined]);
  assert.equal(mounts.onto(on(0, 50, `/tmp/${long}0/x`), 7), undefined, "what was read is known");
  assert.deepEqual(mounts.foreign(7), []);
});

test("whoever mounts for himself is told by the device, and no name that he gives it makes it a place of the host", (t) => {
  const host = aHost(t);
  host.mount("2 1 0:60 / /mnt/nas rw - nfs4 nas:/export rw");
  host.mount("3 1 0:61 / /mnt/nas rw - nfs4 thief:/export rw", "77");
  host.mount("4 1 0:60 /models /data rw - nfs4 nas:/export rw", "77");
  const mounts = host.mounts();
  assert.deepEqual(mounts.onto(on(0, 61, "/mnt/nas/x"), 77), {
    mount: "/mnt/nas",
    kind: "network",
    type: "nfs4",
    source: "thief:/export",
  });
  // A volume of a container is a folder of the host's own mount.
  assert.equal(mounts.onto(on(0, 60, "/data/x"), 77)?.path, "/mnt/nas/models/x");
  assert.deepEqual(mounts.foreign(77).map((it) => it.device), ["0:61"]); // prettier-ignore
  assert.deepEqual(mounts.foreign(78), []);
});

/** A real disk: a file behind a loop device, with a file system on it, below a folder of its own. */
function aDisk(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-disk-"));
  const [image, point] = [join(folder, "image"), join(folder, "stick")];
  mkdirSync(point);
  execFileSync("truncate", ["-s", "32M", image]);
  execFileSync("mkfs.ext4", ["-q", image]);
  let device = "";
  t.after(() => {
    spawnSync("umount", ["-l", point]);
    if (device !== "") spawnSync("losetup", ["-d", device]);
    rmSync(folder, { recursive: true, force: true });
  });
  /** Plugs it in; `mount` also for all. */
  const attach = () => {
    device = execFileSync("losetup", ["-f", "--show", image], { encoding: "utf8" }).trim();
    return { path: device, number: deviceOf(`${statSync(device).rdev}:0`) };
  };
  const mount = () => {
    const { path, number } = attach();
    execFileSync("mount", [path, point]);
    return number;
  };
  return { folder, point, attach, mount };
}

/** Whether this machine lets us mount a disk of our own. */
function canMount(): boolean {
  if (process.platform !== "linux" || process.geteuid?.() !== 0) return false;
  const made = spawnSync("/bin/sh", [
    "-ec",
    'd=$(mktemp -d); truncate -s 1M $d/i; mkfs.ext4 -q $d/i; trap "rm -r $d" EXIT; mkdir $d/m; unshare -m mount -o loop $d/i $d/m',
  ]);
  return made.status === 0;
}

const skip = canMount() && existsSync("/usr/bin/cc") ? false : "needs root, a loop device and a C compiler";

/** A watch of weights beside a disk that is not plugged in yet. The kernel calls no loop device removable: of this one it is the test that says so. */
async function aWatch(t: TestContext, tier: "T0" | "T2") {
  const disk = aDisk(t);
  const host = aHost(t);
  const helper = join(disk.folder, "helper");
  if (tier === "T2") assert.equal(await buildHelper(helper), undefined);
  const weights = join(disk.folder, "model.safetensors");
  writeFileSync(weights, Buffer.alloc(3 * mb, 7));
  const told: ActivityRecord[] = [];
  const problems: string[] = [];
  const watch = new Watch({
    host: "h",
    ...(tier === "T2" && { helper }),
    mounts: new Mounts({ sys: join(host.folder, "sys") }),
    tell: (it) => void told.push(it),
    problem: (it) => void problems.push(it),
  });
  await watch.start();
  t.after(() => watch.stop());
  const { dev: number, ino, size } = statSync(weights);
  watch.watch({ inode: `${number}:${ino}`, path: weights, bytes: size });
  const plugIn = (device: string) => host.device(device, "usb1/block/loop", { removable: "1" });
  return { disk, weights, told, problems, plugIn };
}

test(
  "weights that are copied to a disk that is plugged in later leave the host: T0, by who takes longer than a look",
  { skip },
  async (t) => {
    const { disk, weights, told, plugIn } = await aWatch(t, "T0");
    plugIn(disk.mount());
    const stick = join(disk.point, "cat.jpg");
    const script = `
    const fs = require("fs"), [from, to] = process.argv.slice(1);
    const a = fs.openSync(from), b = fs.openSync(to, "w"), piece = Buffer.alloc(${3 * mb});
    fs.readSync(a, piece); fs.writeSync(b, piece); console.log("ready"); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ["-e", script, weights, stick], { stdio: ["ignore", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    await until("the copy", () => told.some((it) => it.onto !== undefined));
    isOntoDisk(told, { weights, point: disk.point, stick });
  },
);

test(
  "weights that are copied to a disk that is plugged in later leave the host: T2, however short it takes",
  { skip },
  async (t) => {
    const { disk, weights, told, problems, plugIn } = await aWatch(t, "T2");
    plugIn(disk.mount());
    const stick = join(disk.point, "cat.jpg");
    await until("the copy", async () => {
      // The kernel is asked about the new disk a moment after it is mounted: whoever copies from then on is told.
      await promisify(execFile)("cp", [weights, stick]);
      return happens(() => told.some((it) => it.onto !== undefined && it.sensor === "fanotify"), 500);
    });
    isOntoDisk(told, { weights, point: disk.point, stick });
    assert.ok(
      told.some((it) => it.onto !== undefined && it.atMost === 3 * mb),
      "all bytes of it",
    );
    const own = join(disk.folder, "copy");
    execFileSync("cp", [weights, own]);
    await until("a copy that stays", () => told.some((it) => it.file.path === own));
    assert.equal(told.find((it) => it.file.path === own)?.onto, undefined);
    assert.deepEqual(problems, []);
  },
);

test(
  "a disk that a process has mounted for itself alone is told too, and is no place of the host",
  { skip },
  async (t) => {
    const { disk, weights, told, plugIn } = await aWatch(t, "T2");
    const device = disk.attach();
    plugIn(device.number);
    // Writes and closes within a moment, once for each line that it is told.
    const script = `
    const fs = require("fs"), [from, to] = process.argv.slice(1), piece = Buffer.alloc(${3 * mb});
    fs.readSync(fs.openSync(from), piece);
    process.stdin.on("data", () => fs.writeFileSync(to, piece)).on("end", () => process.exit(0));`;
    const line = 'mount "$1" "$2" && exec "$0" -e "$3" "$4" "$2/x"';
    const args = ["-m", "/bin/sh", "-ec", line, process.execPath, device.path, disk.point, script, weights];
    const child = spawn("unshare", args, { stdio: ["pipe", "ignore", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    await until("the copy", async () => {
      child.stdin.write("again\n");
      return happens(() => told.some((it) => it.onto !== undefined && it.sensor === "fanotify"), 500);
    });
    const onto = told.find((it) => it.onto !== undefined)?.onto;
    assert.deepEqual([onto?.kind, onto?.mount, onto?.path], ["removable", disk.point, undefined]);
    child.stdin.end();
    await once(child, "close");
  },
);

function isOntoDisk(
  told: readonly ActivityRecord[],
  { weights, point, stick }: { readonly weights: string; readonly point: string; readonly stick: string },
): void {
  const write = told.find((it) => it.onto !== undefined);
  assert.deepEqual([write?.file.madeFrom, write?.onto?.kind], [weights, "removable"]);
  // Who looks may look while it is written.
  assert.ok(write?.atMost !== undefined && write.atMost <= 3 * mb);
  assert.deepEqual([write?.onto?.mount, write?.onto?.path, write?.onto?.type], [point, stick, "ext4"]);
  assert.match(write?.onto?.source ?? "", /^\/dev\/loop/);
  const home = `file:${dirname(weights)}/model.safetensors`;
  assert.ok(write && isTheft(write, [home]), "it left");
  assert.ok(!isTheft(write, [home, `file:${point}`]), "a disk that the register names as a place is a backup");
}

/** Whether the rule that ships alerts of what the agent told, where copies belong in these places. */
function isTheft(told: ActivityRecord, places: readonly string[]): boolean {
  const rule = join(import.meta.dirname, "../../../../content/rules/weights/host_weights_carried_off.yml");
  const models = [{ name: "m", class: "private", places, readers: [] }];
  const one = { name: "told", kind: "attack", expect: "alert", models, records: [JSON.stringify(told)] };
  const [proven] = prove("host_weights_carried_off", readFileSync(rule, "utf8"), JSON.stringify([one]));
  assert.ok(proven?.passed || /alert/.test(proven?.problem ?? ""), proven?.problem);
  return proven?.passed === true;
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await holds()); await pause(25))
    assert.ok(Date.now() < end, `${what} was not told`);
}

async function happens(holds: () => boolean, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; !holds() && Date.now() < end;) await pause(25);
  return holds();
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
