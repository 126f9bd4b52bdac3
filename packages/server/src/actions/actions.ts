// From a person's decision to a thing done: preview, apply exactly what was previewed, verify, undo. Each step is evidence.
import { createHash, randomUUID } from "node:crypto";
import { canonical } from "@outweigh/evidence";
import { recommend, type Policy } from "@outweigh/pipeline";
import type { ActionOption, ActionPreview, ActionRow, ActionVerb, IncidentRow } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import {
  actionById,
  addAction,
  runningActions,
  setProgress,
  type ActionProgress,
  type FoundAction,
} from "../store/actions.ts";
import { alertsOf } from "../store/alerts.ts";
import { allCopies, setCopyState } from "../store/copies.ts";
import { incidentById } from "../store/incidents.ts";
import type { Db, Tx } from "../store/state/state.ts";
import type { Act, Plan } from "./action.ts";

/** What a person wants. */
export interface Wanted {
  readonly verb: ActionVerb;
  readonly target: string;
  readonly incident?: string | undefined;
}

export interface ActionsOptions {
  readonly db: Db;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly acts: readonly Act[];
  readonly policy: Policy;
  readonly webhooks: readonly { readonly name: string }[];
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** Copies that one incident offers to quarantine. */
const maxOptions = 50;

export class Actions {
  readonly #options: ActionsOptions;
  /** One after the other: two of them must not move the same file. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** What could be done about an incident now, what the policy recommends first. */
  async optionsFor(incident: IncidentRow): Promise<ActionOption[]> {
    const { db, policy, webhooks } = this.#options;
    const [alerts, copies] = await Promise.all([alertsOf(db, incident.id), allCopies(db)]);
    const advised = recommend(policy, incident, alerts).map((it) => it.verb);
    const concerned = copies.filter(
      (it) =>
        it.state === "present" && it.declared !== true && it.model !== undefined && incident.models.includes(it.model),
    );
    const options: ActionOption[] = [
      ...concerned.slice(0, maxOptions).map((it): ActionOption => ({
        verb: "quarantine-file",
        target: it.id,
        label: `Quarantine ${it.container ?? it.path}`,
      })),
      ...webhooks.map((it): ActionOption => ({ verb: "notify", target: it.name, label: `Notify ${it.name}` })),
    ];
    const rank = ({ verb }: ActionOption) => (advised.includes(verb) ? advised.indexOf(verb) : advised.length);
    return options.sort((a, b) => rank(a) - rank(b));
  }

  async preview(wanted: Wanted, by: string): Promise<ActionPreview> {
    const { db, evidence, changes, now } = this.#options;
    const planned = await this.#act(wanted.verb).preview(wanted.target, wanted.incident);
    const title = planned.ok ? planned.plan.title : planned.title;
    const text = planned.ok ? `previewed: ${title}` : `previewed: ${title}; refused: ${planned.refused}`;
    const decision = { kind: "action-previewed", by, subject: wanted.incident ?? wanted.target, text };
    await db.transaction().execute((tx) => evidence.append(tx, [decision], now()));
    changes.tell("evidence");
    if (!planned.ok) {
      return {
        verb: wanted.verb,
        target: wanted.target,
        title,
        effects: [],
        refused: planned.refused,
        undoable: false,
        digest: "",
      };
    }
    const { effects, undoable } = planned.plan;
    return {
      verb: wanted.verb,
      target: wanted.target,
      title,
      effects: [...effects],
      undoable,
      digest: digestOf(wanted, planned.plan),
    };
  }

