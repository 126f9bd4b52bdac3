import type { Level, Status } from "./attributes.ts";
import type { Hit } from "./correlation/correlator.ts";
import { labelOf, type CorrelationDocument, type RuleDocument } from "./document.ts";
import { maxShownLength } from "./limits.ts";
import type { MatchedField } from "./reason.ts";

/** A rule or correlation that says: this is what I was written for. */
export interface SigmaMatch {
  /** The name of the rule; else its id; else its title. */
  readonly rule: string;
  readonly id?: string;
  readonly title: string;
  /** `medium` if the rule states none; of a correlation that states none, the highest of what it joins. */
  readonly level: Level;
  readonly status?: Status;
  readonly tags: readonly string[];
  /** When the last event of it happened, in ms since 1970. */
  readonly time: number;
  /** The fields that made it match; of a correlation its groups and what was measured. Bounded and cut to length. */
  readonly matched: readonly MatchedField[];
  /** Ids of the events behind it; of a correlation the first 200. */
  readonly events: readonly string[];
  /** How many matches of its rules a correlation stands for; otherwise 1. */
  readonly count: number;
  /** Of a correlation: the values of its group-by fields. */
  readonly group?: Readonly<Record<string, string>>;
  readonly document: RuleDocument | CorrelationDocument;
}

/** What every match of a document says. */
type Claim = Pick<SigmaMatch, "rule" | "id" | "title" | "level" | "status" | "tags" | "document">;

export function claim(document: RuleDocument | CorrelationDocument, level: Level): Claim {
  const { id, title, status, tags } = document;
  return {
    rule: labelOf(document),
    ...(id === undefined ? {} : { id }),
    title,
    level,
    ...(status === undefined ? {} : { status }),
    tags,
    document,
  };
}

/** What a correlation saw: its group, what was measured, and the values that matter, if only some do. */
export function measured({ correlation }: CorrelationDocument, { group, value, values }: Hit): MatchedField[] {
  const what = [correlation.type, ...correlation.fields].join(" ");
  const shown = values.slice(0, 10).map((it) => ({ field: correlation.fields.join(" "), value: it }));
  return [...group.map(([field, it]) => ({ field, value: it })), { field: what, value: String(value) }, ...shown].map(
    (it) => ({ field: it.field, value: it.value.slice(0, maxShownLength) }),
  );
}
