import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { Agents } from "./auth/agents.ts";
import { orderKey } from "./auth/tokens.ts";
import { Changes } from "./changes.ts";
import { EvidenceLog } from "./evidence/log.ts";
import { ScanClock } from "./scan-clock.ts";
import { addAgent, finishOrder, ordersOf } from "./store/agents.ts";
import { listEvidence } from "./store/evidence.ts";
import { addRun, runsOf, schedules, setSchedule } from "./store/scan-runs.ts";
import { openStore, type Store } from "./store/store.ts";
import { aFolder } from "./testing/a-server.ts";
import { enginesOf } from "./testing/engines.ts";

const folder = aFolder("scan-clock");
const log = pino({ level: "silent" });
const hourMs = 3_600_000;
let store: Store;

before(async () => {
  store = await openStore({ folder: folder.path, env: { ...(await enginesOf(folder.path)) }, log });
});
after(async () => {
  await store.close();
  folder.remove();
});

test("a host is asked when its scan is due, once until it has answered, and that it was asked is on record", async () => {
  const { db } = store.state;
  const evidence = await EvidenceLog.open(db, folder.path);
  const host = { name: "gpu-1", system: "Debian", kernel: "6.1", arch: "x64", version: "0", user: "root" };
  const stored = { id: "a-1", host, publicKey: "k", enrolledAt: 1, enrolledBy: "ann" };
  await db.transaction().execute((tx) => addAgent(tx, stored));
  const agents = await Agents.open(db, await orderKey(folder.path));
  let at = 1_800_000_000_000;
  const clock = new ScanClock({ db, agents, evidence, changes: new Changes(), log, now: () => at });
  const schedule = { everyHours: 24, by: "lea", at, nextAt: at + 24 * hourMs };
  await db.transaction().execute((tx) => setSchedule(tx, "a-1", schedule));
  const asked = async () => (await ordersOf(db, "a-1", 50)).length;

  await clock.look();
  assert.equal(await asked(), 0, "it is not due");
  at += 24 * hourMs;
  await clock.look();
  await clock.look();
  const [order] = await ordersOf(db, "a-1", 50);
  assert.deepEqual([await asked(), order?.by, order?.order.verb], [1, "lea", "scan"]);
  const [due] = await schedules(db);
  assert.equal(due?.nextAt, at + 24 * hourMs);
  const { items } = await listEvidence(db, { filter: "", limit: 10, now: at });
  assert.match(JSON.stringify(items), /asked gpu-1 for a scan, as lea set it: every 24 h/);

  // Due again while the first one waits: then it waits for the next time.
  at += 23 * hourMs;
  await db.transaction().execute((tx) => setSchedule(tx, "a-1", { ...schedule, nextAt: at }));
  await clock.look();
  assert.equal(await asked(), 1);
  await db.transaction().execute((tx) => finishOrder(tx, { id: order?.id ?? "", agent: "a-1", at, state: "done" }));
  at += 24 * hourMs;
  await clock.look();
  assert.equal(await asked(), 2);
  await db.transaction().execute((tx) => setSchedule(tx, "a-1", undefined));
  at += 1000 * hourMs;
  await clock.look();
  assert.equal(await asked(), 2);
});

test("of a host's scans, a year's worth is remembered", async () => {
  const { db } = store.state;
  const iso = new Date(0).toISOString();
  const counts = { filesSeen: 0, bytesRead: 0, models: [], listeners: [], paths: [], notSeen: [] };
  const report = { version: "0", startedAt: iso, finishedAt: iso, roots: ["/"], ...counts };
  await db.transaction().execute(async (tx) => {
    for (let at = 1; at <= 60; at++) await addRun(tx, { host: "h", at, report, known: at === 1 ? undefined : report });
  });
  const runs = await runsOf(db, "h");
  assert.deepEqual([runs.length, runs[0]?.at, runs.at(-1)?.at], [52, 60, 9]);
  assert.equal(runs[0]?.change?.newCopies.total, 0);
});
