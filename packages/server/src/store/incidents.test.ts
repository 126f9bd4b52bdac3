// What becomes of an incident that was closed when the line has more to say of it.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { incident, type Incident, type Verdict } from "@outweigh/schema";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { setStatus, storeIncidents } from "./incidents.ts";
import { openState, type State } from "./state/state.ts";

const folder = aFolder("incidents");
let state: State;

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
});
after(async () => {
  await state.close();
  folder.remove();
});

const closedAt = 1_000;
let count = 0;

/** An incident is closed with a verdict, at `closedAt`; then the line says this of it. @returns What became of it. */
async function became(verdict: Verdict, over: Partial<Incident>) {
  const id = `incident ${++count}`;
  const story = { id, title: "t", reason: "r", severity: "high" as const, alerts: ["a"], principals: [], models: [] };
  const first = incident.parse({ ...story, firstAt: 1, lastAt: 2 });
  const store = (it: Incident) => state.db.transaction().execute((tx) => storeIncidents(tx, [it], 2_000));
  await store(first);
  await state.db.transaction().execute((tx) => setStatus(tx, id, { status: "closed", verdict }, closedAt));
  const [stored] = await store({ ...first, ...over });
  const [again] = await store({ ...first, ...over });
  return [stored?.change, again?.change];
}

test("a theft that goes on after it was closed is open again, once; records of before that come late change nothing", async () => {
  assert.deepEqual(await became("true-positive", { lastAt: closedAt + 1 }), ["reopened", "same"]);
  assert.deepEqual(await became("true-positive", { lastAt: closedAt }), ["same", "same"]);
});

test("what was judged to be no theft may go on, and opens again when it gets worse or another alert joins", async () => {
  for (const verdict of ["false-positive", "benign", "test", "duplicate"] as const) {
    assert.deepEqual(await became(verdict, { lastAt: closedAt + 1 }), ["same", "same"]);
    assert.deepEqual(await became(verdict, { severity: "critical" }), ["reopened", "same"]);
    assert.deepEqual(await became(verdict, { alerts: ["a", "b"] }), ["reopened", "same"]);
  }
});
