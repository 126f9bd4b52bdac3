import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert, Grade, OcsfEvent } from "@outweigh/schema";
import { inDoubt } from "./answer.ts";
import { AlertRests } from "./alert-rests.ts";

const event = (id: string, grade?: Grade) => ({ id, ...(grade && { grade }) }) as OcsfEvent;
const alert = (id: string, ...events: string[]) => ({ id, events }) as Alert;
const none = { signed: 0, authenticated: 0, plain: 0, ungraded: 0 };

test("an alert's events are counted once, with those that join it later", () => {
  const rests = new AlertRests();
  rests.take({ events: [event("a", "plain")], alerts: [alert("x", "a")] });
  rests.take({ events: [event("b", "signed")], alerts: [alert("x", "a", "b"), alert("y", "a")] });
  const alertRests = rests.counted();
  assert.deepEqual(alertRests.get("x"), { ...none, signed: 1, plain: 1 });
  assert.deepEqual(inDoubt(["x", "y"], { alertRests }), {});
  assert.match(inDoubt(["y"], { alertRests }).doubt ?? "", /^It rests on plain events alone/);
});

test("of events that were forgotten it is not known what they were, unless all were the same", () => {
  const rests = new AlertRests(2);
  for (const id of ["a", "b", "c"]) rests.take({ events: [event(id, "plain")], alerts: [] });
  rests.take({ events: [], alerts: [alert("x", "a", "c")] });
  assert.deepEqual(rests.counted().get("x"), { ...none, plain: 2 });
  rests.take({ events: [event("d", "signed")], alerts: [] });
  const alertRests = rests.counted();
  assert.equal(alertRests.get("x"), undefined);
  assert.match(inDoubt(["x"], { alertRests }).doubt ?? "", /were not counted/);
});
