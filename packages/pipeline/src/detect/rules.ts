import { reservedFields, type OcsfEvent } from "@outweigh/schema";
import {
  compileRules,
  escapeValue,
  SigmaEngine,
  SigmaError,
  type Counters,
  type SigmaDocument,
  type SigmaEvent,
  type SigmaMatch,
} from "@outweigh/sigma";
import { weightSuffixes } from "../artifact.ts";
import type { Logsource, Raw } from "../ingest/source.ts";
import type { Register } from "../register.ts";
import type { TunedCount, TunedRule } from "../tuning.ts";
import { countText } from "../amounts.ts";
import type { Claim } from "./alert-book.ts";
import { detectors } from "./detectors.ts";
import { methodOf, whoText } from "./events.ts";
import { featuresText, linkedOf } from "./linked.ts";
import { ruleInfo, severityOf, type RuleInfo } from "./rule-info.ts";
import { OwnRules } from "./own-rules.ts";
import { failed } from "./run.ts";

/** A rule that was not loaded. */
export interface Refused {
  /** Its name, else the beginning of its text. */
  readonly rule: string;
  readonly reason: string;
}

/** The Sigma rules of one line: compiled once, tried on each event that comes from a logsource they name. */
export class Rules {
  readonly refused: readonly Refused[];
  /** How many exceptions (filters) are applied. */
  readonly exceptions: number;
  readonly #engine: SigmaEngine;
  readonly #infos: ReadonlyMap<string, RuleInfo>;
  readonly #logsources = new WeakMap<readonly Logsource[], readonly Logsource[]>();
  readonly #own: OwnRules;
  /** What each text was read as: it does not change while the register does not. */
  readonly #read = new Map<string, readonly SigmaDocument[]>();

  /** @param options `exceptions: false` leaves out filters, to tell what they hide; `own` is what people wrote here; `known` has read the same texts. */
  constructor(texts: readonly string[], register: Register, { exceptions = true, own = [], known }: RulesOptions = {}) {
    const placeholders = placeholdersOf(register);
    const refused: Refused[] = [];
    const compiled = [...texts, ...own.map((it) => it.text)].flatMap((text): Compiled[] => {
      try {
        const documents = (known ? known.#read.get(text) : undefined) ?? compileRules(text, { placeholders });
        this.#read.set(text, documents);
        return [{ text, documents: exceptions ? documents : documents.filter((it) => it.kind !== "filter") }];
      } catch (error) {
        if (!(error instanceof SigmaError)) throw error;
        refused.push({ rule: titleOf(text), reason: reasonOf(error) });
        return [];
      }
    });
    const loaded = join(compiled, refused);
    this.#own = new OwnRules(own, loaded);
    this.#engine = engineOf(loaded, this.#own.trial);
    this.exceptions = loaded.flatMap((it) => it.documents).filter((it) => it.kind === "filter").length;
    this.#infos = new Map(
      loaded.flatMap(({ text, documents }) =>
        documents
          .filter((it) => it.kind !== "filter")
          .map((it) => [labelOf(it), ruleInfo(it, text, documents)] as const),
      ),
    );
    this.refused = refused;
  }

