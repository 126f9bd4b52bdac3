// Orders that change a host, on real files, real processes and a real network namespace.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  linkSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  chmodSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test, type TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { order, type ChangingVerb, type Order, type OrderResult } from "@outweigh/schema";
import { aFolder, lay, weights } from "../testing/a-disk.ts";
import { Proc } from "../watch/proc.ts";
import { OrderBook } from "./book.ts";
import { tableOf } from "./egress.ts";
import { Orders } from "./orders.ts";

const skip = process.platform === "linux" ? false : "needs Linux";
const all: readonly ChangingVerb[] = ["quarantine-file", "stop-process", "block-egress"];

interface Desk {
  readonly book: OrderBook;
  readonly orders: Orders;
  /** Books and does an order, as the agent does. */
  give(id: string, it: Order): Promise<OrderResult | undefined>;
}

function aDesk(
  t: TestContext,
  { may = all, path = ":memory:" }: { may?: readonly ChangingVerb[]; path?: string } = {},
): Desk {
  const db = new DatabaseSync(path);
  t.after(() => db.isOpen && db.close());
  const book = new OrderBook(db);
  const orders = new Orders({
    book,
    proc: new Proc(),
    dataDir: "/var/lib/outweigh-agent",
    server: "http://127.0.0.1:7700",
    may: new Set(may),
    scan: async () => {},
    stopScan: () => false,
    collect: (_, id) => ({ id, state: "done" }),
  });
  const give: Desk["give"] = async (id, it) => {
    if (!book.begin(id, order.parse(it))) return undefined;
    await orders.carryOut(id, it);
    const result = book.next();
    if (result) book.sent(result.id);
    return result;
  };
  return { book, orders, give };
}

const digestOf = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

test("a file goes to quarantine whole, and comes back as it was: bytes, mode and times", { skip }, async (t) => {
  const path = lay(aFolder(t), "m/a.safetensors", weights("acme"));
  chmodSync(path, 0o640);
  utimesSync(path, 1_700_000_000, 1_700_000_000);
  const before = statSync(path);
  const { give } = aDesk(t);
  const done = await give("o1", { verb: "quarantine-file", path, sha256: digestOf(path) });
  assert.deepEqual(done, { id: "o1", state: "done", message: "verified" });
  assert.equal(existsSync(path), false);
  assert.equal(statSync(join(path, "..", ".outweigh-quarantine")).mode & 0o777, 0o700);
  assert.equal((await give("o2", { verb: "undo", order: "o1" }))?.state, "done");
  const after = statSync(path);
  assert.deepEqual(
    [after.ino, after.mode, after.mtimeMs, after.size],
    [before.ino, before.mode, before.mtimeMs, before.size],
  );
  assert.equal((await give("o3", { verb: "undo", order: "o1" }))?.state, "refused");
});

test("what is not the file that was meant is not moved", { skip }, async (t) => {
  const folder = aFolder(t);
  const path = lay(folder, "a.safetensors", weights("acme"));
  const sha256 = digestOf(path);
  const { give } = aDesk(t);
  const refused = async (id: string, at: string, digest = sha256) => {
    const it = await give(id, { verb: "quarantine-file", path: at, sha256: digest });
    assert.equal(it?.state, "refused", it?.message);
    return it?.message ?? "";
  };
  assert.match(await refused("1", path, "0".repeat(64)), /other bytes/);
  symlinkSync(path, join(folder, "link"));
  assert.match(await refused("2", join(folder, "link")), /ELOOP/);
  symlinkSync(folder, join(folder, "dir"));
  assert.match(await refused("3", join(folder, "dir", "a.safetensors")), /through a link/);
  const note = lay(folder, "passwd", "root:x:0:0\n");
  assert.match(await refused("4", note, digestOf(note)), /does not look like/);
  assert.match(await refused("5", `${folder}/../${folder.split("/").at(-1)}/a.safetensors`), /plain/);
  linkSync(path, join(folder, "b"));
  assert.match(await refused("6", path), /2 names/);
  assert.ok(existsSync(path));
});

test("undo overwrites nothing that was put there meanwhile", { skip }, async (t) => {
  const path = lay(aFolder(t), "a.safetensors", weights("acme"));
  const { give } = aDesk(t);
  await give("o1", { verb: "quarantine-file", path, sha256: digestOf(path) });
  writeFileSync(path, "new work");
  assert.match((await give("o2", { verb: "undo", order: "o1" }))?.message ?? "", /there again/);
  assert.equal(readFileSync(path, "utf8"), "new work");
});

async function aSleeper(t: TestContext): Promise<ChildProcess & { pid: number }> {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  await once(child, "spawn");
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid !== undefined);
  return Object.assign(child, { pid: child.pid });
}

const stateOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0];

test("a process is held and goes on again; ended, it is gone for good", { skip }, async (t) => {
  const child = await aSleeper(t);
  const { give } = aDesk(t);
  const proc = new Proc();
  const it = {
    verb: "stop-process",
    process: proc.key(child.pid) ?? "",
    program: digestOf(`/proc/${child.pid}/exe`),
  } as const;
  assert.deepEqual(await give("o1", { ...it, how: "hold" }), { id: "o1", state: "done", message: "verified" });
  assert.equal(stateOf(child.pid), "T");
  assert.equal((await give("o2", { verb: "undo", order: "o1" }))?.state, "done");
  assert.notEqual(stateOf(child.pid), "T");
  const gone = once(child, "exit");
  assert.equal((await give("o3", { ...it, how: "end" }))?.state, "done");
  assert.deepEqual(await gone, [null, "SIGTERM"]);
  assert.match((await give("o4", { verb: "undo", order: "o3" }))?.message ?? "", /cannot be undone/);
});

