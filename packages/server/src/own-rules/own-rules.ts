// Exceptions and rules that people write here: from a draft through a check and a trial to what is in use, and to its end.
import { createHash } from "node:crypto";
import {
  detectKind,
  draftException,
  PipelineError,
  readOwnRule,
  type OwnText,
  type Register,
  type RuleInfo,
  type SourceKind,
} from "@outweigh/pipeline";
import {
  ownName,
  usualExceptionDays,
  type Config,
  type OcsfEvent,
  type OwnCheck,
  type OwnDraft,
  type OwnRule,
  type OwnRuleBody,
} from "@outweigh/schema";
import type { FastifyBaseLogger } from "fastify";
import type { Changes } from "../changes.ts";
import { ServerError } from "../error.ts";
import { self, type Decision, type EvidenceLog } from "../evidence/log.ts";
import { alertById } from "../store/alerts.ts";
import type { EventEngine } from "../store/engine/engine.ts";
import {
  allOwnRules,
  keepOwnRule,
  overdueOwnRules,
  ownRuleByName,
  setOwnCheck,
  setOwnStage,
  type StageChange,
  type StoredOwnRule,
} from "../store/own-rules.ts";
import type { Db } from "../store/state/state.ts";
import type { Worker } from "../worker/worker.ts";
import { hiddenBy } from "./hidden-alerts.ts";
import type { Proof } from "./proof-thread.ts";
import { runProofs } from "./proofs.ts";
import { tuningOf } from "./tuning.ts";

/** Most that are kept, ended ones too: more is no list that people look after. */
const maxOwnRules = 500;
/** How often is looked whose time is over, in ms: one look at a short table. */
const lookMs = 2000;
/** How long a check holds, in ms: what is stored is another thing a day later. */
const checkHoldsMs = 86_400_000;
const dayMs = 86_400_000;

interface OwnRulesOptions {
  readonly db: Db;
  readonly engine: EventEngine;
  readonly evidence: EvidenceLog;
  readonly changes: Changes;
  readonly worker: Worker;
  readonly register: Register;
  readonly config: Config;
  /** Rules of the release and of the configuration, with their proofs. */
  readonly rules: readonly { readonly path: string; readonly text: string; readonly proof?: string }[];
  readonly log: FastifyBaseLogger;
  now(): number;
}

/** One test at a time: each is a thread. */
export class OwnRules {
  readonly #options: OwnRulesOptions;
  #isChecking = false;

  constructor(options: OwnRulesOptions) {
    this.#options = options;
  }

  /** All of them, with what they matched; those whose stage changed last first. */
  async list(): Promise<OwnRule[]> {
    const { db, worker } = this.#options;
    const counts = new Map(worker.tunedCounts().map((it) => [it.name, it]));
    return (await allOwnRules(db)).map((it) => {
      const { matches = 0, lastAt, event } = counts.get(it.name) ?? {};
      const last = { ...(lastAt !== undefined && { lastAt }), ...(event !== undefined && { event }) };
      return { ...it, count: { matches, ...last } };
    });
  }

  /** @throws {ServerError} NOT_FOUND */
  async one(name: string): Promise<OwnRule> {
    const found = (await this.list()).find((it) => it.name === name);
    if (!found) throw new ServerError("NOT_FOUND", `nobody wrote a rule or exception called ${name} here`);
    return found;
  }

  /** An exception to begin with. @throws {ServerError} NOT_FOUND */
  async draft({ alert: id, rule: ruleId }: { readonly alert?: string; readonly rule?: string }): Promise<OwnDraft> {
    const { db, worker, register } = this.#options;
    const alert = id === undefined ? undefined : await alertById(db, id);
    if (id !== undefined && !alert) throw new ServerError("NOT_FOUND", `there is no alert ${id}`);
    const name = alert?.rule ?? ruleId;
    const rule = worker.rules().find((it) => it.id === name);
    if (!rule) throw new ServerError("NOT_FOUND", `no rule here is called ${name}: it can have no exception`);
    return draftException(rule, register, alert);
  }

