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

/** An alert of one batch, in which these events came. */
function aBatch(events: readonly OcsfEvent[], listed: readonly string[]) {
  const it: Alert = alert.parse({
    id: "x",
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
  return { alerts: new Map([["x", it]]), event: (id: string) => events.find((one) => one.id === id) };
}

test("an alert's events are counted in the batch that brings them, and those of earlier batches are looked up once", async () => {
  await insertEvents(engine, [event("early", "signed"), event("none")], at);
  const first = aBatch([event("own", "plain")], ["early", "none", "own", "not-kept"]);
  const counted = await gradesOfAlerts(first, state.db, engine);
  assert.deepEqual(counted.get("x"), { signed: 1, authenticated: 0, plain: 1, ungraded: 1 });
  await state.db.transaction().execute((tx) => storeAlerts(tx, [...first.alerts.values()], counted));

  const more = aBatch([event("own-2", "plain")], ["early", "none", "own", "not-kept", "own-2"]);
  const then = await gradesOfAlerts(more, state.db, engine);
  assert.deepEqual(then.get("x"), { signed: 1, authenticated: 0, plain: 2, ungraded: 1 });
});

test("what cannot be told is left out: too many to look up, or an engine that does not answer", async () => {
  const many = Array.from({ length: 5001 }, (_, i) => `e-${i}`);
  const flood = aBatch([], many.slice(0, 200));
  const others = many
    .slice(200)
    .map((id, i): [string, Alert] => [`x-${i}`, { ...alertOf(flood), id: `x-${i}`, events: [id] }]);
  const all = { ...flood, alerts: new Map([...flood.alerts, ...others]) };
  assert.equal((await gradesOfAlerts(all, state.db, engine)).size, 0);
  const away = new Proxy(engine, { get: (of, name) => (name === "hunter" ? undefined : Reflect.get(of, name)) });
  const own = aBatch([event("own-3", "signed")], ["own-3"]);
  assert.equal((await gradesOfAlerts(aBatch([], ["another"]), state.db, away)).size, 0);
  assert.deepEqual(
    (await gradesOfAlerts(own, state.db, away)).get("x")?.signed,
    2,
    "what the batch brings needs no engine",
  );
});

const alertOf = ({ alerts }: { readonly alerts: ReadonlyMap<string, Alert> }): Alert =>
  alerts.get("x") ?? assert.fail("no alert");