  step(event: OcsfEvent, raw: Raw, logsources: readonly Logsource[]): Claim[] {
    try {
      const matches = this.#engine.step(this.seen(event, raw, logsources));
      for (const { filter } of this.#engine.hidden) this.#own.hid(filter, event);
      return matches.length === 0 ? [] : matches.flatMap((it) => this.#claim(it, event));
    } catch (cause) {
      return [failed({ id: "sigma" }, event, cause)];
    }
  }

  /** Whether an exception hides what a detector found of an event. */
  hides(claim: Claim, event: OcsfEvent, raw: Raw, logsources: readonly Logsource[]): boolean {
    return this.#own.hides(claim, event, () => this.seen({ ...event, ...aboutOf(claim) }, raw, logsources));
  }

  /** How often what people wrote here matched. */
  counts(): TunedCount[] {
    return this.#own.counts();
  }

  /** Takes over the counts of those that are as they were. */
  keepCounts(counts: readonly TunedCount[]): void {
    this.#own.keepCounts(counts);
  }

  /** What rules say of an event, also those that are no more than a signal. */
  matches(event: SigmaEvent): SigmaMatch[] {
    return this.#engine.step(event);
  }

  /** An event as rules see it, in both views. */
  seen(event: OcsfEvent, raw: Raw, logsources: readonly Logsource[]): SigmaEvent {
    return { id: event.id, time: event.time, fields: event, raw, logsources: this.#wide(logsources) };
  }

  /** What loads but cannot work as its author meant. */
  get warnings(): readonly string[] {
    return this.#engine.warnings;
  }
  /** The same list for the same source, as the engine keeps its plan by list. */
  #wide(logsources: readonly Logsource[]): readonly Logsource[] {
    const known = this.#logsources.get(logsources);
    if (known) return known;
    const wide = [...logsources, everywhere];
    this.#logsources.set(logsources, wide);
    return wide;
  }

  #claim(match: SigmaMatch, event: OcsfEvent): Claim[] {
    const info = this.#infos.get(match.rule);
    // Informational rules are signals for correlations; by themselves they claim nothing.
    if (!info || info.level === "informational") return [];
    if (!this.#own.speaks(match.document, event)) return [];
    const times = match.count > 1 ? `, ${match.count} events` : "";
    const what = event.artifact === undefined ? "" : `: ${event.artifact}`;
    const linked = linkedOf(event);
    const more = linked
      ? ` and ${countText(linked.members.length - 1, "account")} linked by ${featuresText(linked)}`
      : "";
    return [
      {
        rule: info.id,
        title: info.title,
        summary: `${info.title} by ${whoText(event)}${more}${what}${times}`,
        severity: severityOf(info),
        principal: event.principal,
        model: event.model,
        act: info.act,
        method: info.method ?? methodOf(event),
        linked,
        events: match.events.length > 0 ? match.events : [event.id],
        matched: match.matched,
        techniques: info.techniques,
        playbook: info.playbook,
      },
    ];
  }

  /** Rules and detectors, as they are described to people. */
  infos(): RuleInfo[] {
    const coded = detectors.map((it): RuleInfo => {
      const { id, title, severity, techniques, blindspots, playbook, act, method } = it;
      return {
        id,
        kind: "detector",
        title,
        level: severity,
        status: "test",
        techniques,
        blindspots,
        playbook,
        falsepositives: [],
        ...(act && { act }),
        ...(method && { method }),
      };
    });
    return [...coded, ...this.#infos.values()];
  }

  /** The rules that match by themselves; the others are only joined by some that do. */
  speaking(): RuleInfo[] {
    return this.#engine.speaking.flatMap((it) => this.#infos.get(labelOf(it)) ?? []);
  }

  get counters(): Counters {
    return this.#engine.counters;
  }

  snapshot(): unknown {
    return this.#engine.snapshot();
  }

  restore(state: unknown): void {
    this.#engine.restore(state);
  }
}

interface RulesOptions {
  readonly exceptions?: boolean;
  readonly own?: readonly TunedRule[];
  readonly known?: Rules;
}

/** A text that was read. */
export interface Compiled {
  readonly text: string;
  readonly documents: readonly SigmaDocument[];
}

/** A finding's own principal and model: of a coalition, none. */
function aboutOf({ principal, model }: Claim): { principal: string; model?: string } {
  // Without a name no selection by name fits.
  return { principal: principal ?? "", ...(model !== undefined ? { model } : {}) };
}

/** An engine of all texts that fit together: one that does not (a name used twice, a correlation of nothing) is refused alone. */
function join(compiled: readonly Compiled[], refused: Refused[]): readonly Compiled[] {
  // Correlations last, so that what they name is there when halves are tried.
  const joins = ({ documents }: Compiled) => documents.some((it) => it.kind === "correlation");
  const ordered = [...compiled.filter((it) => !joins(it)), ...compiled.filter(joins)];
  const loaded: Compiled[] = [];
  const add = (list: readonly Compiled[]): void => {
    const problem = problemOf([...loaded, ...list]);
    const [only] = list;
    if (problem === undefined || only === undefined) loaded.push(...list);
    else if (list.length === 1) refused.push({ rule: titleOf(only.text), reason: problem });
    else {
      add(list.slice(0, list.length >> 1));
      add(list.slice(list.length >> 1));
    }
  };
  add(ordered);
  return loaded;
}

/** What would give a placeholder a value, by its name. */
const unfilled: ReadonlyMap<string, string> = new Map([
  ["known_readers", "nobody is declared as a reader yet: write readers: [NAME] under a model in outweigh.yml"],
  ["model_buckets", "no bucket is declared yet: write places: [s3://BUCKET/PREFIX/] under a model in outweigh.yml"],
  [
    "model_repos",
    "no image repository is declared yet: write places: [oci:REGISTRY/NAME] under a model in outweigh.yml",
  ],
]);

/** Why a rule is not used, in words that say what to do: a placeholder without a value is no mistake of the rule. */
function reasonOf(error: SigmaError): string {
  if (error.code !== "PLACEHOLDER_UNFILLED") return error.message;
  const names = [...error.reason.matchAll(/%(\w+)%/g)].map(([, name = ""]) => name);
  return names.map((it) => unfilled.get(it) ?? error.message).join("; ");
}

function engineOf(list: readonly Compiled[], trial: ReadonlySet<SigmaDocument> = new Set()): SigmaEngine {
  return new SigmaEngine(
    list.flatMap(({ documents }) => documents.filter(isInUse)),
    { reserved: reservedFields, trial },
  );
}

function problemOf(list: readonly Compiled[]): string | undefined {
  try {
    engineOf(list);
    return undefined;
  } catch (error) {
    if (error instanceof SigmaError) return error.message;
    throw error;
  }
}

function isInUse({ status }: SigmaDocument): boolean {
  return status !== "deprecated" && status !== "unsupported";
}

function titleOf(text: string): string {
  return /^(?:name|title):\s*(.+)$/m.exec(text)?.[1] ?? text.slice(0, 60);
}

/** Every event of ours, whatever the source: for rules on what all sources tell alike. */
const everywhere: Logsource = { product: "outweigh", category: "model_access" };

function labelOf({ name, id, title }: SigmaDocument): string {
  return name ?? id ?? title;
}

/** What `%name%` stands for in our rules: from the register, and the file name endings of weights. */
export function placeholdersOf({ models }: Register): Record<string, string[]> {
  const places = models.flatMap((it) => it.places);
  const of = (scheme: string) => places.filter((it) => it.startsWith(`${scheme}:`));
  const buckets = of("s3").map((it) => /^s3:\/\/([^/]+)/.exec(it)?.[1] ?? "");
  return {
    weight_suffixes: weightSuffixes.map((it) => escapeValue(it)),
    model_buckets: [...new Set(buckets)].map((it) => escapeValue(it)),
    model_repos: of("oci").map((it) => escapeValue(it.slice("oci:".length))),
    // Readers are patterns already, with the same star.
    known_readers: [...new Set(models.flatMap((it) => it.readers))],
  };
}