  /** Keeps a draft. @throws {ServerError} BAD_REQUEST with what is wrong with the text, CONFLICT, TOO_MANY. */
  async keep({ text, proof, space, days, reason }: OwnRuleBody, by: string): Promise<OwnRule> {
    const { db, evidence, changes, config, now } = this.#options;
    const it = this.#read(text);
    if (!ownName.safeParse(it.name).success)
      throw new ServerError("BAD_REQUEST", `name: ${it.name} is not in snake case: small letters, digits and _ alone`);
    if (space !== undefined && !config.spaces.some(({ name }) => name === space))
      throw new ServerError("BAD_REQUEST", `space: there is no space ${space}`);
    const isException = it.kind === "exception";
    const kept = {
      ...it,
      text,
      ...(!isException && proof !== undefined && proof.trim() !== "" && { proof }),
      ...(!isException && space !== undefined && { space }),
      ...(isException && { days: days ?? usualExceptionDays }),
    };
    const row: StoredOwnRule = {
      ...kept,
      rules: [...it.rules],
      digest: digestOf(kept),
      stage: "draft",
      by,
      at: now(),
      reason,
      stageAt: now(),
    };
    await db.transaction().execute(async (tx) => {
      const all = await allOwnRules(tx);
      const before = all.find(({ name }) => name === it.name);
      if (before?.stage === "trial" || before?.stage === "published")
        throw new ServerError("CONFLICT", `${it.name} is ${stageText[before.stage]}: give the draft another name`);
      if (!before && all.length >= maxOwnRules)
        throw new ServerError("TOO_MANY", `there are ${maxOwnRules} already: no more are kept`);
      await keepOwnRule(tx, row);
      // The digest stands for the proof too: records of logs have no place in the chain.
      const decision = { ...said(row, "drafted", by, reason), fields: { digest: row.digest, text } };
      await evidence.append(tx, [decision], now());
    });
    changes.tell("rule", it.name);
    changes.tell("evidence");
    return this.one(it.name);
  }