test("a pid that was used again, or runs another program, is not hit", { skip }, async (t) => {
  const child = await aSleeper(t);
  const { give } = aDesk(t);
  const key = new Proc().key(child.pid) ?? "";
  const program = digestOf(`/proc/${child.pid}/exe`);
  const other = `${child.pid}:${BigInt(key.split(":")[1] ?? 0) - 1n}`;
  const recycled = await give("o1", { verb: "stop-process", process: other, program, how: "end" });
  assert.match(recycled?.message ?? "", /another one by now/);
  const changed = await give("o2", { verb: "stop-process", process: key, program: "0".repeat(64), how: "hold" });
  assert.match(changed?.message ?? "", /another program/);
  const own = await give("o3", { verb: "stop-process", process: `${process.pid}:1`, program, how: "end" });
  assert.equal(own?.state, "refused");
  // A process that has just started may still run; one that is held never comes to sleep.
  for (let left = 1_000; left > 0 && stateOf(child.pid) !== "S"; left--) await setTimeout(10);
  assert.equal(stateOf(child.pid), "S", "it was not even held");
});

test("nothing is changed unless whoever started the agent said so", { skip }, async (t) => {
  const path = lay(aFolder(t), "a.safetensors", weights("acme"));
  const { give } = aDesk(t, { may: [] });
  const it = await give("o1", { verb: "quarantine-file", path, sha256: digestOf(path) });
  assert.match(it?.message ?? "", /--may quarantine-file/);
  assert.ok(existsSync(path));
});

test("an order is done once, also across a restart, and its result waits until it was sent", { skip }, async (t) => {
  const folder = aFolder(t);
  const path = lay(folder, "a.safetensors", weights("acme"));
  const file = join(folder, "book.db");
  const it: Order = { verb: "quarantine-file", path, sha256: digestOf(path) };
  const first = new DatabaseSync(file);
  const book = new OrderBook(first);
  assert.ok(book.begin("o1", it));
  book.end({ id: "o1", state: "done" });
  first.close();
  const again = aDesk(t, { path: file });
  assert.deepEqual(again.book.next(), { id: "o1", state: "done" });
  assert.equal(await again.give("o1", it), undefined, "a repeated order is not done");
  assert.ok(existsSync(path));
});

test("killed in the middle, an agent says what became of the order and does not do it again", { skip }, async (t) => {
  const folder = aFolder(t);
  const path = lay(folder, "a.safetensors", weights("acme"));
  const file = join(folder, "book.db");
  const desk = aDesk(t, { path: file });
  await desk.give("o1", { verb: "quarantine-file", path, sha256: digestOf(path) });
  const db = new DatabaseSync(file);
  db.exec(`UPDATE "order" SET state = 'begun', result = NULL WHERE id = 'o1'`);
  db.exec(`INSERT INTO "order" (id, seq, body, state) VALUES ('o2', 9, '{"verb":"scan","roots":[]}', 'begun')`);
  db.close();
  const again = aDesk(t, { path: file });
  await again.orders.recover();
  const results = [again.book.next()];
  again.book.sent("o1");
  results.push(again.book.next());
  assert.deepEqual(
    results.map((it) => [it?.id, it?.state]),
    [
      ["o1", "done"],
      ["o2", "failed"],
    ],
  );
  assert.match(results[0]?.message ?? "", /it is done/);
  // Taken back after the restart, by the record on the disk.
  again.book.sent("o2");
  assert.equal((await again.give("o3", { verb: "undo", order: "o1" }))?.state, "done");
  assert.ok(existsSync(path));
});

const isRoot = process.geteuid?.() === 0;
const namespace = isRoot ? "-n" : "-rn";
const probe = "ip link add out type veth peer name far && nft list tables";
const hasNamespace = spawnSync("unshare", [namespace, "/bin/sh", "-c", probe]).status === 0;

test(
  "connections of the host, or of one user alone, are dropped until they are allowed again",
  { skip: hasNamespace ? skip : "needs a network namespace of its own, ip and nft" },
  () => {
    const script = join(import.meta.dirname, "..", "testing", "egress-world.ts");
    const args = [namespace, process.execPath, script, isRoot ? "root" : "user"];
    const { status, stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 240_000 });
    assert.equal(status, 0, stderr);
    const told = { before: true, wrong: "nothing", meanwhile: false, after: true, gone: true };
    assert.deepEqual(JSON.parse(stdout), {
      host: told,
      ...(isRoot && { user: { ...told, others: true } }),
      cgroup: "there is no cgroup /not/there here",
    });
  },
);

test("a host that knows its server by name alone is not cut off from it", () => {
  const it = { table: "outweigh_x", whose: { of: "host" }, minutes: 5 } as const;
  assert.throws(() => tableOf(it, "https://outweigh.example"), /fall silent/);
  assert.match(tableOf(it, "https://10.0.0.5:7700"), /ip daddr 10\.0\.0\.5 tcp dport 7700 accept/);
  assert.doesNotMatch(tableOf(it, "http://127.0.0.1:7700"), /daddr/);
});

test("a folder that waits under the name of the quarantine is not trusted", { skip }, async (t) => {
  const folder = aFolder(t);
  const path = lay(folder, "a.safetensors", weights("acme"));
  lay(folder, ".outweigh-quarantine/x", "");
  chmodSync(join(folder, ".outweigh-quarantine"), 0o777);
  const { give } = aDesk(t);
  const it = await give("o1", { verb: "quarantine-file", path, sha256: digestOf(path) });
  assert.match(it?.message ?? "", /not ours alone/);
  assert.ok(existsSync(path));
  renameSync(path, `${path}.kept`);
});
