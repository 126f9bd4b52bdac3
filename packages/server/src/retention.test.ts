import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pino } from "pino";
import { EvidenceLog } from "./evidence/log.ts";
import { Retention } from "./retention.ts";
import { findEvents, insertEvents } from "./store/events.ts";
import { storeAlerts } from "./store/alerts.ts";
import { listEvidence } from "./store/evidence.ts";
import { openStore, type Store } from "./store/store.ts";
import { aFolder } from "./testing/a-server.ts";
import { anEvent } from "./testing/an-event.ts";
import { enginesOf } from "./testing/engines.ts";

const folder = aFolder("retention");
const log = pino({ level: "silent" });
const dayMs = 86_400_000;
const now = 1_800_000_000_000;
let store: Store;

before(async () => {
  store = await openStore({ folder: folder.path, env: { ...(await enginesOf(folder.path)) }, log });
});
after(async () => {
  await store.close();
  folder.remove();
});

const left = async () => {
  const { items } = await findEvents(store.engine, { filter: "", limit: 100, now });
  return items.map((it) => it.id).toSorted();
};

test("events go by the day they arrived, but for those that an alert or a person rests on, and that they went is on record", async () => {
  const { db } = store.state;
  const evidence = await EvidenceLog.open(db, join(folder.path));
  const options = { db, engine: store.engine, evidence, log, now: () => now };
  await insertEvents(store.engine, [anEvent("old"), anEvent("cited"), anEvent("pinned")], now - 31 * dayMs);
  await insertEvents(store.engine, [anEvent("late-to-come", { time: 5 })], now - 29 * dayMs);
  await db.transaction().execute(async (tx) => {
    await storeAlerts(tx, [
      {
        id: "a",
        rule: "r",
        title: "t",
        summary: "s",
        severity: "low",
        firstAt: 1,
        lastAt: 1,
        events: ["cited"],
        count: 1,
        matched: [],
        techniques: [],
        playbook: "p",
      },
    ]);
    await tx
      .insertInto("incident")
      .values({
        id: "i",
        title: "t",
        severity: 2,
        reason: "r",
        act: null,
        method: null,
        principals: [],
        models: [],
        alerts: ["a"],
        first_at: 1,
        last_at: 1,
        status: "new",
        verdict: null,
        assignee: null,
        created_at: 1,
        updated_at: 1,
      })
      .execute();
    await tx
      .insertInto("pin")
      .values({ incident: "i", event: "pinned", event_time: 1_000, by: "ana", at: 1, reason: "r" })
      .execute();
  });

  assert.equal(await new Retention({ ...options, keepDays: undefined }).run(), undefined);
  assert.equal((await left()).length, 4);
  assert.deepEqual(await new Retention({ ...options, keepDays: 30 }).run(), { events: 1, kept: 2 });
  assert.deepEqual(await left(), ["cited", "late-to-come", "pinned"]);
  assert.deepEqual(await new Retention({ ...options, keepDays: 30 }).run(), { events: 0, kept: 2 });
  const { items } = await listEvidence(db, { filter: "kind:events-deleted", limit: 10, now });
  assert.equal(items.length, 1);
});