  /** Runs the proofs, and tries an exception on stored alerts; keeps what came of it. @throws {ServerError} NOT_FOUND, BUSY */
  async check(name: string, by: string): Promise<OwnRule> {
    const { db, evidence, changes, now } = this.#options;
    const row = await this.one(name);
    if (this.#isChecking) throw new ServerError("BUSY", "another check is at work: try again in a moment");
    this.#isChecking = true;
    try {
      const check = await this.#checked(row, by);
      const text = check.problems.length > 0 ? `found wanting: ${check.problems.join("; ")}` : "passed";
      const decision = { ...said(row, "checked", by, text), fields: { digest: row.digest } };
      await db.transaction().execute(async (tx) => {
        await setOwnCheck(tx, name, row.digest, check);
        await evidence.append(tx, [decision], now());
      });
      changes.tell("rule", name);
      changes.tell("evidence");
      return await this.one(name);
    } finally {
      this.#isChecking = false;
    }
  }

  /** Puts a draft on trial, or ends what is not published. @throws {ServerError} NOT_FOUND, CONFLICT */
  async move(
    name: string,
    { to, digest, reason }: { readonly to: "trial" | "ended"; readonly digest: string; readonly reason: string },
    by: string,
  ): Promise<OwnRule> {
    const row = await this.one(name);
    if (row.digest !== digest) throw new ServerError("CONFLICT", "this is not what was looked at: look again");
    if (row.stage === "published")
      throw new ServerError("CONFLICT", "it is published: undo the action that published it");
    if (row.stage === "ended") throw new ServerError("CONFLICT", "it has ended: write it anew as a draft");
    if (to === "trial") {
      if (row.stage === "trial") throw new ServerError("CONFLICT", "it is on trial already");
      const wrong = this.#wrongWith(row);
      if (wrong !== undefined) throw new ServerError("CONFLICT", wrong);
    }
    const word = to === "trial" ? "put on trial" : "ended";
    await this.change(row, { stage: to, at: this.#options.now() }, said(row, word, by, reason));
    return this.one(name);
  }

  /** Why it cannot be published now; undefined: it can. */
  whyNot(row: OwnRule): string | undefined {
    if (row.stage === "published") return "it is published already";
    if (row.stage !== "trial") return `it is ${stageText[row.stage]}: put it on trial first`;
    return this.#wrongWith(row);
  }

  /**
   * Changes the stage, in the stores and in the line at once.
   *
   * @throws {ServerError} CONFLICT when it is no longer what was looked at.
   */
  async change(row: Pick<OwnRule, "name" | "digest" | "stage">, to: StageChange, decision: Decision): Promise<void> {
    const { db, config, worker, changes } = this.#options;
    await worker.decide(async () => {
      const all = await allOwnRules(db);
      const now = all.find(({ name }) => name === row.name);
      if (now?.digest !== row.digest || now.stage !== row.stage)
        throw new ServerError("CONFLICT", "it is no longer what it was: look again");
      const own = all.map((it) => (it.name === row.name ? { ...it, stage: to.stage } : it));
      return {
        told: { tuning: await tuningOf(db, config, { own }) },
        decisions: [{ ...decision, fields: { digest: row.digest, stage: to.stage } }],
        async store(tx) {
          if (!(await setOwnStage(tx, row, to))) throw new ServerError("CONFLICT", "it is no longer what it was");
        },
      };
    });
    changes.tell("rule", row.name);
    changes.tell("evidence");
  }

  /** Publishes what was agreed to. */
  async publish(name: string, digest: string, { by, action }: { readonly by: string; readonly action: string }) {
    const row = await this.one(name);
    const wrong = row.digest === digest ? this.whyNot(row) : "it is no longer what was agreed to";
    if (wrong !== undefined) throw new ServerError("ACTION_REFUSED", wrong);
    const at = this.#options.now();
    const endsAt = row.days === undefined ? undefined : at + row.days * dayMs;
    await this.change(row, { stage: "published", at, endsAt, action }, said(row, "published", by, row.reason));
  }

  /** Takes it out of use at once. What is not in use stays so. */
  async unpublish(name: string, digest: string, { by, reason }: { readonly by: string; readonly reason: string }) {
    const row = await ownRuleByName(this.#options.db, name);
    if (row?.stage !== "published" || row.digest !== digest) return;
    await this.change(row, { stage: "ended", at: this.#options.now() }, said(row, "ended", by, reason));
  }

  /** Ends exceptions whose time is over, again and again until `stop` is called. */
  watch(): { readonly stop: () => void } {
    const timer = setInterval(() => void this.endDue(), lookMs);
    timer.unref();
    return { stop: () => clearInterval(timer) };
  }

  async endDue(): Promise<void> {
    const { db, log, now } = this.#options;
    try {
      for (const it of await overdueOwnRules(db, now()))
        await this.unpublish(it.name, it.digest, { by: self, reason: "its time was over" });
    } catch (err) {
      log.warn({ err }, "an exception whose time is over could not be ended");
    }
  }

  /** What kind of source a stored event came from. */
  kindOf(event: OcsfEvent): SourceKind | undefined {
    const kind = this.#options.worker.sources().get(event.source)?.kind ?? "auto";
    return kind === "auto" ? detectKind(event.raw_data ?? "") : kind;
  }

  #wrongWith({ check, name, text, stage }: OwnRule): string | undefined {
    if (!check) return "check it first: its proofs, and what it would have hidden";
    const [problem] = check.problems;
    if (problem !== undefined) return problem;
    if (this.#options.now() - check.at > checkHoldsMs) return "it was checked more than a day ago: check it again";
    const [refused] = stage === "draft" ? this.#refused(name, text) : [];
    return refused;
  }

  #refused(name: string, text: string): string[] {
    return this.#options.worker.wouldRefuse([{ name, text, stage: "trial" }]).map((it) => it.reason);
  }

  async #checked(row: OwnRule, by: string): Promise<OwnCheck> {
    const { db, engine, register, now } = this.#options;
    const it = this.#read(row.text);
    const problems = this.#refused(row.name, row.text);
    const { proofs, unproven } = await this.#proofsFor(row);
    const proven = await runProofs(proofs);
    for (const one of proven)
      if (!one.passed) problems.push(`the proof of ${one.rule} does not hold: ${one.case}: ${one.problem ?? "failed"}`);
    if (it.kind === "rule") problems.push(...whyUnproven(proven));
    const hides =
      it.kind === "rule"
        ? undefined
        : await hiddenBy(row.text, this.#spokenBy(it.rules), {
            db,
            engine,
            register,
            kindOf: (event) => this.kindOf(event),
            now: now(),
          });
    if (hides && hides.confirmed > 0) {
      const what =
        hides.confirmed === 1 ? "an alert of a confirmed theft" : `${hides.confirmed} alerts of confirmed thefts`;
      problems.push(`it would have hidden ${what}: make it narrower`);
    }
    return { at: now(), by, proofs: proven, unproven, ...(hides && { hides }), problems };
  }

  /** What must hold: of a rule its own proof, of an exception those of the rules it is for. */
  async #proofsFor(row: OwnRule): Promise<{ proofs: Proof[]; unproven: string[] }> {
    if (row.kind === "rule") {
      const { name, text: rule, proof } = row;
      return { proofs: proof === undefined ? [] : [{ name, rule, proof, exceptions: [] }], unproven: [] };
    }
    const { rules, worker, db } = this.#options;
    const proofs = new Map<string, Proof>();
    const unproven: string[] = [];
    const own = await allOwnRules(db);
    for (const id of row.rules) {
      const info = worker.rules().find((it) => it.id === id);
      const file = rules.find(({ text }) => text === info?.text);
      const mine = own.find(({ text }) => text === info?.text);
      const found = file ? { name: stemOf(file.path), text: file.text, proof: file.proof } : mine;
      if (found?.proof === undefined) unproven.push(id);
      else proofs.set(found.name, { name: found.name, rule: found.text, proof: found.proof, exceptions: [row.text] });
    }
    return { proofs: [...proofs.values()], unproven };
  }

  /** What the parts of a rule are called in alerts: those that speak, of the same text. */
  #spokenBy(names: readonly string[]): string[] {
    const all = this.#options.worker.rules();
    const texts = new Set(all.filter((it) => names.includes(it.id)).flatMap((it) => it.text ?? []));
    const isOf = (it: RuleInfo): boolean => names.includes(it.id) || (it.text !== undefined && texts.has(it.text));
    return all.filter(isOf).map((it) => it.id);
  }

  #read(text: string): OwnText {
    const { register, worker } = this.#options;
    try {
      return readOwnRule(text, register, worker.rules());
    } catch (cause) {
      if (cause instanceof PipelineError) throw new ServerError("BAD_REQUEST", cause.message, { cause });
      throw cause;
    }
  }
}

