// From a person's decision to a thing done: preview, agree to exactly what was previewed, do, verify, undo. Each step is evidence.
import { randomUUID } from "node:crypto";
import type { Demand, Policy } from "@outweigh/pipeline";
import type { ActionOption, ActionPreview, ActionRow, ActionVerb, IncidentRow } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import { isWithin } from "../auth/rights.ts";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import {
  actionById,
  addAction,
  dueActions,
  runningActions,
  setProgress,
  type ActionProgress,
  type FoundAction,
} from "../store/actions.ts";
import { setCopyState } from "../store/copies.ts";
import { incidentById } from "../store/incidents.ts";
import type { Db, Tx } from "../store/state/state.ts";
import type { Act, Plan } from "./action.ts";
import { demandFor, digestOf, type Wanted, type Wanting } from "./agreed.ts";
import { optionsFor } from "./options.ts";

export interface ActionsOptions {
  readonly db: Db;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly acts: readonly Act[];
  readonly policy: Policy;
  readonly webhooks: readonly { readonly name: string }[];
  /** What could be ordered of gateways about these principals. */
  readonly orders: (principals: readonly string[]) => readonly ActionOption[];
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** How long a proposal waits for somebody who agrees, in ms: longer, and it is about another day. */
const decideMs = 24 * 3_600_000;
/** When an undoing that failed is tried again, in ms. */
const againMs = 3_600_000;
/** How often is looked whose time is over, in ms. */
const lookMs = 10_000;

export class Actions {
  readonly #options: ActionsOptions;
  /** One after the other: two of them must not move the same file. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ActionsOptions) {
    this.#options = options;
  }

  /** What could be done about an incident now, what the policy recommends first. */
  optionsFor(incident: IncidentRow): Promise<ActionOption[]> {
    return optionsFor(incident, this.#options);
  }

  async preview(wanted: Wanted, who: Wanting): Promise<ActionPreview> {
    const { db, evidence, changes, now } = this.#options;
    await this.#modelsOf(wanted, who);
    const planned = await this.#act(wanted.verb).preview(wanted.target, wanted.incident, wanted.terms);
    const title = planned.ok ? planned.plan.title : planned.title;
    const text = planned.ok ? `previewed: ${title}` : `previewed: ${title}; refused: ${planned.refused}`;
    const decision = { kind: "action-previewed", by: who.name, subject: wanted.incident ?? wanted.target, text };
    await db.transaction().execute((tx) => evidence.append(tx, [decision], now()));
    changes.tell("evidence");
    const { verb, target } = wanted;
    if (!planned.ok) {
      const { approval } = this.#demand(wanted);
      return { verb, target, title, effects: [], refused: planned.refused, undoable: false, approval, digest: "" };
    }
    const { effects, undoable } = planned.plan;
    const { approval, lasts } = this.#demand(wanted, planned.plan);
    return {
      verb,
      target,
      title,
      effects: [...effects],
      undoable,
      approval,
      ...(lasts !== undefined && { lasts }),
      digest: digestOf(wanted, planned.plan, { approval, ...(lasts !== undefined && { lasts }) }),
    };
  }

  /**
   * Does what was previewed; or proposes it, where who wants it may not decide it alone.
   *
   * @throws {ServerError} ACTION_REFUSED, or CONFLICT when it is no longer what was previewed.
   */
  apply(wanted: Wanted & { readonly digest: string; readonly reason: string }, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const models = await this.#modelsOf(wanted, who);
      const act = this.#act(wanted.verb);
      const { plan, demand } = await this.#planned(wanted, "previewed: preview it again");
      if (demand.approval === "two-people" && who.is !== "person") {
        const why = "it needs two people who sign in by name: an admin invites them under Settings";
        throw new ServerError("ACTION_REFUSED", why);
      }
      const isDecided = demand.approval === "person" && who.is !== "program" && who.isLead(models);
      const id = await this.#begin(wanted, plan, { who, demand, isDecided });
      if (isDecided) await this.#carryOut(await this.#row(id), act, plan, who.name);
      return this.#row(id);
    });
  }

