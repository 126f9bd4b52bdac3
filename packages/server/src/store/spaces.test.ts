// Whose incidents they are, however many models these name; and which alerts an exception is tried on.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { alert, incident } from "@outweigh/schema";
import { aFolder } from "../testing/a-server.ts";
import { aDatabaseUrl } from "../testing/engines.ts";
import { alertsOfRules, linkAlerts, storeAlerts } from "./alerts.ts";
import { countIncidents, listIncidents, storeIncidents } from "./incidents.ts";
import { modelsOfIncident } from "./spaces.ts";
import { openState, type State } from "./state/state.ts";

const folder = aFolder("spaces");
let state: State;

before(async () => {
  state = await openState(join(folder.path, "state"), await aDatabaseUrl());
});
after(async () => {
  await state.close();
  folder.remove();
});

const common = { severity: "high" as const, title: "Weights read", firstAt: 1, lastAt: 2 };

/** An incident that lists some of its models, as the line does of very many. */
async function stored(id: string, listed: readonly string[], models: readonly string[]): Promise<void> {
  const alerts = models.map((model) =>
    alert.parse({
      ...common,
      id: `${id} ${model}`,
      rule: "r",
      summary: "s",
      model,
      events: ["e"],
      count: 1,
      techniques: ["AML.T0025"],
      playbook: "weights-read",
    }),
  );
  const it = incident.parse({
    ...common,
    id,
    reason: "r",
    principals: [],
    models: [...listed],
    alerts: alerts.map((one) => one.id),
  });
  await state.db.transaction().execute(async (tx) => {
    await storeAlerts(tx, alerts);
    await storeIncidents(tx, [it], 1);
    await linkAlerts(tx, id, it.alerts);
  });
}

test("an incident is within reach if all models of its alerts are, listed or not, merged into it or not", async () => {
  await stored("mine", ["a"], ["a", "b"]);
  await stored("not-listed", ["a"], ["a", "b", "secret"]);
  await stored("took-in", ["a"], ["a"]);
  await stored("part", ["b"], ["b", "secret"]);
  await state.db.updateTable("incident").set({ merged_into: "took-in" }).where("id", "=", "part").execute();
  const reach = new Set(["a", "b"]);
  const query = { filter: "", limit: 10, now: 1 };
  const ids = async (of?: ReadonlySet<string>) =>
    (await listIncidents(state.db, { ...query, ...(of && { reach: of }) })).items.map((it) => it.id).toSorted();
  assert.deepEqual(await ids(), ["mine", "not-listed", "took-in"]);
  assert.deepEqual(await ids(reach), ["mine"]);
  assert.equal(await countIncidents(state.db, "", 1, reach), 1);
  assert.deepEqual((await modelsOfIncident(state.db, "not-listed")).toSorted(), ["a", "b", "secret"]);
  assert.deepEqual((await modelsOfIncident(state.db, "took-in")).toSorted(), ["a", "b", "secret"]);
  assert.deepEqual(await modelsOfIncident(state.db, "nobody's"), []);
});

test("of a rule, alerts of confirmed thefts are found however old they are", async () => {
  const found = async () =>
    (await alertsOfRules(state.db, ["r"], { from: 1000, limit: 10 })).alerts.map((it) => it.incident);
  await stored("theft", ["c"], ["c"]);
  assert.deepEqual(await found(), []);
  await state.db.updateTable("incident").set({ verdict: "true-positive" }).where("id", "=", "theft").execute();
  assert.deepEqual(await found(), ["theft"]);
});
