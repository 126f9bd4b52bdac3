// Lets one principal take one model out, for a time: agreed to by two people, told of while it holds, over by itself. It gives no access:
// whoever holds the weights does that. What it changes is what their reads mean here.
import { bytesText, spanText } from "@outweigh/pipeline";
import { maxPermitMs, permitTerms, type ActionTerms, type Config, type Permit } from "@outweigh/schema";
import { z } from "zod";
import type { Changes } from "../changes.ts";
import { tuningOf } from "../own-rules/tuning.ts";
import { actionById } from "../store/actions.ts";
import { endPermit, knownPermits, permitById, storePermit } from "../store/permits.ts";
import type { Db } from "../store/state/state.ts";
import type { Worker } from "../worker/worker.ts";
import { done, notDone, type Act, type Planned } from "./action.ts";

/** How long where nobody says, in ms: enough for a large model on a slow line. */
const usualMs = 2 * 3_600_000;

const plan = z.object({ model: z.string(), terms: permitTerms, forMs: z.int() });
const record = z.object({ permit: z.string() });

interface PermitOptions {
  readonly db: Db;
  readonly config: Config;
  readonly worker: Worker;
  readonly changes: Changes;
  now(): number;
}

export function permitAct(options: PermitOptions): Act {
  const { db, config, worker, changes, now } = options;

  async function tell(model: string, prepare: Parameters<Worker["decide"]>[0]): Promise<void> {
    await worker.decide(prepare);
    changes.tell("model", model);
    changes.tell("evidence");
  }

  return {
    verb: "permit",

    async preview(target, _, terms): Promise<Planned> {
      const read = permitTerms.safeParse(terms?.permit);
      if (!read.success) return { ok: false, title: `Let somebody take ${target} out`, refused: "say who may read it" };
      const forMs = terms?.forMs ?? usualMs;
      const title = `Let ${read.data.principal} take ${target} out for ${spanText(forMs)}`;
      const refused = whyNot(config, target, { forMs, principal: read.data.principal });
      if (refused !== undefined) return { ok: false, title, refused };
      return {
        ok: true,
        plan: {
          title,
          effects: effectsOf(config, target, terms, read.data),
          undoable: true,
          models: [target],
          lasts: forMs,
          plan: { model: target, terms: read.data, forMs },
        },
      };
    },

    async apply(agreed, { action, by, reason }) {
      const { model, terms, forMs } = plan.parse(agreed);
      const asked = await actionById(db, action);
      const from = now();
      const it: Permit = {
        id: action,
        model,
        principal: terms.principal,
        by: asked?.row.by ?? by,
        agreedBy: by,
        reason,
        from,
        until: from + forMs,
        ...(terms.address !== undefined && { address: terms.address }),
      };
      await tell(model, async () => ({
        told: { tuning: await tuningOf(db, config, { permits: [...(await knownPermits(db, from)), it] }), permit: it },
        decisions: [],
        store: (tx) => storePermit(tx, it),
      }));
      return { permit: action };
    },

    async verify(it) {
      const id = idIn(it);
      const found = id === undefined ? undefined : await permitById(db, id);
      if (!found) return notDone("no such permit is kept");
      return found.until > now() ? done("it holds, and what is read is told") : done("it is over");
    },

    async undo(it, by) {
      const id = idIn(it);
      const found = id === undefined ? undefined : await permitById(db, id);
      // Over by itself, or never given: nothing is left to take back.
      if (!found || found.until <= now()) return;
      const at = now();
      await tell(found.model, async () => {
        const others = (await knownPermits(db, at)).map((one) => (one.id === found.id ? { ...one, until: at } : one));
        return {
          told: { tuning: await tuningOf(db, config, { permits: others }) },
          decisions: [],
          store: (tx) => endPermit(tx, found.id, by, at),
        };
      });
    },
  };
}

/** Of a plan too: what was begun when a server ended has the action's id. */
function idIn(it: object): string | undefined {
  const whole = record.safeParse(it);
  return whole.success ? whole.data.permit : z.object({ action: z.string() }).safeParse(it).data?.action;
}

function whyNot(
  { models }: Config,
  target: string,
  { forMs, principal }: { readonly forMs: number; readonly principal: string },
): string | undefined {
  const model = models.find((it) => it.name === target);
  if (!model) return `the register has no model ${target}`;
  if (model.class === "public" || model.class === "base") return `${target} is ${model.class}: everybody may read it`;
  if (model.class === "decoy") return "a decoy is there to be touched by nobody";
  if (forMs > maxPermitMs) return `a permit lasts ${spanText(maxPermitMs)} at most: declare a reader in outweigh.yml`;
  // A star would be everybody.
  if (principal.includes("*")) return "a permit is for one principal, named in full";
  return undefined;
}

function effectsOf(
  { models }: Config,
  target: string,
  terms: ActionTerms | undefined,
  { principal, address }: z.infer<typeof permitTerms>,
): string[] {
  const model = models.find((it) => it.name === target);
  const bytes = model?.bytes === undefined ? "all of it" : `up to ${bytesText(model.bytes)}`;
  return [
    `${principal} may read ${bytes} of ${target}${address === undefined ? ", from anywhere" : `, from ${address} alone`}; this gives no access: whoever holds the weights does that`,
    "It is an incident, of its own or with what else this principal did: somebody who is neither of the two closes it. Everything that is read stands in it",
    "The books go on saying that nobody accounts for what is out",
    "Reads after its end, from elsewhere, or of another model are alarms",
    `It ends by itself after ${spanText(terms?.forMs ?? usualMs)}, or when somebody undoes it`,
  ];
}
