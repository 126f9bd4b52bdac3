import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { alert, type Alert, type Grade, type OcsfEvent } from "@outweigh/schema";
import { storeAlerts } from "../store/alerts.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import { prepareEvents } from "../store/event-tables.ts";
import { insertEvents } from "../store/events.ts";
import { openState, type State } from "../store/state/state.ts";
import { aFolder } from "../testing/a-server.ts";
import { anEvent } from "../testing/an-event.ts";
import { aDatabaseUrl, anEngine } from "../testing/engines.ts";
import { gradesOfAlerts } from "./alert-grades.ts";

const folder = aFolder("alert-grades");
const at = Date.UTC(2026, 10, 26);
let state: State;
let engine: EventEngine;

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
  engine = await anEngine(folder.path);
  await prepareEvents(engine);
});
after(async () => {
  await engine.close();
  await state.close();
  folder.remove();
});

const event = (id: string, grade?: Grade): OcsfEvent => anEvent(id, { time: at, ...(grade && { grade }) });

const anAlert = (id: string, listed: readonly string[]): Alert =>
  alert.parse({
    id,
    rule: "r",
    title: "t",
    summary: "s",
    severity: "high",
    firstAt: at,
    lastAt: at,
    events: listed,
    count: listed.length,
    techniques: [],
    playbook: "p",
  });

/** One batch, in which these events and alerts came. */
const aBatch = (events: readonly OcsfEvent[], ...alerts: readonly Alert[]) => ({
  alerts: new Map(alerts.map((it) => [it.id, it])),
  event: (id: string) => events.find((it) => it.id === id),
});

test("an alert's events are counted in the batch that brings them, and those of earlier batches are looked up once", async () => {
  await insertEvents(engine, [event("early", "signed"), event("none")], at);
  const first = aBatch([event("own", "plain")], anAlert("x", ["early", "none", "own", "not-kept"]));
  const counted = await gradesOfAlerts(first, state.db, engine);
  assert.deepEqual(counted.get("x"), { signed: 1, authenticated: 0, plain: 1, ungraded: 1 });
  await state.db.transaction().execute((tx) => storeAlerts(tx, [...first.alerts.values()], counted));

  const more = aBatch([event("own-2", "plain")], anAlert("x", ["early", "none", "own", "not-kept", "own-2"]));
  const then = await gradesOfAlerts(more, state.db, engine);
  assert.deepEqual(then.get("x"), { signed: 1, authenticated: 0, plain: 2, ungraded: 1 });
});

test("what cannot be told is left out: too many to look up, or an engine that does not answer", async () => {
  const flood = Array.from({ length: 5001 }, (_, i) => anAlert(`flood-${i}`, [`e-${i}`]));
  assert.equal((await gradesOfAlerts(aBatch([], ...flood), state.db, engine)).size, 0);
  let asked = 0;
  const away = new Proxy(engine, {
    get: (of, name) => (name === "hunter" ? void asked++ : Reflect.get(of, name)),
  });
  for (const id of ["y", "z"])
    assert.equal((await gradesOfAlerts(aBatch([], anAlert(id, ["another"])), state.db, away)).size, 0);
  assert.equal(asked, 1, "the batches behind it do not wait for it too");
  const own = aBatch([event("own", "signed")], anAlert("y", ["own"]));
  assert.equal(
    (await gradesOfAlerts(own, state.db, away)).get("y")?.signed,
    1,
    "what the batch brings needs no engine",
  );
});
