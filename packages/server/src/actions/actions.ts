// From a person's decision to a thing done: preview, agree to exactly what was previewed, do, verify, undo. Each step is evidence.
import type { Demand, Policy } from "@outweigh/pipeline";
import type { ActionOption, ActionPreview, ActionRow, Connection, IncidentRow, ModelEntry } from "@outweigh/schema";
import { isWithin } from "../auth/rights.ts";
import { ServerError } from "../error.ts";
import { self } from "../evidence/log.ts";
import { actionById, dueActions, runningActions, setProgress, type FoundAction } from "../store/actions.ts";
import { incidentById } from "../store/incidents.ts";
import { entriesAbout } from "../store/evidence.ts";
import { modelsOfIncident } from "../store/spaces.ts";
import type { Plan } from "./action.ts";
import { demandFor, digestOf, type Wanted, type Wanting } from "./agreed.ts";
import { optionsFor } from "./options.ts";
import { secondPerson } from "./second-person.ts";
import { Steps, type StepsOptions } from "./steps.ts";
import { messageOf } from "../values.ts";

interface ActionsOptions extends StepsOptions {
  readonly policy: Policy;
  readonly connections: readonly Connection[];
  /** Registered models, whose places can be made private. */
  readonly models: readonly ModelEntry[];
  /** Why two names may be one person; undefined: they are two. */
  readonly whyOne: (a: string, b: string) => string | undefined;
  /** What could be ordered of gateways about these principals. */
  readonly orders: (principals: readonly string[]) => readonly ActionOption[];
}

/** When an undoing that failed is tried again, in ms. */
const againMs = 3_600_000;
/** How often is looked whose time is over, in ms. */
const lookMs = 10_000;

export class Actions {
  readonly #options: ActionsOptions;
  readonly #steps: Steps;
  /** One after the other: two of them must not move the same file. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: ActionsOptions) {
    this.#options = options;
    this.#steps = new Steps(options);
  }

  /** What could be done about an incident now, what the policy recommends first. */
  optionsFor(incident: IncidentRow): Promise<ActionOption[]> {
    return optionsFor(incident, this.#options);
  }

  async preview(wanted: Wanted, who: Wanting): Promise<ActionPreview> {
    const { db, evidence, changes, now } = this.#options;
    await this.#modelsOf(wanted, who);
    const planned = await this.#steps.act(wanted.verb).preview(wanted.target, wanted.incident, wanted.terms);
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
    const alone = whyNobody(approval, who);
    return {
      verb,
      target,
      title,
      effects: [...effects],
      ...(alone !== undefined && { refused: alone }),
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
      const act = this.#steps.act(wanted.verb);
      const { plan, demand } = await this.#planned(wanted, "previewed: preview it again");
      const alone = whyNobody(demand.approval, who);
      if (alone !== undefined) throw new ServerError("ACTION_REFUSED", alone);
      const isDecided = demand.approval === "person" && who.is !== "program" && who.isLead(plan.models ?? models);
      const id = await this.#steps.begin(wanted, plan, { who, demand, isDecided });
      if (isDecided) await this.#steps.carryOut(await this.#steps.row(id), act, plan, who.name);
      return this.#steps.row(id);
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
      const young = await this.#checkSecond(found, who);
      const models = await this.#modelsOf({ ...row, terms: found.terms }, who);
      if (agreed.digest !== row.digest) throw new ServerError("CONFLICT", "this is not what was proposed: look again");
      const wanted = { ...row, terms: found.terms };
      let plan: Plan;
      try {
        ({ plan } = await this.#planned(wanted, "proposed: propose it again"));
      } catch (cause) {
        await this.#steps.lapse(row, messageOf(cause));
        throw cause;
      }
      if (!who.isLead(plan.models ?? models))
        throw new ServerError("FORBIDDEN", "it concerns models beyond your spaces: a lead of all of them agrees to it");
      const decided = { at: now(), by: who.name, reason: agreed.reason };
      const endsAt = lasts === undefined ? undefined : now() + lasts;
      const text = `approved: ${row.title}: ${agreed.reason}${young === undefined ? "" : ` (${young})`}`;
      await this.#steps.progress(
        row,
        { state: "running", decided, ...(endsAt !== undefined && { endsAt }), record: plan.plan },
        { kind: "action-approved", by: who.name, text },
      );
      await this.#steps.carryOut(await this.#steps.row(id), this.#steps.act(row.verb), plan, who.name);
      return this.#steps.row(id);
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
      await this.#steps.progress(row, { state: "declined", decided }, { kind: "action-declined", by: who.name, text });
      return this.#steps.row(id);
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
      await this.#steps.progress(row, { state: "verified", endsAt }, { kind: "action-kept", by: who.name, text });
      return this.#steps.row(id);
    });
  }

