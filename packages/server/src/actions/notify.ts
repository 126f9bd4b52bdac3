// Tells somebody outside, by a webhook that the configuration names. No other address is ever contacted.
import type { IncidentRow, WebhookEntry } from "@outweigh/schema";
import { z } from "zod";
import { ServerError } from "../error.ts";
import { incidentById } from "../store/incidents.ts";
import type { Db } from "../store/state/state.ts";
import type { Act } from "./action.ts";

/** How long the other side may take, in ms. */
const answerMs = 10_000;
/** How much of its answer is read, in bytes: only whether there is one matters. */
const maxAnswerBytes = 64 * 1024;

const plan = z.object({ webhook: z.string(), incident: z.string() });
const record = plan.extend({ status: z.int() });

export interface NotifyOptions {
  readonly db: Db;
  readonly webhooks: readonly WebhookEntry[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function notify({ db, webhooks, env }: NotifyOptions): Act {
  return {
    verb: "notify",

    async preview(target, incident) {
      const title = `Notify ${target}`;
      const hook = webhooks.find((it) => it.name === target);
      if (!hook) return { ok: false, title, refused: "outweigh.yml names no such webhook" };
      const row = incident === undefined ? undefined : await incidentById(db, incident);
      if (!row) return { ok: false, title, refused: "there is nothing to tell: it needs an incident" };
      const missing = missingToken(hook, env);
      if (missing !== undefined) return { ok: false, title, refused: missing };
      const effects = [
        `Number, title, reason, severity, principals, models and times of INC-${row.number} go to ${new URL(hook.url).host}`,
        "It cannot be taken back: whoever received it has it",
      ];
      return {
        ok: true,
        plan: {
          title: `Notify ${target} of INC-${row.number}`,
          effects,
          undoable: false,
          plan: { webhook: target, incident: row.id },
        },
      };
    },

    async apply(agreed) {
      const { webhook, incident } = plan.parse(agreed);
      const hook = webhooks.find((it) => it.name === webhook);
      const row = await incidentById(db, incident);
      if (!hook || !row) throw new ServerError("ACTION_REFUSED", "the webhook or the incident is gone");
      return { webhook, incident, status: await send(hook, row, env) };
    },

    async verify(done) {
      const { status } = record.parse(done);
      return status >= 200 && status < 300 ? undefined : `the webhook answered ${status}`;
    },

    async undo() {
      throw new ServerError("ACTION_REFUSED", "a message cannot be taken back");
    },
  };
}

function missingToken({ token }: WebhookEntry, env: NotifyOptions["env"]): string | undefined {
  const name = token?.slice(2, -1);
  return name !== undefined && !env[name] ? `the environment has no ${name}` : undefined;
}

async function send(hook: WebhookEntry, incident: IncidentRow, env: NotifyOptions["env"]): Promise<number> {
  const token = hook.token === undefined ? undefined : env[hook.token.slice(2, -1)];
  const { id, number, title, reason, severity, status, principals, models, firstAt, lastAt } = incident;
  const body = { id, number: `INC-${number}`, title, reason, severity, status, principals, models };
  try {
    const answer = await fetch(hook.url, {
      method: "POST",
      // To the address that was configured, or nowhere.
      redirect: "error",
      signal: AbortSignal.timeout(answerMs),
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify({
        ...body,
        firstAt: new Date(firstAt).toISOString(),
        lastAt: new Date(lastAt).toISOString(),
      }),
    });
    await readBounded(answer);
    return answer.status;
  } catch (cause) {
    // Not the cause's text: it may quote the address with whatever secret stands in it.
    throw new ServerError("ACTION_REFUSED", `the webhook ${hook.name} was not reached, or answered with a redirect`, {
      cause,
    });
  }
}

async function readBounded({ body }: Response): Promise<void> {
  let read = 0;
  for await (const chunk of body ?? []) {
    read += chunk.length;
    if (read > maxAnswerBytes) return;
  }
}
