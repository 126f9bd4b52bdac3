import type { Network } from "./cidr.ts";
import type { MomentPart } from "./moment.ts";
import type { Glob } from "./pattern.ts";
import type { Regex } from "./regex.ts";

export type Comparison = "lt" | "lte" | "gt" | "gte";

/** What a rule asks of one value of a field, once all modifiers are applied. */
export type ValueTest =
  | { readonly kind: "glob"; readonly glob: Glob }
  | { readonly kind: "regex"; readonly regex: Regex }
  | { readonly kind: "network"; readonly network: Network }
  /** Without `op` the part of the date has to be equal. */
  | {
      readonly kind: "number";
      readonly number: number;
      readonly op: Comparison | undefined;
      readonly part: MomentPart | undefined;
    }
  /** The field is absent, null, or a list of nothing else. */
  | { readonly kind: "null" }
  /** The field's name is in the event, whatever its value. */
  | { readonly kind: "exists"; readonly wanted: boolean }
  /** The value of another field, as a whole or with open ends. */
  | {
      readonly kind: "field";
      readonly field: string;
      readonly openStart: boolean;
      readonly openEnd: boolean;
      readonly cased: boolean;
    };

/** One line of a selection: a field with its modifiers and values. */
export interface Item {
  /** Undefined for keywords, which are looked for in every value of the event. */
  readonly field: string | undefined;
  readonly modifiers: readonly string[];
  /** True when every value has to match; otherwise one is enough. */
  readonly all: boolean;
  /** `|neq`: matches when the rest does not. */
  readonly negated: boolean;
  /** For each value written, its alternatives: any one of them stands for it. Empty for a placeholder without values. */
  readonly values: readonly (readonly ValueTest[])[];
}

/** A search identifier: matches when all items of one of its alternatives do. */
export interface Selection {
  readonly name: string;
  readonly alternatives: readonly (readonly Item[])[];
}