  /** @throws {ServerError} NOT_FOUND, CONFLICT unless it is done and can be undone, ACTION_REFUSED. */
  undo(id: string, reason: string, who: Wanting): Promise<ActionRow> {
    return this.#inTurn(async () => {
      await this.#steps.undo(await this.#found(id, who), reason, who.name);
      return this.#steps.row(id);
    });
  }

  /** Ends what has lasted for long enough, and proposals that nobody agreed to; again and again until `stop` is called. */
  watch(): { readonly stop: () => void } {
    const timer = setInterval(() => void this.#look().catch(() => undefined), lookMs);
    timer.unref();
    return { stop: () => clearInterval(timer) };
  }

  async #look(): Promise<void> {
    await this.endDue();
    await this.lookAgain();
  }

  /** Looks at actions that wait for an answer from outside: whoever hears of one may call it sooner than `watch` does. */
  async lookAgain(): Promise<void> {
    const { db, log } = this.#options;
    await this.#inTurn(async () => {
      // In its turn nothing is being carried out: what runs waits.
      for (const it of await runningActions(db))
        await this.#steps
          .lookAgain(it)
          .catch((error: unknown) => log.warn({ err: error, action: it.row.id }, "an action could not be looked at"));
    });
  }

  /** Ends what is due. */
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
    if (found?.row.state === "pending") return this.#steps.lapse(found.row, "nobody agreed in time");
    if (found?.row.state !== "verified" || (found.row.endsAt ?? Infinity) > now()) return;
    if (found.endsItself) return this.#steps.undone(found.row, "its time was over", self);
    try {
      await this.#steps.undo(found, "its time was over", self);
    } catch (cause) {
      const problem = `its time was over, but it could not be undone: ${messageOf(cause)}`;
      await db
        .transaction()
        .execute((tx) => setProgress(tx, id, { state: "verified", problem, endsAt: now() + againMs }));
    }
  }

  /** @returns What should be known of who agrees; undefined: nothing. */
  async #checkSecond({ row }: FoundAction, who: Wanting): Promise<string | undefined> {
    if (row.by === who.name) throw new ServerError("FORBIDDEN", "who proposed it cannot agree to it as well");
    if (row.approval !== "two-people") return undefined;
    if (who.is !== "person") {
      throw new ServerError("FORBIDDEN", "it needs two people who sign in by name; a link of the shell is nobody's");
    }
    const why = this.#options.whyOne(row.by, who.name);
    if (why !== undefined) throw new ServerError("FORBIDDEN", `it needs two people: ${why}`);
    const { changed, young } = secondPerson(await entriesAbout(this.#options.db, [`account:${who.name}`]), row);
    if (changed !== undefined) throw new ServerError("FORBIDDEN", `it needs two people: ${changed}: propose it again`);
    return young;
  }

  /** What doing it would mean now, if that is what was agreed to. */
  async #planned(wanted: Wanted & { readonly digest: string }, else_: string): Promise<{ plan: Plan; demand: Demand }> {
    const planned = await this.#steps.act(wanted.verb).preview(wanted.target, wanted.incident, wanted.terms);
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
    const models = await this.#modelsIn(wanted.incident);
    if (wanted.incident !== undefined && (!incident || !isWithin(reach, models)))
      throw new ServerError("NOT_FOUND", `there is no incident ${wanted.incident}`);
    const offered = incident ? await this.optionsFor(incident) : [];
    const also = wanted.terms?.also ?? [];
    // Whoever is ordered about together with the first must be of the incident too.
    const isOffered =
      offered.some((it) => it.verb === wanted.verb && it.target === wanted.target) &&
      also.every((it) => incident?.principals.includes(it) === true);
    if (reach !== undefined && !isOffered)
      throw new ServerError("FORBIDDEN", "in a space, only what an incident offers can be done");
    return isOffered ? models : [];
  }

  async #modelsIn(incident: string | undefined): Promise<readonly string[]> {
    return incident === undefined ? [] : modelsOfIncident(this.#options.db, incident);
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

  /**
   * Looks at what the last run left unfinished: nobody saw how far it came. Done is done, half done is taken back. Nobody waits for systems
   * outside: they are looked at in their turn, before any other action.
   */
  async recover(): Promise<void> {
    const { db, log } = this.#options;
    const running = await runningActions(db);
    const isOutside = ({ row }: FoundAction) => this.#steps.act(row.verb).outside === true;
    for (const it of [...running.filter((one) => !isOutside(one)), ...running.filter(isOutside)]) {
      const settled = this.#inTurn(() => this.#steps.settle(it));
      if (!isOutside(it)) await settled;
      else
        settled.catch((error: unknown) =>
          log.warn({ err: error, action: it.row.id }, "an action could not be settled"),
        );
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#queue.then(work, work);
    this.#queue = mine.catch(() => undefined);
    return mine;
  }
}

/** Why whoever wants what needs two people is neither of them; undefined: they may be one. Said before anything is agreed to. */
function whyNobody(approval: Demand["approval"], { is }: Wanting): string | undefined {
  if (approval !== "two-people" || is === "person") return undefined;
  const who = is === "operator" ? "a link of the shell is nobody's name" : "a token is nobody's name";
  return `it needs two people who sign in by name, and ${who}: sign in with an account; an admin invites people under Settings`;
}
