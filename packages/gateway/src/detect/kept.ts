// What detectors remember of principals, as it is kept on disk: by their names, because slots are those of one run.
import type { SlotReading } from "../tap/readings.ts";

/**
 * - `trail`: what links accounts. - `numbers`, `prompts`: a principal's path. - `numbers-group`, `prompts-group`: a group's.
 * - `shown`: what log-probabilities showed. - `watch`: what is one for a model, drift and what was told of groups.
 */
export const keptKinds = ["trail", "watch", "shown", "numbers", "prompts", "numbers-group", "prompts-group"] as const;
export type KeptKind = (typeof keptKinds)[number];

/** One thing that is remembered. */
export interface Kept {
  readonly kind: KeptKind;
  /** Empty for what is of no one model. */
  readonly model: string;
  /** Principals: one, or a group's; none for `watch`. */
  readonly who: readonly string[];
  /** Names what it is worth something with: calibration, encoder, settings. */
  readonly belongs: string;
  /** When its principal last asked, in ms since 1970. */
  readonly at: number;
  /** Plain data of the library: no prompt, no answer. */
  readonly state: object;
}

/** The same before its detector says what it belongs to. */
export type Keeping = Omit<Kept, "belongs" | "model">;

/** What is written of one thing, and what is read of it. */
export interface KeptRow extends Omit<Kept, "state"> {
  readonly body: string;
}

/** Names for slots, and slots for names. */
export interface SlotNames {
  nameOf(slot: number): string | undefined;
  slotOf(name: string): number | undefined;
}

/** A reading as JSON can hold it: NaN, nothing to say, as null. */
export type KeptReading = { readonly [name in keyof SlotReading]: number | null };

export function keptReading(it: SlotReading): KeptReading {
  const told = (value: number) => (Number.isNaN(value) ? null : value);
  const { queries, novelty, learning, progress, ready, model } = it;
  return { queries, novelty: told(novelty), learning: told(learning), progress: told(progress), ready, model };
}

export function readingOf({ queries, novelty, learning, progress, ready }: KeptReading): SlotReading {
  return {
    queries: queries ?? 0,
    novelty: novelty ?? NaN,
    learning: learning ?? NaN,
    progress: progress ?? NaN,
    ready: ready ?? 0,
    model: 0,
  };
}

/** Names of these slots; undefined where one has none. */
export function namesOf(slots: readonly number[], names: SlotNames): string[] | undefined {
  const out = slots.flatMap((it) => names.nameOf(it) ?? []);
  return out.length === slots.length ? out : undefined;
}

/** Slots of these names, rising; undefined where one is not known here any more. */
export function slotsOf(who: readonly string[], names: SlotNames): number[] | undefined {
  const out = who.flatMap((it) => names.slotOf(it) ?? []);
  return out.length === who.length ? out.sort((a, b) => a - b) : undefined;
}
