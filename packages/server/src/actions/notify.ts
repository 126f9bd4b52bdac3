// Tells somebody outside of an incident, by a connection that the configuration names. No other address is ever contacted.
import { isTelling, type Connection } from "@outweigh/schema";
import { z } from "zod";
import type { Env } from "../env.ts";
import { incidentById } from "../store/incidents.ts";
import type { Db } from "../store/state/state.ts";
import { done, notDone, type Act } from "./action.ts";
import { hostOf, unsetOf } from "./connections.ts";
import { tell } from "./drivers/tell.ts";
import { incidentFacts, incidentMessage } from "./message.ts";
import { refusal } from "./outside.ts";

const plan = z.object({ connection: z.string(), incident: z.string() });
const record = plan.extend({ said: z.string() });

interface NotifyOptions {
  readonly db: Db;
  readonly connections: readonly Connection[];
  /** Where browsers reach the console. */
  readonly publicUrl: string | undefined;
  readonly env: Env;
}

export function notify({ db, connections, publicUrl, env }: NotifyOptions): Act {
  const telling = connections.filter(isTelling);
  return {
    verb: "notify",

    async preview(target, incident) {
      const title = `Notify ${target}`;
      const connection = telling.find((it) => it.name === target);
      if (!connection) return { ok: false, title, refused: "outweigh.yml names no connection that tells somebody so" };
      const row = incident === undefined ? undefined : await incidentById(db, incident);
      if (!row) return { ok: false, title, refused: "there is nothing to tell: it needs an incident" };
      const [unset] = unsetOf(connection, env);
      if (unset !== undefined) return { ok: false, title, refused: `the environment has no ${unset}` };
      const what = "number, title, reason, severity, principals, models and times";
      const whom =
        connection.kind === "mail" ? `${connection.to.join(", ")}, by ${connection.host}` : hostOf(connection, env);
      return {
        ok: true,
        plan: {
          title: `Notify ${target} of INC-${row.number}`,
          effects: [
            `Of INC-${row.number}, ${what} go to ${whom}`,
            publicUrl === undefined
              ? "It holds no link: server.url does not say where the console is"
              : "It links to the incident",
            "It cannot be taken back: whoever received it has it",
          ],
          undoable: false,
          plan: { connection: target, incident: row.id },
        },
      };
    },

    async apply(agreed, { action }) {
      const it = plan.parse(agreed);
      const connection = telling.find(({ name }) => name === it.connection);
      const row = await incidentById(db, it.incident);
      if (!connection || !row) throw refusal("the connection or the incident is gone");
      const message = incidentMessage(incidentFacts(row, publicUrl));
      return { ...it, said: await tell(connection, message, { env, id: action }) };
    },

    async verify(it) {
      const read = record.safeParse(it);
      return read.success ? done(read.data.said) : notDone("nobody confirmed that it was taken");
    },

    async undo() {
      throw refusal("a message cannot be taken back");
    },
  };
}
