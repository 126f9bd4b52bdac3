// The steps of one action, each stored together with its evidence: begun, done, verified, undone, or not done.
import { randomUUID } from "node:crypto";
import type { Demand } from "@outweigh/pipeline";
import type { ActionRow, ActionVerb } from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { actionById, addAction, setProgress, type ActionProgress, type FoundAction } from "../store/actions.ts";
import { setCopyState } from "../store/copies.ts";
import type { Db, Tx } from "../store/state/state.ts";
import type { Act, Plan, Seen } from "./action.ts";
import type { Wanted, Wanting } from "./agreed.ts";
import { messageOf } from "../values.ts";

/** What steps are taken with. */
export interface StepsOptions {
  readonly db: Db;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly acts: readonly Act[];
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** How long a proposal waits for somebody who agrees, in ms: longer, and it is about another day. */
const decideMs = 24 * 3_600_000;

/** Whoever calls decides who may, and takes one action after the other. */
export class Steps {
  readonly #options: StepsOptions;

  constructor(options: StepsOptions) {
    this.#options = options;
  }

  /** Takes it back, also what may be half done. @throws {ServerError} CONFLICT, ACTION_REFUSED; what is left of it is on record. */
  async undo({ row, record }: FoundAction, reason: string, by: string): Promise<void> {
    const { log } = this.#options;
    if (!row.undoable || (row.state !== "verified" && row.state !== "failed")) {
      throw new ServerError("CONFLICT", `this action is ${row.state} and cannot be undone`);
    }
    try {
      await this.act(row.verb).undo(asObject(record), by);
    } catch (cause) {
      log.error({ err: cause, action: row.id }, "an action could not be undone");
      const problem = messageOf(cause);
      await this.progress(
        row,
        { state: row.state, problem },
        { kind: "action-undo-failed", by, text: `could not be undone: ${problem}` },
      );
      throw cause instanceof ServerError ? cause : new ServerError("ACTION_REFUSED", problem, { cause });
    }
    await this.undone(row, reason, by);
  }

  /** Notes that it is taken back, or has ended. */
  undone(row: ActionRow, reason: string, by: string): Promise<void> {
    const undone = { at: this.#options.now(), by, reason };
    const decision = { kind: "action-undone", by, text: `undone: ${row.title}: ${reason}` };
    return this.progress(row, { state: "undone", undone }, decision, (tx) => copyState(tx, row, "present"));
  }

  /** Notes that a proposal comes to nothing. */
  lapse(row: ActionRow, problem: string): Promise<void> {
    const decision = { kind: "action-lapsed", by: self, text: `not done: ${row.title}: ${problem}` };
    return this.progress(row, { state: "lapsed", problem, undoable: false }, decision);
  }

  /** After a restart: what is done is done, what is half done is taken back. */
  async settle({ row, record }: FoundAction): Promise<void> {
    await this.#settle(row, { ...asObject(record), action: row.id }, "the server ended while this was done");
  }

  /** Looks again at what waited for an answer. */
  async lookAgain({ row, record }: FoundAction): Promise<void> {
    const seen = await this.act(row.verb).verify(asObject(record));
    if (seen.is === "waiting") return;
    if (seen.is === "done") return this.#verified(row, seen, asObject(record));
    const decision = { kind: "action-failed", by: self, text: `failed: ${row.title}: ${seen.says}` };
    return this.progress(row, { state: "failed", problem: seen.says, undoable: false }, decision);
  }

  /** Nobody knows how far it came: only a look tells. What cannot be looked at, or not be taken back, stays undoable by a person. */
  async #settle(row: ActionRow, record: object, why: string): Promise<void> {
    const act = this.act(row.verb);
    const seen = await act.verify(record).catch(messageOf);
    if (typeof seen !== "string" && seen.is === "waiting") return;
    if (typeof seen !== "string" && seen.is === "done") return this.#verified(row, seen, record);
    const left = row.undoable ? await act.undo(record, self).then(() => undefined, messageOf) : undefined;
    const wrong = typeof seen === "string" ? `whether it was done could not be seen: ${seen}` : seen.says;
    const problem = [why, wrong, ...(left === undefined ? [] : [`and it could not be taken back: ${left}`])].join("; ");
    const undoable = left !== undefined;
    return this.progress(
      row,
      { state: "failed", problem, undoable },
      { kind: "action-failed", by: self, text: `failed: ${row.title}: ${problem}` },
    );
  }

  #verified(row: ActionRow, { says }: Seen, record: object, by: string = self): Promise<void> {
    const progress = { state: "verified", verifiedAt: this.#options.now(), seen: says, record } as const;
    const decision = { kind: "action-applied", by, text: `done and verified: ${row.title}: ${says}` };
    return this.progress(row, progress, decision, (tx) => copyState(tx, row, "quarantined"));
  }

  /** The plan is on disk before anything is done. */
  async begin(
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
    this.tell(id, incident);
    return id;
  }

  /** Does it, and looks whether it is done. What reaches outside may be done although its answer was lost: it is looked at too. */
  async carryOut(row: ActionRow, act: Act, { plan, title }: Plan, by: string): Promise<void> {
    const { log } = this.#options;
    const { id } = row;
    let record: object;
    try {
      record = await act.apply(plan, { action: id, by, reason: row.reason, incident: row.incident });
    } catch (cause) {
      log.warn({ err: cause, action: id }, "an action failed");
      const problem = messageOf(cause);
      if (act.outside === true) return this.#settle(row, { ...plan, action: id }, problem);
      const decision = { kind: "action-failed", by, text: `failed: ${title}: ${problem}` };
      return this.progress(row, { state: "failed", problem, undoable: false }, decision);
    }
    const seen = await act.verify(record).catch(messageOf);
    if (typeof seen !== "string" && seen.is === "done") return this.#verified(row, seen, record, by);
    if (typeof seen !== "string" && seen.is === "waiting")
      return this.progress(
        row,
        { state: "running", seen: seen.says, record },
        { kind: "action-ordered", by, text: `ordered: ${title}: ${seen.says}` },
      );
    const problem = typeof seen === "string" ? seen : seen.says;
    const decision = { kind: "action-failed", by, text: `done, but not verified: ${title}: ${problem}` };
    return this.progress(row, { state: "failed", problem, record }, decision);
  }

  /** Stores what became of it, with who decided that. */
  async progress(
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
    this.tell(row.id, row.incident);
  }

  /** To every live page. */
  tell(id: string, incident: string | undefined): void {
    const { changes } = this.#options;
    changes.tell("action", id);
    changes.tell("evidence");
    if (incident !== undefined) changes.tell("incident", incident);
  }

  /** @throws {ServerError} NOT_FOUND */
  async row(id: string): Promise<ActionRow> {
    const found = await actionById(this.#options.db, id);
    if (!found) throw new ServerError("NOT_FOUND", `there is no action ${id}`);
    return found.row;
  }

  /** @throws {ServerError} BAD_REQUEST */
  act(verb: ActionVerb): Act {
    const found = this.#options.acts.find((it) => it.verb === verb);
    if (!found) throw new ServerError("BAD_REQUEST", `nothing here can ${verb}`);
    return found;
  }
}

async function copyState(tx: Tx, { verb, target }: ActionRow, state: "present" | "quarantined"): Promise<void> {
  if (verb === "quarantine-file") await setCopyState(tx, target, state);
}

function asObject(record: unknown): object {
  return typeof record === "object" && record !== null ? record : {};
}
