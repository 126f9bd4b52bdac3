import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { sql } from "kysely";
import { aDatabaseUrl } from "../testing/engines.ts";
import { aFolder } from "../testing/a-server.ts";
import { openState } from "./state/state.ts";
import { loadWatchList, storeWatchList } from "./watch.ts";

/** The tables as they were while models alone were watched, and what was stored then. */
const before = `
alter table incident drop column raised_by;
alter table watch drop constraint watch_pkey;
alter table watch drop column kind;
alter table watch rename column name to model;
alter table watch add primary key (model, incident);
delete from kysely_migration where name = '014-watched';
insert into incident (id, title, severity, reason, principals, models, alerts, first_at, last_at, status, created_at, updated_at)
  values ('i1', 't', 4, 'r', '{eve,kim}', '{acme-13b,acme-7b}', '{a}', 1, 2, 'closed', 1, 2);
insert into watch (model, incident, from_at, until_at) values ('acme-13b', 'i1', 10, 90), ('acme-7b', 'i1', 10, 100);
`;

test("a database of a version that watched models alone goes on with its models, and with the principals of their thefts", async (t) => {
  const folder = aFolder("watch-list");
  const [path, url] = [join(folder.path, "state"), await aDatabaseUrl()];
  const old = await openState(path, url);
  await sql.raw(before).execute(old.db);
  await old.close();
  const state = await openState(path, url);
  t.after(async () => {
    await state.close();
    folder.remove();
  });
  const list = await loadWatchList(state.db);
  const shown = [...list.values()].map(({ kind, name, thefts }) => `${kind} ${name} until ${thefts[0]?.until}`);
  assert.deepEqual(shown.sort(), [
    "model acme-13b until 90",
    "model acme-7b until 100",
    "principal eve until 100",
    "principal kim until 100",
  ]);
  await state.db.transaction().execute((tx) => storeWatchList(tx, list));
  assert.deepEqual(await loadWatchList(state.db), list);
  const thefts = [{ incident: "i1", from: 1, until: 9 }];
  const alike = ["gpu\0", "gpu\u2400"].map((name) => ({ kind: "host" as const, name, thefts }));
  await state.db.transaction().execute((tx) => storeWatchList(tx, new Map(alike.map((it) => [it.name, it]))));
  assert.deepEqual([...(await loadWatchList(state.db)).keys()], ["host gpu\u2400"], "one that can be stored");
});
