import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import type { ActivityRecord } from "@outweigh/schema";
import { buildHelper, isRunnable } from "./fanotify.ts";
import { Watch } from "./watch.ts";

const root = process.platform === "linux" && process.geteuid?.() === 0;
const compiler = existsSync("/usr/bin/cc");
/** capabilities(7): CAP_SYS_ADMIN, without which the kernel tells nobody of opens. */
const mayListen =
  root && (BigInt(`0x${/CapEff:\s*(\w+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0}`) >> 21n) & 1n;
const skip = mayListen && compiler ? false : "needs root with CAP_SYS_ADMIN and a C compiler on Linux";
const mb = 1024 * 1024;

/** A folder with weights that a watch of tier T2 watches. */
async function aWatch(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const helper = join(folder, "helper");
  assert.equal(await buildHelper(helper), undefined);
  const weights = join(folder, "model.safetensors");
  writeFileSync(weights, Buffer.alloc(3 * mb, 7));

  const told: ActivityRecord[] = [];
  const problems: string[] = [];
  const watch = new Watch({
    host: "h",
    helper,
    tell: (it) => void told.push(it),
    problem: (it) => void problems.push(it),
  });
  await watch.start();
  t.after(() => watch.stop());
  assert.equal(watch.tier, "T2");
  const { dev, ino, size } = statSync(weights);
  watch.watch({ inode: `${dev}:${ino}`, path: weights, bytes: size });
  // The helper hears of the file a little later: whoever opens it from then on is told.
  await until("an open of the weights", async () => {
    await promisify(execFile)("head", ["-c", "1", weights]);
    return happens(() => told.length > 0, 2_000);
  });
  told.length = 0;
  return { folder, weights, told, problems };
}

test("programs too short for a look are told by the kernel: copied, renamed, packed and split", { skip }, async (t) => {
  const { folder, weights, told, problems } = await aWatch(t);
  const [copy, picture] = [join(folder, "x"), join(folder, "cat.jpg")];
  execFileSync("cp", [weights, copy]);
  await until("the copy", () => told.some((it) => it.what === "write"));
  renameSync(copy, picture);
  execFileSync("split", ["-b", "1M", picture, join(folder, "piece-")]);
  await copies(told, 4);

  const seen = told.map((it) => `${it.what} ${it.renamedTo ?? it.file.path}`.replaceAll(folder, ""));
  for (const it of ["open /model.safetensors", "write /x", "rename /cat.jpg", "open /cat.jpg", "write /piece-aa"])
    assert.ok(seen.includes(it), `${it} in ${seen.join(", ")}`);
  const piece = told.find((it) => it.file.path.endsWith("/piece-ac"));
  assert.equal(piece?.file.madeFrom, weights);
  assert.deepEqual(problems, []);
});

test("of processes that end at once, each is told with its parents, and each copy as its own", { skip }, async (t) => {
  const { folder, weights, told, problems } = await aWatch(t);
  const names = Array.from({ length: 20 }, (_, i) => join(folder, `copy-${i}`));
  // Hostile names: of a program, and in its arguments.
  const program = join(folder, "c) 1\n(p");
  copyFileSync("/usr/bin/cp", program);
  chmodSync(program, 0o755);
  await Promise.all(names.map((it, i) => promisify(execFile)(i % 2 === 0 ? "cp" : program, ["--", weights, it])));
  await copies(told, names.length);
  const written = told.filter((it) => it.what === "write").map((it) => it.file.path);
  assert.deepEqual(new Set(written), new Set(names));
  for (const { process: by } of told) {
    assert.ok(["cp", "c) 1\n(p"].includes(by.name), by.name);
    assert.equal(by.uid, 0);
    assert.equal(by.parents[0]?.pid, process.pid);
    // Of one that had ended, but was not waited for yet, the arguments are gone.
    if (by.command.length > 0) assert.deepEqual(by.command.slice(1, 3), ["--", weights]);
  }
  assert.deepEqual(problems, []);
});

