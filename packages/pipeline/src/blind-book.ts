import type { Gap } from "@outweigh/schema";
import { z } from "zod";

/** Most gaps remembered, and most sources that are known to see one model's reads. */
const maxGaps = 10_000;
const maxWatchers = 256;

const stored = z.object({
  gaps: z.array(z.object({ source: z.string(), from: z.int(), to: z.int().optional(), reason: z.string().optional() })),
  /** Which sources told of reads of which model. Absent in older snapshots. */
  watching: z.array(z.tuple([z.string(), z.array(z.string()).max(maxWatchers)])).default([]),
});

/**
 * The times of which nothing is known: when a source that tells of a model's reads was silent, what was read then is in no number.
 *
 * Blind spot: a source that never told of a read of a model is not known to watch it, so its silence is not counted here.
 */
export class BlindBook {
  #gaps: Gap[] = [];
  readonly #watching = new Map<string, Set<string>>();

  /** Says that a source told of a read of a model. */
  watch(model: string, source: string): void {
    const sources = this.#watching.get(model) ?? new Set();
    if (sources.size < maxWatchers) sources.add(source);
    this.#watching.set(model, sources);
  }

  /** Says that a source was silent from one time to another, in ms since 1970; one that goes on is made longer. */
  silence(source: string, from: number, to: number): void {
    const known = this.#gaps.find((it) => it.source === source && it.from === from);
    if (known) this.#gaps = this.#gaps.map((it) => (it === known ? { ...it, to } : it));
    else this.#gaps = [...this.#gaps, { source, from, to, reason: "silent" }].slice(-maxGaps);
  }

  /** Oldest first. */
  gaps(): Gap[] {
    return this.#gaps;
  }

  /** For how long, in ms, at least one source of a model's reads was silent. Times at which several were count once. */
  blindMs(model: string): number {
    const sources = this.#watching.get(model);
    if (!sources) return 0;
    const spans = this.#gaps
      .filter((it) => sources.has(it.source) && it.to !== undefined && it.to > it.from)
      .map((it): [number, number] => [it.from, it.to ?? it.from])
      .sort(([a], [b]) => a - b);
    let total = 0;
    let covered = -Infinity;
    for (const [from, to] of spans) {
      total += Math.max(0, to - Math.max(from, covered));
      covered = Math.max(covered, to);
    }
    return total;
  }

  snapshot(): z.infer<typeof stored> {
    return { gaps: this.#gaps, watching: [...this.#watching].map(([model, sources]) => [model, [...sources]]) };
  }

  /** Takes over a snapshot. @throws {ZodError} when it is none of ours. */
  restore(state: unknown): void {
    const { gaps, watching } = stored.parse(state);
    this.#gaps = gaps.map(({ source, from, to, reason }) => ({
      source,
      from,
      ...(to !== undefined && { to }),
      ...(reason !== undefined && { reason }),
    }));
    this.#watching.clear();
    for (const [model, sources] of watching) this.#watching.set(model, new Set(sources));
  }
}
