import { z } from "zod";
import type { Ingested, Origin, SourceKind } from "./ingest/source.ts";
import { sourceOf } from "./ingest/sources.ts";

/** Most sources told apart, most rejects of one source remembered, and how much of a record each shows, in UTF-16 units. */
const maxSources = 1000;
const maxSamples = 20;
const maxSampleLength = 500;

const account = z.object({
  source: z.string(),
  kind: z.string(),
  records: z.int(),
  events: z.int(),
  rejects: z.int(),
  skipped: z.int(),
  /** Times of its first and last event, in ms since 1970. */
  first: z.int().optional(),
  last: z.int().optional(),
  /** The newest rejects. */
  samples: z.array(z.object({ offset: z.int(), file: z.string().optional(), reason: z.string(), record: z.string() })),
});

/** What one source sent. A source of which all is rejected is a source that is not seen. */
export type SourceAccount = z.infer<typeof account>;

/** Counts what each source sends. */
export class SourceBook {
  readonly #accounts = new Map<string, SourceAccount>();

  enter(record: string, from: Origin & { readonly kind: SourceKind }, read: Ingested): void {
    const it = this.#accountOf(from);
    if (!it) return;
    it.records++;
    const reasons = read.ok ? (read.refused ?? []) : [read.reason];
    for (const reason of reasons) {
      it.rejects++;
      const sample = {
        offset: from.offset,
        ...(from.file !== undefined && { file: from.file }),
        reason,
        record: sourceOf(from.kind).holdsContents ? "" : record.slice(0, maxSampleLength),
      };
      it.samples = [...it.samples, sample].slice(-maxSamples);
    }
    if (!read.ok) return;
    if (read.skipped !== undefined) it.skipped++;
    it.events += read.events.length;
    for (const { time } of read.events) {
      it.first = Math.min(it.first ?? time, time);
      it.last = Math.max(it.last ?? time, time);
    }
  }

  accounts(): SourceAccount[] {
    return [...this.#accounts.values()];
  }

  snapshot(): unknown {
    return structuredClone(this.accounts());
  }

  restore(state: unknown): void {
    this.#accounts.clear();
    for (const it of z.array(account).parse(state)) this.#accounts.set(it.source, it);
  }

  #accountOf({ source, kind }: Origin & { readonly kind: string }): SourceAccount | undefined {
    const known = this.#accounts.get(source);
    if (known || this.#accounts.size >= maxSources) return known;
    const fresh: SourceAccount = { source, kind, records: 0, events: 0, rejects: 0, skipped: 0, samples: [] };
    this.#accounts.set(source, fresh);
    return fresh;
  }
}
