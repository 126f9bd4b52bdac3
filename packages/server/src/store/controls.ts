// What controls answered over time, in each space: a row for each change of state.
import type { ControlRow } from "@outweigh/schema";
import { storable } from "./text.ts";
import type { Db } from "./state/state.ts";

/** Longest time that is told of a control, in changes of its state. */
const maxHistory = 50;
/** Longest reason that is kept, in UTF-16 units. */
const maxWhy = 1000;

type ControlHistory = ReadonlyMap<string, ControlRow["history"]>;

/** The name under which history of all models is kept. */
export const everywhere = "";

/** The states of each control in a space, the newest first. */
export async function controlHistory(db: Db, space: string): Promise<ControlHistory> {
  const rows = await db
    .selectFrom("control_state")
    .select(["name", "at", "state"])
    .where("space", "=", space)
    .orderBy("at", "desc")
    .limit(20_000)
    .execute();
  const found = new Map<string, ControlRow["history"]>();
  for (const { name, at, state } of rows) {
    const known = found.get(name) ?? [];
    if (known.length < maxHistory) known.push({ at, state });
    found.set(name, known);
  }
  return found;
}

/** Notes states that differ from the last ones. */
export async function noteControls(
  db: Db,
  space: string,
  changed: readonly Pick<ControlRow, "name" | "state" | "why">[],
  at: number,
): Promise<void> {
  if (changed.length === 0) return;
  const rows = changed.map(({ name, state, why }) => ({ space, name, at, state, why: storable(why.slice(0, maxWhy)) }));
  await db
    .insertInto("control_state")
    .values(rows)
    .onConflict((it) => it.columns(["space", "name", "at"]).doNothing())
    .execute();
}
