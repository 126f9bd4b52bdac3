// One act over several connections: each driver knows one kind of system.
import type { ActionVerb } from "@outweigh/schema";
import { z } from "zod";
import type { Act } from "../action.ts";
import { ServerError } from "../../error.ts";
import { refusal } from "../outside.ts";

/** Does one verb by one connection. */
export interface Driver extends Omit<Act, "verb" | "outside"> {
  /** The connection's name. Its plans and records hold it too, as `connection`. */
  readonly connection: string;
  /** Whether it is the one for a target. */
  covers(target: string): boolean;
}

const named = z.object({ connection: z.string() });

/** The act that a verb's drivers make together. The configuration lets one connection alone cover a target. */
export function actOf(verb: ActionVerb, drivers: readonly Driver[], titleOf: (target: string) => string): Act {
  const driverOf = (record: object): Driver => {
    const { connection } = named.parse(record);
    const found = drivers.find((it) => it.connection === connection);
    if (!found) throw refusal(`outweigh.yml names no connection ${connection} any more`);
    return found;
  };
  return {
    verb,
    outside: true,
    async preview(target, incident, terms) {
      const driver = drivers.find((it) => it.covers(target));
      const title = titleOf(target);
      if (!driver) return { ok: false, title, refused: "outweigh.yml names no connection for it" };
      try {
        return await driver.preview(target, incident, terms);
      } catch (error) {
        if (error instanceof ServerError) return { ok: false, title, refused: error.message };
        throw error;
      }
    },
    apply: async (plan, agreed) => driverOf(plan).apply(plan, agreed),
    verify: async (record) => driverOf(record).verify(record),
    undo: async (record, by) => driverOf(record).undo(record, by),
  };
}
