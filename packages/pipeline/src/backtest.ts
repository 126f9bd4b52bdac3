import type { OcsfEvent, Severity } from "@outweigh/schema";
import { Rules, type Refused } from "./detect/rules.ts";
import type { Logsource, Raw, SourceKind } from "./ingest/source.ts";
import { sourceOf } from "./ingest/sources.ts";
import type { Register } from "./register.ts";

/** What a rule would have said of an event that is stored already. */
export interface BacktestMatch {
  readonly rule: string;
  readonly summary: string;
  readonly severity: Severity;
  /** When the event happened that completed the match, in ms since 1970. */
  readonly at: number;
  readonly principal?: string | undefined;
  readonly model?: string | undefined;
  readonly events: readonly string[];
}

export interface BacktestOptions {
  /** One file of Sigma: a rule, or a correlation with what it joins. */
  readonly rule: string;
  readonly register: Register;
  /** What kind of source a stored event's `source` is; undefined when that is not known any more. */
  kindOf(source: string): SourceKind | undefined;
}

const around = { trusts: () => false };

/**
 * Tries one rule on events that are stored, in the order given, which should be that of time. The same rules as in a line see the
 * same two views: the event itself, and the record as its source names its fields, read again from what was kept of it.
 *
 * Blind spots: records of which nothing, or only the beginning, was kept have no second view; and what an envelope said of its
 * messages' kinds is told by their content again.
 */
export class Backtest {
  readonly #rules: Rules;
  readonly #kindOf: BacktestOptions["kindOf"];
  #blind = 0;

  constructor({ rule, register, kindOf }: BacktestOptions) {
    this.#rules = new Rules([rule], register);
    this.#kindOf = kindOf;
  }

  /** Why the rule cannot be used, if so: then nothing matches. */
  get refused(): readonly Refused[] {
    return this.#rules.refused;
  }

  /** How many events had no view of their source: rules on its own field names could not match these. */
  get blind(): number {
    return this.#blind;
  }

  step(event: OcsfEvent): BacktestMatch[] {
    const { raw, logsources } = this.#viewOf(event);
    if (raw === undefined) this.#blind++;
    return this.#rules.step(event, raw ?? {}, logsources).map((it) => ({
      rule: it.rule,
      summary: it.summary,
      severity: it.severity,
      at: event.time,
      principal: it.principal,
      model: it.model,
      events: it.events,
    }));
  }

  #viewOf(event: OcsfEvent): { raw: Raw | undefined; logsources: readonly Logsource[] } {
    const kind = this.#kindOf(event.source);
    if (kind === undefined) return { raw: undefined, logsources: [] };
    const own = sourceOf(kind);
    const read = own.read(event.raw_data ?? "", { source: event.source, offset: 0, receivedAt: event.time }, around);
    if (!read.ok) return { raw: undefined, logsources: own.logsources };
    const at = read.events.length === 1 ? 0 : read.events.findIndex((it) => it.id === event.id);
    const as = read.as?.[at] ?? own.logsources;
    return { raw: read.raw[at], logsources: typeof as === "string" ? sourceOf(as).logsources : as };
  }
}