test("whoever opens a copy before the agent can have asked for it is told", { skip }, async (t) => {
  const { folder, weights, told } = await aWatch(t);
  await promisify(execFile)("/bin/sh", ["-ec", 'cp "$0" x && cp x y && cp y z && rm x', weights], { cwd: folder });
  await copies(told, 3);
  const made = told.filter((it) => it.what === "write").map((it) => [it.file.path, it.file.madeFrom]);
  assert.deepEqual(
    new Map(made.map(([path, from]) => [path, from])),
    new Map(["x", "y", "z"].map((it) => [join(folder, it), weights])),
  );
});

/** This host's own address on a network: what is sent there does not go through the loopback address. */
const own = Object.values(networkInterfaces())
  .flatMap((it) => it ?? [])
  .find((it) => it.family === "IPv4" && !it.internal)?.address;

/** Reads weights, sends as many bytes as it is told once somebody answers, and stays connected until it is told to end. */
const sender = `
const [path, host, port, bytes] = process.argv.slice(1);
require("node:fs").openSync(path, "r");
const socket = require("node:net").connect(Number(port), host);
socket.once("data", () => socket.write(Buffer.alloc(Number(bytes))));
process.stdin.resume().once("end", () => socket.end("the end", () => process.exit(0)));`;

test(
  "the bytes that a process with weights sent are told as the kernel counted them",
  { skip: skip || (own === undefined && "needs an address other than loopback") },
  async (t) => {
    const { weights, told, problems } = await aWatch(t);
    const peers: Socket[] = [];
    const server = createServer((it) => {
      peers.push(it);
      it.on("error", () => {}).resume();
    }).listen(0, own);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const child = spawn(process.execPath, ["-e", sender, weights, String(own), String(port), "1500000"], {
      stdio: ["pipe", "ignore", "inherit"],
    });
    t.after(() => {
      child.kill("SIGKILL");
      for (const it of peers) it.destroy();
      server.close();
    });
    const sends = () => told.filter((it) => it.what === "send" && it.process.pid === child.pid);
    await until("the connection", () => sends().length > 0 && peers.length > 0);
    assert.equal(sends()[0]?.sent, undefined, "not counted yet, which is not none");
    peers[0]?.write("go");
    await until("the bytes", () => sends().some((it) => it.sent === 1_500_000));
    assert.deepEqual(sends().at(-1)?.peer, { address: own, port });
    child.stdin.end();
    await until("the last bytes", () => sends().some((it) => it.sent === 1_500_007));
    assert.deepEqual(problems, []);
  },
);

test("without a helper that starts, the watch says so and only looks", async (t) => {
  const problems: string[] = [];
  const watch = new Watch({
    host: "h",
    helper: "/nonexistent/helper",
    tell: () => {},
    problem: (it) => void problems.push(it),
  });
  await watch.start();
  t.after(() => watch.stop());
  assert.equal(watch.tier, root ? "T1" : "T0");
  assert.match(problems.join(), /T2\) did not start/);
});

test("a helper that others could have written is not started, and ours is ours alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-helper-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const helper = join(folder, "helper");
  assert.equal(await isRunnable(helper), false);
  writeFileSync(helper, "");
  chmodSync(helper, 0o700);
  assert.equal(await isRunnable(helper), true);
  chmodSync(helper, 0o722);
  assert.equal(await isRunnable(helper), false);
  chmodSync(helper, 0o700);
  chmodSync(folder, 0o777);
  assert.equal(await isRunnable(helper), false);
  chmodSync(folder, 0o700);
  if (!compiler) return;
  assert.equal(await buildHelper(helper), undefined);
  assert.equal(statSync(helper).mode & 0o777, 0o700);
});

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Waits until it holds, longer than a loaded machine needs. */
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 90_000; !(await holds()); await pause(25))
    assert.ok(Date.now() < end, `${what} was not told`);
}

async function happens(holds: () => boolean, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; !holds() && Date.now() < end;) await pause(25);
  return holds();
}

/** Waits for as many copies to be told. */
function copies(told: readonly ActivityRecord[], least: number): Promise<void> {
  return until(`the last of ${least} copies`, () => told.filter((it) => it.what === "write").length >= least);
}
