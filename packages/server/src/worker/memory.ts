// What the line remembers, kept on disk: a snapshot now and then, and in between what it took since.
import { regrouping, tuning, type Line, type Regrouping, type SourceKind, type Tuning } from "@outweigh/pipeline";
import { permit, sourceKinds, wayIn, type Permit, type WayIn } from "@outweigh/schema";
import { z } from "zod";
import { addToJournal, emptyMark, requireMark, storeLine, type StoredMemory } from "../store/checkpoints.ts";
import type { Tx } from "../store/state/state.ts";

/** Below this, in bytes, a snapshot is not worth its writing: some thousand records are taken again in a moment. */
const leastBytes = 512 * 1024;

/** Something that the line took. Taken again, by a line in the same state, it leads to the same state. */
const taken = z.union([
  z.object({
    source: z.string(),
    kind: z.enum(sourceKinds).exclude(["auto"]),
    record: z.string(),
    offset: z.number(),
    file: z.string(),
    receivedAt: z.number().optional(),
    seenAt: z.number().optional(),
    writtenAt: z.number().optional(),
    way: wayIn.optional(),
  }),
  z.object({ silent: z.string(), from: z.number(), to: z.number() }),
  z.object({ tuning, permit: permit.exactOptional() }),
  z.object({ regrouping }),
]);
export type Taken =
  | {
      readonly source: string;
      readonly kind: SourceKind;
      readonly record: string;
      readonly offset: number;
      readonly file: string;
      readonly receivedAt?: number;
      readonly seenAt?: number;
      readonly writtenAt?: number;
      readonly way?: WayIn;
    }
  | { readonly silent: string; readonly from: number; readonly to: number }
  | Told;

/** What people decided and the line works by, from where it stands among the records. */
export type Told = { readonly tuning: Tuning; readonly permit?: Permit } | { readonly regrouping: Regrouping };

/**
 * The line and its way back: after a restart it stands exactly where the last commit left it. A snapshot grows with what
 * the line remembers, not with what is new; so it is written only when the journal since the last one has grown as large.
 * Then no more is written for either than about twice what was taken.
 */
export class Memory {
  line: Line;
  /** Why what was stored could not be read; the line then began anew. */
  lost: string | undefined;
  readonly #makeLine: () => Line;
  #snapshotBytes = 0;
  #journalBytes = 0;
  /** Of what is stored, as far as we know. */
  #mark = emptyMark;

  constructor(makeLine: () => Line) {
    this.#makeLine = makeLine;
    this.line = makeLine();
  }

  /** Back to where the last commit stands. What the journal leads to was stored then, and is not stored again. */
  restore({ snapshot, journal, mark }: StoredMemory): void {
    this.line = this.#makeLine();
    this.#mark = mark;
    this.lost = undefined;
    this.#snapshotBytes = snapshot?.length ?? 0;
    this.#journalBytes = 0;
    try {
      if (snapshot !== undefined) this.line.restore(JSON.parse(snapshot));
      for (const body of journal) {
        this.#journalBytes += body.length;
        for (const it of z.array(taken).parse(JSON.parse(body))) takeAgain(this.line, it);
      }
    } catch (error) {
      this.lost = error instanceof Error ? error.message : String(error);
      this.line = this.#makeLine();
    }
  }

  /**
   * Writes what the line took in this batch, or all that it remembers. Answers with what to do once it is committed.
   *
   * @throws {ServerError} STATE_UNAVAILABLE when another server stored something since.
   */
  async store(tx: Tx, batch: readonly Taken[], now: number): Promise<() => void> {
    await requireMark(tx, this.#mark);
    const entry = JSON.stringify(batch);
    const journalBytes = this.#journalBytes + entry.length;
    if (this.lost === undefined && journalBytes < Math.max(leastBytes, this.#snapshotBytes)) {
      const mark = batch.length > 0 ? await addToJournal(tx, entry) : this.#mark;
      return () => {
        this.#journalBytes = journalBytes;
        this.#mark = mark;
      };
    }
    const snapshot = JSON.stringify(this.line.snapshot());
    const mark = await storeLine(tx, snapshot, now);
    return () => {
      this.lost = undefined;
      this.#mark = mark;
      this.#snapshotBytes = snapshot.length;
      this.#journalBytes = 0;
    };
  }
}

function takeAgain(line: Line, it: z.infer<typeof taken>): void {
  if ("silent" in it) line.silence(it.silent, it.from, it.to);
  else if ("tuning" in it) {
    line.tune(it.tuning);
    if (it.permit) line.permitted(it.permit);
  } else if ("regrouping" in it) line.regroup(it.regrouping);
  else line.run(it.record, it);
}
