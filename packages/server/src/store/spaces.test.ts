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
import { watchedNow } from "../api/watch.ts";
import { openState, type State } from "./state/state.ts";
import { storeWatchList } from "./watch.ts";

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

test("who sees one of two thefts is told of the other neither its incident nor its time; who sees none, of no watch but a model's", async () => {
  await stored("ours", ["a"], ["a"]);
  await stored("theirs", ["b"], ["b"]);
  const thefts = [
    { incident: "ours", from: 10, until: 90 },
    { incident: "theirs", from: 5, until: 200 },
  ];
  const watched = [
    { kind: "principal" as const, name: "eve", thefts },
    { kind: "model" as const, name: "a", thefts },
  ];
  await state.db
    .transaction()
    .execute((tx) => storeWatchList(tx, new Map(watched.map((it) => [`${it.kind} ${it.name}`, it]))));
  const told = async (...models: string[]) => {
    const all = await watchedNow({ db: state.db, now: () => 50 }, models.length === 0 ? undefined : new Set(models));
    return all.map((it) => `${it.name} for ${it.thefts.length}, ${it.from} to ${it.until}`).toSorted();
  };
  assert.deepEqual(await told(), ["a for 2, 5 to 200", "eve for 2, 5 to 200"]);
  assert.deepEqual(await told("a"), ["a for 1, 5 to 200", "eve for 1, 10 to 90"]);
  assert.deepEqual(await told("b"), ["eve for 1, 5 to 200"]);
  assert.deepEqual(await told("c"), []);
});

test("of a rule, alerts of confirmed thefts are found however old they are", async () => {
  const found = async () =>
    (await alertsOfRules(state.db, ["r"], { from: 1000, limit: 10 })).alerts.map((it) => it.incident);
  await stored("theft", ["c"], ["c"]);
  assert.deepEqual(await found(), []);
  await state.db.updateTable("incident").set({ verdict: "true-positive" }).where("id", "=", "theft").execute();
  assert.deepEqual(await found(), ["theft"]);
});
