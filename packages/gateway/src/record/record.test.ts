import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { verifyChain, verifyCheckpoint, genesis, type Entry } from "@outweigh/evidence";
import type { GatewayRecord } from "@outweigh/schema";
import { GatewayError } from "../error.ts";
import { BlindBook, type BlindInterval } from "./blind.ts";
import { Denials } from "./denials.ts";
import { Journal } from "./journal.ts";
import { Outbox } from "./outbox.ts";

function aFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "outweigh-record-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const lines = (folder: string, name: string) =>
  readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((it) => it !== "");
const aRecord = (n: number): GatewayRecord => ({
  kind: "blind",
  id: `record-${n}-xx`,
  time: n,
  gateway: "gateway/1",
  from: 0,
  to: 1,
  cause: "c",
  dropped: 0,
  principals: 0,
});

test("the journal is a chain under signed checkpoints, and goes on after a restart", (t) => {
  const folder = aFolder(t);
  for (const text of ["first", "second"]) {
    const journal = new Journal(folder);
    journal.add({ kind: "blind-interval", by: "gateway", text, fields: { dropped: 3 } }, 1000);
    journal.close();
  }
  const entries: Entry[] = lines(folder, "evidence.ndjson").map((it) => JSON.parse(it));
  const origin = readFileSync(join(folder, "gateway.id"), "utf8").trim();
  assert.equal(verifyChain(entries, genesis(origin)).problem, undefined);
  assert.ok(lines(folder, "checkpoints.ndjson").every((it) => verifyCheckpoint(JSON.parse(it))));
});

test("a line that was being written when the machine stopped never was; a changed one is refused", (t) => {
  const folder = aFolder(t);
  const journal = new Journal(folder);
  journal.add({ kind: "gateway-started", by: "gateway", text: "a" }, 1000);
  journal.close();
  appendFileSync(join(folder, "evidence.ndjson"), '{"seq":1,"ti');
  assert.equal(new Journal(folder).head.size, 1);
  writeFileSync(
    join(folder, "evidence.ndjson"),
    readFileSync(join(folder, "evidence.ndjson"), "utf8").replace('"a"', '"b"'),
  );
  assert.throws(
    () => new Journal(folder),
    (error) => error instanceof GatewayError && error.code === "BAD_STATE",
  );
});

test("drops close together are one interval; an interval that is held ends when it is said to", () => {
  const told: BlindInterval[] = [];
  const book = new BlindBook((it) => told.push(it));
  book.drop("ring-full", "alice", 1000);
  book.drop("ring-full", "bob", 1500);
  book.begin("detector-away", 1200);
  book.settle(2000);
  assert.equal(told.length, 0);
  assert.ok(book.isBlind);
  book.settle(3000);
  book.end("detector-away", 4000);
  assert.deepEqual(told, [
    { from: 1000, to: 1500, cause: "ring-full", dropped: 2, principals: 2 },
    { from: 1200, to: 4000, cause: "detector-away", dropped: 0, principals: 0 },
  ]);
  assert.ok(!book.isBlind);
});

test("a flood of one kind of denial is one record with a count", () => {
  const denials = new Denials();
  const note = {
    principal: "a",
    credential: "key-1",
    model: undefined,
    address: "::1",
    agent: "x",
    code: "GRAVE_ROUTE",
    route: "POST /api/push",
  };
  for (let i = 0; i < 500; i++) denials.add(note, 1000 + i);
  const [record, ...others] = denials.take("gateway/1");
  assert.ok(record?.kind === "denied" && record.count === 500 && others.length === 0);
  assert.deepEqual(denials.take("gateway/1"), []);
});

test("one client's denials of many models and routes are counted in few lines, and keep nobody else's from being told", () => {
  const denials = new Denials();
  const note = { credential: "key-1", address: "::1", agent: "x", code: "GRAVE_ROUTE", route: "POST /api/push" };
  for (let i = 0; i < 20_000; i++) denials.add({ ...note, principal: "mallory", model: `invented ${i}` }, 1000 + i);
  denials.add({ ...note, principal: "bob", model: "m" }, 30_000);
  const told = denials.take("gateway/1").flatMap((it) => (it.kind === "denied" ? [it] : []));
  const of = (principal: string) => told.filter((it) => it.principal === principal);
  assert.deepEqual([of("mallory").length, of("bob").length], [51, 1]);
  assert.equal(
    of("mallory").reduce((sum, it) => sum + it.count, 0),
    20_000,
  );
  assert.deepEqual([of("mallory").at(-1)?.route, of("mallory").at(-1)?.model], ["several", undefined]);
});

/** What a server would take until nothing waits. */
async function drained(outbox: Outbox): Promise<{ ids: string[]; names: string[] }> {
  const ids: string[] = [];
  const names: string[] = [];
  for (let it = await outbox.next(); it; it = await outbox.next()) {
    ids.push(...it.records.map(({ id }) => id));
    names.push(it.name);
    await outbox.taken(it);
  }
  return { ids, names };
}

test("records wait on disk while the server is away, survive a restart, and are sent once, in order", async (t) => {
  const folder = aFolder(t);
  const first = new Outbox(folder, "gateway/1");
  await first.start();
  first.add(aRecord(1));
  first.add(aRecord(2));
  await first.close();
  assert.ok(first.state.waitingBytes > 0);

  const second = new Outbox(folder, "gateway/1");
  await second.start();
  second.add(aRecord(3));
  assert.deepEqual((await drained(second)).ids, ["record-1-xx", "record-2-xx", "record-3-xx"]);
  await second.close();
  assert.equal(second.state.waitingBytes, 0);
});

test("the same batch has the same name, so that a server counts what is sent again once", async (t) => {
  const outbox = new Outbox(aFolder(t), "gateway/1");
  await outbox.start();
  outbox.add(aRecord(1));
  const once = await outbox.next();
  outbox.add(aRecord(2));
  assert.equal((await outbox.next())?.records.length, 2, "what came meanwhile goes along");
  const other = new Outbox(aFolder(t), "gateway/1");
  await other.start();
  other.add(aRecord(1));
  assert.equal((await other.next())?.name, once?.name);
  await Promise.all([outbox.close(), other.close()]);
});

test("a record longer than a batch keeps nothing behind it back", async (t) => {
  const outbox = new Outbox(aFolder(t), "gateway/1");
  await outbox.start();
  const long = Object.assign(aRecord(1), { group: Array.from({ length: 1000 }, (_, i) => `${i}`.padEnd(256, "x")) });
  outbox.add(long);
  outbox.add(aRecord(2));
  const { ids } = await drained(outbox);
  await outbox.close();
  assert.deepEqual(ids, ["record-1-xx", "record-2-xx"]);
});

test("a record that no server would take is lost, and counted, and keeps nothing behind it back", async (t) => {
  const folder = aFolder(t);
  const unfit: GatewayRecord = {
    ...aRecord(1),
    kind: "order",
    principal: "",
    verb: "suspend",
    what: "applied",
    by: "",
    reason: "",
    until: 1,
  };
  // An earlier version wrote one.
  writeFileSync(join(folder, "spool.ndjson"), `${JSON.stringify(unfit)}\n`);
  const outbox = new Outbox(folder, "gateway/1");
  await outbox.start();
  outbox.add(unfit);
  outbox.add(aRecord(2));
  assert.equal(outbox.state.lost, 1);
  assert.deepEqual((await drained(outbox)).ids, ["record-2-xx"]);
  await outbox.close();
});
