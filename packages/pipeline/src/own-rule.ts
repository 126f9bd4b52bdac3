// What people write beside the rules of a release: read before it is kept, begun for them, and tried on alerts that are stored.
import { createHash } from "node:crypto";
import { reservedFields, type Alert, type ModelEntry, type OcsfEvent, type OwnDraft } from "@outweigh/schema";
import {
  compileFilter,
  compileRules,
  escapeValue,
  fits,
  SigmaError,
  type FilterDocument,
  type SigmaDocument,
} from "@outweigh/sigma";
import { stringify } from "yaml";
import { detectors } from "./detect/detectors.ts";
import type { RuleInfo } from "./detect/rule-info.ts";
import { placeholdersOf } from "./detect/rules.ts";
import { PipelineError } from "./error.ts";
import type { SourceKind } from "./ingest/source.ts";
import { storedView } from "./stored-view.ts";
import type { Register } from "./register.ts";

/** Most documents of one text: a correlation joins a few rules, each read in a quarter of a second at worst. */
const maxParts = 10;

/** What a text of somebody's is. */
export interface OwnText {
  readonly kind: "exception" | "rule";
  readonly name: string;
  readonly title: string;
  /** Of an exception: the rules and detectors it is for. */
  readonly rules: readonly string[];
}

/**
 * Reads an exception, which is one filter, or a rule, which may be of several parts; the last part names it.
 *
 * @param known Everything that can raise an alert here, for the names of an exception's rules.
 * @throws {PipelineError} BAD_RULE with what is wrong and where.
 */
export function readOwnRule(text: string, register: Register, known: readonly RuleInfo[]): OwnText {
  // Before it is read: who writes a draft must not hold up what the server watches.
  if (text.split(/^(?:---|\.\.\.)/m, maxParts + 2).length > maxParts + 1)
    throw new PipelineError("BAD_RULE", `more than ${maxParts} documents: write several rules`);
  const documents = compiled(text, register);
  const last = documents.at(-1);
  if (!last) throw new PipelineError("BAD_RULE", "there is no document in it");
  if (last.name === undefined) throw new PipelineError("BAD_RULE", "name: the last document has none");
  checkNames(documents, text, known);
  const filters = documents.filter((it) => it.kind === "filter");
  const [filter] = filters;
  const about = { name: last.name, title: last.title };
  if (!filter) {
    checkJoins(documents);
    return { kind: "rule", ...about, rules: [] };
  }
  if (documents.length > 1) throw new PipelineError("BAD_RULE", "an exception stands alone, one to a text");
  checkRules(filter, register, known);
  return { kind: "exception", ...about, rules: filter.rules };
}

function compiled(text: string, register: Register): SigmaDocument[] {
  try {
    return compileRules(text, { placeholders: placeholdersOf(register) });
  } catch (cause) {
    if (!(cause instanceof SigmaError)) throw cause;
    throw new PipelineError("BAD_RULE", cause.message, { cause });
  }
}

/** Alerts are told by their rule's name: whoever took another's would speak, or be silent, in its place. */
function checkNames(documents: readonly SigmaDocument[], text: string, known: readonly RuleInfo[]): void {
  const others = new Set(known.filter((it) => it.text !== text).map(({ id }) => id));
  for (const { name, title } of documents) {
    if (name === undefined) throw new PipelineError("BAD_RULE", `name: the document ${title} has none`);
    if (others.has(name)) throw new PipelineError("BAD_RULE", `name: another rule is called ${name}`);
  }
}

/** What a correlation joins speaks no more by itself: nobody silences a rule of the release so, which takes an exception. */
function checkJoins(documents: readonly SigmaDocument[]): void {
  const own = new Set(documents.flatMap(({ name, id }) => [name, id]));
  for (const it of documents) {
    const strange = it.kind === "correlation" ? it.correlation.rules.find((rule) => !own.has(rule)) : undefined;
    if (strange !== undefined)
      throw new PipelineError("BAD_RULE", `correlation.rules: ${strange} is no part of this text: copy it into it`);
  }
}

/** An exception is for one rule, whose parts it names, or for one detector. */
function checkRules({ rules, logsource }: FilterDocument, register: Register, known: readonly RuleInfo[]): void {
  const texts = new Set<string | undefined>();
  for (const name of rules) {
    const it = known.find(({ id }) => id === name);
    if (!it) throw new PipelineError("BAD_RULE", `filter.rules: no rule here is called ${name}`);
    texts.add(it.text ?? it.id);
    if (it.text === undefined) continue;
    const document = partsOf(it, register).find((part) => part.name === name || part.id === name);
    if (document?.kind === "correlation")
      throw new PipelineError("BAD_RULE", `filter.rules: ${name} is a correlation: name the rules that it joins`);
    if (document?.kind === "rule" && !fits(logsource, document.logsource))
      throw new PipelineError("BAD_RULE", `logsource: it is not that of ${name}, so the exception would hide nothing`);
  }
  if (texts.size > 1)
    throw new PipelineError("BAD_RULE", "filter.rules: an exception is for one rule: write one for each");
}