  /** @throws {ServerError} ACTION_REFUSED, or CONFLICT when it is no longer what was previewed. */
  apply(wanted: Wanted & { readonly digest: string; readonly reason: string }, by: string): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const { db } = this.#options;
      const act = this.#act(wanted.verb);
      if (wanted.incident !== undefined && !(await incidentById(db, wanted.incident))) {
        throw new ServerError("NOT_FOUND", `there is no incident ${wanted.incident}`);
      }
      const planned = await act.preview(wanted.target, wanted.incident);
      if (!planned.ok) throw new ServerError("ACTION_REFUSED", planned.refused);
      if (digestOf(wanted, planned.plan) !== wanted.digest) {
        throw new ServerError("CONFLICT", "it is no longer what was previewed: preview it again");
      }
      const id = await this.#begin(wanted, planned.plan, by);
      await this.#carryOut(id, wanted, act, planned.plan, by);
      return this.#row(id);
    });
  }

  /** @throws {ServerError} NOT_FOUND, CONFLICT unless it is done and can be undone, ACTION_REFUSED. */
  undo(id: string, reason: string, by: string): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const { db, now, log } = this.#options;
      const found = await actionById(db, id);
      if (!found) throw new ServerError("NOT_FOUND", `there is no action ${id}`);
      const { row, record } = found;
      if (!row.undoable || row.state !== "verified") {
        throw new ServerError("CONFLICT", `this action is ${row.state} and cannot be undone`);
      }
      try {
        await this.#act(row.verb).undo(asObject(record));
      } catch (cause) {
        log.error({ err: cause, action: id }, "an action could not be undone");
        const problem = messageOf(cause);
        await this.#progress(
          found.row,
          { state: "verified", problem },
          { kind: "action-undo-failed", by, text: `could not be undone: ${problem}` },
        );
        throw cause instanceof ServerError ? cause : new ServerError("ACTION_REFUSED", problem, { cause });
      }
      const text = `undone: ${row.title}: ${reason}`;
      await this.#progress(
        row,
        { state: "undone", undone: { at: now(), by, reason } },
        { kind: "action-undone", by, text },
        (tx) => copyState(tx, row, "present"),
      );
      return this.#row(id);
    });
  }

  /** Looks at what the last run left unfinished: nobody saw how far it came. Done is done, half done is taken back. */
  async recover(): Promise<void> {
    for (const { row, record } of await runningActions(this.#options.db)) await this.#settle({ row, record });
  }

  async #settle({ row, record }: FoundAction): Promise<void> {
    const { now } = this.#options;
    const act = this.#act(row.verb);
    const by = self;
    const wrong = await act.verify(asObject(record)).catch(messageOf);
    if (wrong === undefined) {
      const decision = { kind: "action-verified", by, text: `verified after a restart: ${row.title}` };
      return this.#progress(row, { state: "verified", verifiedAt: now() }, decision, (tx) =>
        copyState(tx, row, "quarantined"),
      );
    }
    const left = row.undoable ? await act.undo(asObject(record)).then(() => "", messageOf) : "";
    const problem = `the server ended while this was done; ${wrong}${left === "" ? "" : `; ${left}`}`;
    return this.#progress(
      row,
      { state: "failed", problem, undoable: false },
      { kind: "action-failed", by, text: problem },
    );
  }

  /** The plan is on disk before anything is done. */
  async #begin(
    wanted: Wanted & { readonly reason: string },
    { title, plan, undoable }: Plan,
    by: string,
  ): Promise<string> {
    const { db, evidence, now } = this.#options;
    const id = `action-${randomUUID()}`;
    const { verb, target, incident, reason } = wanted;
    await db.transaction().execute(async (tx) => {
      await addAction(tx, { id, verb, target, title, incident, by, reason, at: now(), undoable, record: plan });
      const decision = {
        kind: "action-approved",
        by,
        subject: incident ?? id,
        text: `approved: ${title}: ${reason}`,
        fields: { action: id },
      };
      await evidence.append(tx, [decision], now());
    });
    this.#tell(id, incident);
    return id;
  }

  async #carryOut(id: string, wanted: Wanted, act: Act, { plan, title }: Plan, by: string): Promise<void> {
    const { now, log } = this.#options;
    const row = await this.#row(id);
    let record: object;
    try {
      record = await act.apply(plan);
    } catch (cause) {
      log.warn({ err: cause, action: id }, "an action failed");
      const problem = messageOf(cause);
      const decision = { kind: "action-failed", by, text: `failed: ${title}: ${problem}` };
      return this.#progress(row, { state: "failed", problem, undoable: false }, decision);
    }
    const problem = await act.verify(record).catch(messageOf);
    if (problem !== undefined) {
      const decision = { kind: "action-failed", by, text: `done, but not verified: ${title}: ${problem}` };
      return this.#progress(row, { state: "failed", problem, record }, decision);
    }
    await this.#progress(
      row,
      { state: "verified", verifiedAt: now(), record },
      { kind: "action-applied", by, text: `done and verified: ${title}` },
      (tx) => copyState(tx, row, "quarantined"),
    );
  }

  async #progress(
    row: ActionRow,
    progress: ActionProgress,
    decision: Omit<Decision, "subject">,
    also: (tx: Tx) => Promise<void> = async () => undefined,
  ): Promise<void> {
    const { db, evidence, now } = this.#options;
    await db.transaction().execute(async (tx) => {
      await setProgress(tx, row.id, progress);
      await also(tx);
      await evidence.append(tx, [{ ...decision, subject: row.incident ?? row.id, fields: { action: row.id } }], now());
    });
    this.#tell(row.id, row.incident);
  }

  #tell(id: string, incident: string | undefined): void {
    const { changes } = this.#options;
    changes.tell("action", id);
    changes.tell("evidence");
    if (incident !== undefined) changes.tell("incident", incident);
  }

  async #row(id: string): Promise<ActionRow> {
    const found = await actionById(this.#options.db, id);
    if (!found) throw new ServerError("NOT_FOUND", `there is no action ${id}`);
    return found.row;
  }

  #act(verb: ActionVerb): Act {
    const found = this.#options.acts.find((it) => it.verb === verb);
    if (!found) throw new ServerError("BAD_REQUEST", `nothing here can ${verb}`);
    return found;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work, work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }
}

/** Names everything that was agreed to. */
function digestOf({ verb, target, incident }: Wanted, { title, effects, undoable, plan }: Plan): string {
  const all = JSON.parse(JSON.stringify({ verb, target, incident, title, effects, undoable, plan }));
  return createHash("sha256").update(canonical(all)).digest("hex");
}

async function copyState(tx: Tx, { verb, target }: ActionRow, state: "present" | "quarantined"): Promise<void> {
  if (verb === "quarantine-file") await setCopyState(tx, target, state);
}

function asObject(record: unknown): object {
  return typeof record === "object" && record !== null ? record : {};
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