/** Names of stages, after "it is". */
const stageText: Readonly<Record<OwnRule["stage"], string>> = {
  draft: "a draft",
  trial: "on trial",
  published: "published",
  ended: "ended",
};

/** A rule goes on with a proof that shows both: what it finds, and what it leaves alone. */
function whyUnproven(proven: OwnCheck["proofs"]): string[] {
  const has = (is: boolean): boolean => proven.some((it) => (it.kind === "attack") === is);
  if (proven.length === 0)
    return ["it has no proof: write at least a case that must raise an alert and one that must not"];
  if (proven.some((it) => it.case === "(proof)")) return [];
  return [
    ...(has(true) ? [] : ["its proof has no case of kind attack, which must raise an alert"]),
    ...(has(false) ? [] : ["its proof has no case of kind clean or twin, which must raise none"]),
  ];
}

function said(
  { name, kind, title }: Pick<OwnRule, "name" | "kind" | "title">,
  word: string,
  by: string,
  reason: string,
): Decision {
  return {
    kind: `${kind}-${word.split(" ").at(-1)}`,
    by,
    subject: name,
    text: `${word} the ${kind} ${title}: ${reason}`,
  };
}

function digestOf(it: Pick<StoredOwnRule, "name" | "text" | "proof" | "space" | "days">): string {
  const { name, text, proof, space, days } = it;
  return createHash("sha256")
    .update(JSON.stringify([name, text, proof, space, days]))
    .digest("hex");
}

function stemOf(path: string): string {
  return /([^/\\]+)\.yml$/.exec(path)?.[1] ?? path;
}
