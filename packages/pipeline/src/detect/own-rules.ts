import { reservedFields, type OcsfEvent } from "@outweigh/schema";
import { compileFilter, type FilterDocument, type SigmaDocument, type SigmaEvent } from "@outweigh/sigma";
import type { TunedCount, TunedRule } from "../tuning.ts";
import type { Claim } from "./alert-book.ts";
import { detectors } from "./detectors.ts";
import type { Compiled } from "./rules.ts";

/** An exception for what a detector finds. */
interface ForDetector {
  readonly own: TunedRule;
  readonly stays: (event: SigmaEvent) => boolean;
}

/** What people wrote here, beside the rules that came with the release: what is only tried, for whom it is, and how often it matched. */
export class OwnRules {
  /** Filters that hide nothing yet. */
  readonly trial: ReadonlySet<SigmaDocument>;
  readonly #ownOf = new Map<SigmaDocument, TunedRule>();
  readonly #forDetectors = new Map<string, ForDetector[]>();
  readonly #counts = new Map<string, TunedCount>();
  readonly #own: readonly TunedRule[];

  constructor(own: readonly TunedRule[], loaded: readonly Compiled[]) {
    this.#own = own;
    const byText = new Map(own.map((it) => [it.text, it]));
    for (const { text, documents } of loaded) {
      const it = byText.get(text);
      if (!it) continue;
      for (const document of documents) {
        this.#ownOf.set(document, it);
        if (document.kind === "filter") this.#forDetector(document, it);
      }
    }
    const tried = [...this.#ownOf].filter(([, it]) => it.stage === "trial");
    this.trial = new Set(tried.map(([document]) => document));
  }

  #forDetector(filter: FilterDocument, own: TunedRule): void {
    for (const rule of filter.rules) {
      if (!detectors.some(({ id }) => id === rule)) continue;
      const stays = compileFilter(filter, { reserved: reservedFields });
      this.#forDetectors.set(rule, [...(this.#forDetectors.get(rule) ?? []), { own, stays }]);
    }
  }

  /** Counts what a filter hid. One that came with the rules is nobody's here. */
  hid(filter: FilterDocument, event: OcsfEvent): void {
    const own = this.#ownOf.get(filter);
    if (own) this.#count(own, event);
  }

  /** Whether an exception hides a detector's finding; those on trial only count. */
  hides(claim: Claim, event: OcsfEvent, seen: () => SigmaEvent): boolean {
    let isHidden = false;
    for (const { own, stays } of this.#forDetectors.get(claim.rule) ?? []) {
      if (stays(seen())) continue;
      this.#count(own, event);
      isHidden ||= own.stage === "published";
    }
    return isHidden;
  }

  /** Whether a match of this document is to be an alert: not of a rule on trial, nor beyond the models that it looks at. */
  speaks(document: SigmaDocument, event: OcsfEvent): boolean {
    const own = this.#ownOf.get(document);
    if (!own) return true;
    if (own.models !== undefined && (event.model === undefined || !own.models.includes(event.model))) return false;
    this.#count(own, event);
    return own.stage === "published";
  }

  counts(): TunedCount[] {
    return this.#own.map((it) => this.#counts.get(it.name) ?? { name: it.name, matches: 0 });
  }

  keepCounts(counts: readonly TunedCount[]): void {
    for (const it of counts) if (this.#own.some(({ name }) => name === it.name)) this.#counts.set(it.name, it);
  }

  #count({ name }: TunedRule, { id, time }: OcsfEvent): void {
    const { matches = 0, lastAt = 0 } = this.#counts.get(name) ?? {};
    this.#counts.set(name, { name, matches: matches + 1, lastAt: Math.max(lastAt, time), event: id });
  }
}