  /**
   * Agrees to what somebody else proposed: it is done, if it still is what was proposed.
   *
   * @throws {ServerError} NOT_FOUND, FORBIDDEN, CONFLICT, ACTION_REFUSED
   */
  approve(id: string, agreed: { readonly digest: string; readonly reason: string }, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const { now } = this.#options;
      const found = await this.#pending(id, who);
      const { row, lasts } = found;
      this.#checkSecond(found, who);
      await this.#modelsOf({ ...row, terms: found.terms }, who);
      if (agreed.digest !== row.digest) throw new ServerError("CONFLICT", "this is not what was proposed: look again");
      const wanted = { ...row, terms: found.terms };
      let plan: Plan;
      try {
        ({ plan } = await this.#planned(wanted, "proposed: propose it again"));
      } catch (cause) {
        await this.#lapse(row, messageOf(cause));
        throw cause;
      }
      const decided = { at: now(), by: who.name, reason: agreed.reason };
      const endsAt = lasts === undefined ? undefined : now() + lasts;
      const text = `approved: ${row.title}: ${agreed.reason}`;
      await this.#progress(
        row,
        { state: "running", decided, ...(endsAt !== undefined && { endsAt }), record: plan.plan },
        { kind: "action-approved", by: who.name, text },
      );
      await this.#carryOut(await this.#row(id), this.#act(row.verb), plan, who.name);
      return this.#row(id);
    });
  }

  /** Declines a proposal: a lead anyone's, others their own. @throws {ServerError} NOT_FOUND, FORBIDDEN, CONFLICT */
  decline(id: string, reason: string, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const { row } = await this.#pending(id, who);
      if (row.by !== who.name && !who.isLead(await this.#modelsIn(row.incident)))
        throw new ServerError("FORBIDDEN", "only a lead declines what somebody else proposed");
      const decided = { at: this.#options.now(), by: who.name, reason };
      const text = `${row.by === who.name ? "taken back" : "declined"}: ${row.title}: ${reason}`;
      await this.#progress(row, { state: "declined", decided }, { kind: "action-declined", by: who.name, text });
      return this.#row(id);
    });
  }

  /** Puts off the end of what would be undone by itself. @throws {ServerError} NOT_FOUND, CONFLICT */
  keep(id: string, reason: string, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      const { row, lasts, endsItself } = await this.#found(id, who);
      if (row.state !== "verified" || lasts === undefined || endsItself)
        throw new ServerError("CONFLICT", "nothing of this action ends that could be put off");
      const text = `kept longer: ${row.title}: ${reason}`;
      const endsAt = this.#options.now() + lasts;
      await this.#progress(row, { state: "verified", endsAt }, { kind: "action-kept", by: who.name, text });
      return this.#row(id);
    });
  }

  /** @throws {ServerError} NOT_FOUND, CONFLICT unless it is done and can be undone, ACTION_REFUSED. */
  undo(id: string, reason: string, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      await this.#undo(await this.#found(id, who), reason, who.name);
      return this.#row(id);
    });
  }

  async #undo({ row, record }: FoundAction, reason: string, by: string): Promise<void> {
    const { log } = this.#options;
    if (!row.undoable || row.state !== "verified") {
      throw new ServerError("CONFLICT", `this action is ${row.state} and cannot be undone`);
    }
    try {
      await this.#act(row.verb).undo(asObject(record), by);
    } catch (cause) {
      log.error({ err: cause, action: row.id }, "an action could not be undone");
      const problem = messageOf(cause);
      await this.#progress(
        row,
        { state: "verified", problem },
        { kind: "action-undo-failed", by, text: `could not be undone: ${problem}` },
      );
      throw cause instanceof ServerError ? cause : new ServerError("ACTION_REFUSED", problem, { cause });
    }
    await this.#undone(row, reason, by);
  }

  #undone(row: ActionRow, reason: string, by: string): Promise<void> {
    const undone = { at: this.#options.now(), by, reason };
    const decision = { kind: "action-undone", by, text: `undone: ${row.title}: ${reason}` };
    return this.#progress(row, { state: "undone", undone }, decision, (tx) => copyState(tx, row, "present"));
  }

  /** Ends what has lasted for long enough, and proposals that nobody agreed to; again and again until `stop` is called. */
  watch(): { readonly stop: () => void } {
    const timer = setInterval(() => void this.endDue().catch(() => undefined), lookMs);
    timer.unref();
    return { stop: () => clearInterval(timer) };
  }

  /** What `watch` does each time. */
  async endDue(): Promise<void> {
    const { db, now, log } = this.#options;
    for (const { row } of await dueActions(db, now())) {
      await this.#inTurn(() => this.#end(row.id)).catch((error: unknown) =>
        log.warn({ err: error, action: row.id }, "an action could not be ended"),
      );
    }
  }

  async #end(id: string): Promise<void> {
    const { db, now } = this.#options;
    const found = await actionById(db, id);
    // Somebody may have decided while it waited for its turn.
    if (found?.row.state === "pending") return this.#lapse(found.row, "nobody agreed in time");
    if (found?.row.state !== "verified" || (found.row.endsAt ?? Infinity) > now()) return;
    if (found.endsItself) return this.#undone(found.row, "its time was over", self);
    try {
      await this.#undo(found, "its time was over", self);
    } catch (cause) {
      const problem = `its time was over, but it could not be undone: ${messageOf(cause)}`;
      await db
        .transaction()
        .execute((tx) => setProgress(tx, id, { state: "verified", problem, endsAt: now() + againMs }));
    }
  }

  #lapse(row: ActionRow, problem: string): Promise<void> {
    const decision = { kind: "action-lapsed", by: self, text: `not done: ${row.title}: ${problem}` };
    return this.#progress(row, { state: "lapsed", problem, undoable: false }, decision);
  }

  #checkSecond({ row }: FoundAction, who: Wanting): void {
    if (row.by === who.name) throw new ServerError("FORBIDDEN", "who proposed it cannot agree to it as well");
    if (row.approval === "two-people" && who.is !== "person") {
      throw new ServerError("FORBIDDEN", "it needs two people who sign in by name; a link of the shell is nobody's");
    }
  }

  /** What doing it would mean now, if that is what was agreed to. */
  async #planned(wanted: Wanted & { readonly digest: string }, else_: string): Promise<{ plan: Plan; demand: Demand }> {
    const planned = await this.#act(wanted.verb).preview(wanted.target, wanted.incident, wanted.terms);
    if (!planned.ok) throw new ServerError("ACTION_REFUSED", planned.refused);
    const demand = this.#demand(wanted, planned.plan);
    if (digestOf(wanted, planned.plan, demand) !== wanted.digest) {
      throw new ServerError("CONFLICT", `it is no longer what was ${else_}`);
    }
    return { plan: planned.plan, demand };
  }

  #demand(wanted: Wanted, plan?: Plan): Demand {
    return demandFor(this.#options.policy, wanted, plan);
  }

  /**
   * The models it is about: those of its incident, if that offers it; else none are known, and only who may do so everywhere decides.
   *
   * @throws {ServerError} NOT_FOUND, FORBIDDEN
   */
  async #modelsOf(wanted: Wanted, { reach }: Wanting): Promise<readonly string[]> {
    const { db } = this.#options;
    const incident = wanted.incident === undefined ? undefined : await incidentById(db, wanted.incident);
    if (wanted.incident !== undefined && (!incident || !isWithin(reach, incident.models)))
      throw new ServerError("NOT_FOUND", `there is no incident ${wanted.incident}`);
    const offered = incident ? await this.optionsFor(incident) : [];
    const isOffered = offered.some((it) => it.verb === wanted.verb && it.target === wanted.target);
    if (reach !== undefined && !isOffered)
      throw new ServerError("FORBIDDEN", "in a space, only what an incident offers can be done");
    return isOffered ? (incident?.models ?? []) : [];
  }

  async #modelsIn(incident: string | undefined): Promise<readonly string[]> {
    return incident === undefined ? [] : ((await incidentById(this.#options.db, incident))?.models ?? []);
  }

  async #found(id: string, { reach }: Wanting): Promise<FoundAction> {
    const found = await actionById(this.#options.db, id);
    if (!found || !isWithin(reach, await this.#modelsIn(found.row.incident)))
      throw new ServerError("NOT_FOUND", `there is no action ${id}`);
    return found;
  }

  async #pending(id: string, who: Wanting): Promise<FoundAction> {
    const found = await this.#found(id, who);
    if (found.row.state !== "pending" || (found.row.decideBy ?? 0) <= this.#options.now())
      throw new ServerError("CONFLICT", `this action is ${found.row.state}: nobody has to agree to it`);
    return found;
  }

  /** Looks at what the last run left unfinished: nobody saw how far it came. Done is done, half done is taken back. */
  async recover(): Promise<void> {
    for (const it of await runningActions(this.#options.db)) await this.#settle(it);
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
    const left = row.undoable ? await act.undo(asObject(record), by).then(() => "", messageOf) : "";
    const problem = `the server ended while this was done; ${wrong}${left === "" ? "" : `; ${left}`}`;
    return this.#progress(
      row,
      { state: "failed", problem, undoable: false },
      { kind: "action-failed", by, text: problem },
    );
  }

  /** The plan is on disk before anything is done. */
  async #begin(
    wanted: Wanted & { readonly digest: string; readonly reason: string },
    { title, plan, effects, undoable, lasts: own }: Plan,
    { who, demand, isDecided }: { who: Wanting; demand: Demand; isDecided: boolean },
  ): Promise<string> {
    const { db, evidence, now } = this.#options;
    const id = `action-${randomUUID()}`;
    const { verb, target, incident, reason, digest, terms } = wanted;
    const { approval, lasts } = demand;
    const by = who.name;
    const state = isDecided
      ? ({ state: "running", endsAt: lasts === undefined ? undefined : now() + lasts } as const)
      : ({ state: "pending", decideBy: now() + decideMs } as const);
    const said = isDecided
      ? { kind: "action-approved", word: "approved" }
      : { kind: "action-proposed", word: "proposed" };
    await db.transaction().execute(async (tx) => {
      const row = { id, verb, target, title, incident, by, reason, at: now(), undoable, effects, approval, digest };
      await addAction(tx, { ...row, ...state, terms, lasts, endsItself: own !== undefined, record: plan });
      const decision = {
        kind: said.kind,
        by,
        subject: incident ?? id,
        text: `${said.word}: ${title}: ${reason}`,
        fields: { action: id, digest, approval },
      };
      await evidence.append(tx, [decision], now());
    });
    this.#tell(id, incident);
    return id;
  }

  async #carryOut(row: ActionRow, act: Act, { plan, title }: Plan, by: string): Promise<void> {
    const { now, log } = this.#options;
    const { id } = row;
    let record: object;
    try {
      record = await act.apply(plan, { action: id, by });
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

async function copyState(tx: Tx, { verb, target }: ActionRow, state: "present" | "quarantined"): Promise<void> {
  if (verb === "quarantine-file") await setCopyState(tx, target, state);
}

function asObject(record: unknown): object {
  return typeof record === "object" && record !== null ? record : {};
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