function partsOf({ text }: RuleInfo, register: Register): SigmaDocument[] {
  return text === undefined ? [] : compiled(text, register);
}

/**
 * An exception to begin with, for what a rule or detector said: of the alert's principal and model, where it has them. Of a
 * correlation it leaves out the events that would be counted.
 */
export function draftException(rule: RuleInfo, register: Register, alert: Alert | undefined): OwnDraft {
  const parts = partsOf(rule, register).filter((it) => it.kind === "rule");
  const [first] = parts;
  const isShared = first !== undefined && parts.every((it) => fits(first.logsource, it.logsource));
  const logsource = rule.text === undefined || !isShared ? {} : first.logsource;
  const about = [alert?.principal, alert?.model].filter((it) => it !== undefined).join(" and ");
  const names = parts.length > 0 ? parts.map((it) => it.name ?? it.id ?? it.title) : [rule.id];
  const key = createHash("sha256")
    .update(JSON.stringify([rule.id, alert?.principal, alert?.model]))
    .digest("hex");
  const selection = {
    ...(alert?.principal !== undefined && { "principal|cased": escapeValue(alert.principal) }),
    ...(alert?.model !== undefined && { "model|cased": escapeValue(alert.model) }),
  };
  const text = stringify(
    {
      title: about === "" ? `Work that looks like: ${rule.title}` : `${about}: work that looks like ${rule.title}`,
      name: `exception_${rule.id.replaceAll(/[^a-z0-9]+/g, "_").slice(0, 50)}_${key.slice(0, 8)}`,
      description: "Say here why this is fine, and who said so.",
      logsource,
      filter: {
        rules: names,
        selection: Object.keys(selection).length > 0 ? selection : { "principal|cased": "say-who" },
        condition: "not selection",
      },
    },
    { lineWidth: 0 },
  );
  return { text };
}

export interface ProofDraft {
  /** Events that the rule is to find, and others that it is not to. */
  readonly attack: readonly OcsfEvent[];
  readonly clean: readonly OcsfEvent[];
  readonly models: readonly ModelEntry[];
  kindOf(event: OcsfEvent): SourceKind | undefined;
}

/** A proof to begin with, of records that are stored; undefined where none of the attack was kept whole. */
export function draftProof({ attack, clean, models, kindOf }: ProofDraft): string | undefined {
  const caseOf = (name: string, kind: "attack" | "clean", events: readonly OcsfEvent[]): object[] => {
    const read = events.flatMap((it) => {
      const source = kindOf(it);
      return source !== undefined && storedView(it, source).raw !== undefined ? [{ source, it }] : [];
    });
    const source = read[0]?.source;
    if (source === undefined) return [];
    const records = read.filter((one) => one.source === source).map(({ it }) => it.raw_data ?? "");
    const named = models.filter(({ name }) => read.some(({ it }) => it.model === name));
    const expect = kind === "attack" ? "alert" : "nothing";
    return [{ name, kind, expect, source, ...(named.length > 0 && { models: named }), records: [...new Set(records)] }];
  };
  const found = caseOf("what was hunted for", "attack", attack);
  if (found.length === 0) return undefined;
  return stringify([...found, ...caseOf("what else came from there", "clean", clean)], {
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

/** An exception over alerts that are stored: which of their events it would have hidden. */
export class ExceptionTrial {
  readonly #stays: ReturnType<typeof compileFilter>;
  readonly #kindOf: (event: OcsfEvent) => SourceKind | undefined;
  /** The detectors it is for. What they find is told by the alert, not by its event alone. */
  readonly #detectors: ReadonlySet<string>;

  /** @throws {PipelineError} BAD_RULE unless it is one exception. */
  constructor(text: string, register: Register, kindOf: (event: OcsfEvent) => SourceKind | undefined) {
    const [filter] = compiled(text, register);
    if (filter?.kind !== "filter") throw new PipelineError("BAD_RULE", "this is no exception");
    this.#stays = compileFilter(filter, { reserved: reservedFields });
    this.#kindOf = kindOf;
    this.#detectors = new Set(filter.rules.filter((name) => detectors.some(({ id }) => id === name)));
  }

  hides(event: OcsfEvent, { rule, principal, model }: Pick<Alert, "rule" | "principal" | "model">): boolean {
    const { raw, logsources } = storedView(event, this.#kindOf(event));
    const found = { principal: principal ?? "", ...(model !== undefined && { model }) };
    const fields = this.#detectors.has(rule) ? { ...event, ...found } : event;
    return !this.#stays({ id: event.id, time: event.time, fields, raw: raw ?? {}, logsources });
  }
}
