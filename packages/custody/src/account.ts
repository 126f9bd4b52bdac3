import type { Files, ModelFile } from "./files.ts";
import type { Limits } from "./limits.ts";
import { addRange, closeGaps, lengthOf, type Ranges } from "./ranges.ts";

/** What is held of one file. True distinct bytes lie between `covered - slack` and `covered + extra`. */
interface Coverage {
  readonly file: ModelFile;
  readonly ranges: Ranges;
  /** Length of `ranges`. */
  covered: number;
  /** Bytes inside `ranges` that perhaps nobody read: gaps closed to save memory. */
  slack: number;
  /** Bytes read of which it is not known which ones they were. */
  extra: number;
}

/** Between how many and how many distinct bytes something holds. */
interface Extent {
  readonly lower: number;
  readonly upper: number;
}

/** An account as plain JSON. A coverage: index of the file, extra, slack, ranges. */
export interface AccountState {
  readonly principal: string;
  readonly declared: boolean;
  readonly entries: number;
  readonly volume: string;
  readonly extra: number;
  readonly unsized: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly mixed: boolean;
  readonly coverages: readonly (readonly [number, number, number, readonly number[]])[];
}

/** Room that many accounts share. Only counts: an account asks before it grows. */
export interface Room {
  readonly limits: Limits;
  coverages: number;
  ranges: number;
}

/**
 * What one principal, or all undeclared readers together, hold of one model. It grows and never forgets: a theft
 * spread over months is one account. Where memory is short it rounds upwards.
 */
export class Account {
  readonly principal: string;
  declared: boolean;
  /** Entries booked. */
  entries = 0;
  /** Bytes sent, repeats counted: the debit side of the books. */
  volume = 0n;
  /** Reads whose size nobody can tell: no bytes in the record, no size of the file. */
  unsized = 0;
  /** When the first and last of its entries happened, in ms since 1970. */
  firstAt = Number.MAX_SAFE_INTEGER;
  lastAt = 0;
  /** True when reads of others may be in it: they shared an account, and are no longer told apart. */
  mixed = false;
  /** Bytes read of which not even the file is known. */
  #extra = 0;
  readonly #coverages = new Map<ModelFile, Coverage>();
  readonly #files: Files;
  readonly #room: Room;
  // Sums over the coverages, kept so that an entry costs the same however many files there are.
  #epoch = 0;
  #listed = { lower: 0, upper: 0 };
  readonly #places = new Map<string, { lower: number; upper: number }>();

  constructor(principal: string, declared: boolean, files: Files, room: Room) {
    this.principal = principal;
    this.declared = declared;
    this.#files = files;
    this.#room = room;
  }

  /** Books these very bytes of a file. What lies beyond the end of a listed file is booked as bytes of no known file. */
  cover(file: ModelFile, start: number, end: number): void {
    const it = this.#put(file, start, end);
    if (it) this.#change(it, () => this.#shrink(it));
  }

  /** `cover`, but for the limit on ranges: what is restored was within it, in an order that is no longer known. */
  #put(file: ModelFile, start: number, end: number): Coverage | undefined {
    const inside = file.place === undefined ? Math.min(end, file.size ?? end) : end;
    if (end > inside) this.atMost(undefined, end - Math.max(start, inside));
    if (inside <= start) return undefined;
    const it = this.#coverageOf(file);
    if (!it) {
      this.atMost(undefined, inside - start);
      return undefined;
    }
    this.#change(it, () => {
      const before = it.ranges.length / 2;
      it.covered += addRange(it.ranges, start, inside);
      // All of the file was read, so no closed gap is in doubt any more.
      if (start === 0 && inside >= (file.size ?? Infinity)) it.slack = 0;
      this.#room.ranges += it.ranges.length / 2 - before;
    });
    return it;
  }

  /** Books at most so many bytes of a file, or of the model if the file is not known. */
  atMost(file: ModelFile | undefined, bytes: number): void {
    const it = file && this.#coverageOf(file);
    if (it) this.#change(it, () => (it.extra = add(it.extra, bytes)));
    else this.#extra = add(this.#extra, bytes);
  }

  /** Takes over all that another account of the same model holds. */
  merge(other: Account): void {
    for (const { file, ranges, slack, extra } of other.#coverages.values()) {
      for (let at = 0; at < ranges.length; at += 2) this.cover(file, ranges[at] ?? 0, ranges[at + 1] ?? 0);
      this.#doubt(file, slack);
      if (extra > 0) this.atMost(file, extra);
    }
    if (other.#extra > 0) this.atMost(undefined, other.#extra);
    this.unsized += other.unsized;
    this.mixed ||= other.mixed;
  }

  /** Whether all bytes of a file are held for certain. False while its size is not known. */
  holdsAll(file: ModelFile): boolean {
    const it = this.#coverages.get(file);
    return it !== undefined && it.covered - it.slack === file.size;
  }

  /**
   * How many distinct bytes of the model are held.
   *
   * With listed files, others may or may not be the model's: they raise the upper end alone. Without, the files of a
   * place are taken for the model's as long as they add up to no more than its size; what exceeds it may be something
   * else, and two places may hold the same bytes twice.
   */
  extent(): Extent {
    if (this.#epoch !== this.#files.epoch) this.#sumUp();
    const whole = this.#files.modelBytes ?? Number.MAX_SAFE_INTEGER;
    let { lower, upper } = this.#listed;
    upper = add(upper, this.#extra);
    for (const [place, sum] of this.#places) {
      upper = add(upper, sum.upper);
      const foreign = Math.max(0, this.#files.extentOf(place) - whole);
      if (!this.#files.listed) lower = Math.max(lower, sum.lower - foreign);
    }
    // A read of unknown size may have been of everything.
    if (this.unsized > 0 && this.#files.modelBytes !== undefined) upper = whole;
    upper = Math.min(upper, whole);
    return { lower: Math.min(lower, upper), upper };
  }

  state(): AccountState {
    return {
      principal: this.principal,
      declared: this.declared,
      entries: this.entries,
      volume: this.volume.toString(),
      extra: this.#extra,
      unsized: this.unsized,
      firstAt: this.firstAt,
      lastAt: this.lastAt,
      mixed: this.mixed,
      coverages: [...this.#coverages.values()].map(
        (it) => [it.file.index, it.extra, it.slack, [...it.ranges]] as const,
      ),
    };
  }

  /** Books one entry more, apart from which bytes it covers. */
  enter(bytes: number, time: number): void {
    this.entries++;
    this.volume += BigInt(bytes);
    this.firstAt = Math.min(this.firstAt, time);
    this.lastAt = Math.max(this.lastAt, time);
  }

  /** Adds what a state holds; to an empty account, exactly that. `fileOf` finds the file for an index of then; undefined if it is lost. */
  fill(state: AccountState, fileOf: (index: number) => ModelFile | undefined): void {
    this.entries += state.entries;
    this.volume += BigInt(state.volume);
    this.unsized += state.unsized;
    this.firstAt = Math.min(this.firstAt, state.firstAt);
    this.lastAt = Math.max(this.lastAt, state.lastAt);
    this.mixed ||= state.mixed;
    for (const [index, extra, slack, ranges] of state.coverages) {
      const file = fileOf(index);
      if (!file) {
        this.atMost(undefined, add(extra, lengthOf([...ranges])));
        continue;
      }
      for (let at = 0; at < ranges.length; at += 2) this.#put(file, ranges[at] ?? 0, ranges[at + 1] ?? 0);
      this.#doubt(file, slack);
      if (extra > 0 || ranges.length === 0) this.atMost(file, extra);
    }
    if (state.extra > 0) this.atMost(undefined, state.extra);
  }

  #coverageOf(file: ModelFile): Coverage | undefined {
    const known = this.#coverages.get(file);
    if (known) return known;
    if (this.#room.coverages >= this.#room.limits.coverages) return undefined;
    this.#room.coverages++;
    const fresh: Coverage = { file, ranges: [], covered: 0, slack: 0, extra: 0 };
    this.#coverages.set(file, fresh);
    return fresh;
  }

  #doubt(file: ModelFile, slack: number): void {
    const it = this.#coverages.get(file);
    if (it && slack > 0) this.#change(it, () => (it.slack = Math.min(it.covered, it.slack + slack)));
  }

  /** Keeps the number of ranges within the limits: of this file, then of all accounts together. */
  #shrink(it: Coverage): void {
    const { limits } = this.#room;
    const count = it.ranges.length / 2;
    if (count <= limits.rangesPerFile && this.#room.ranges <= limits.ranges) return;
    const added = closeGaps(it.ranges, Math.max(1, count >>> 1));
    it.covered += added;
    it.slack += added;
    this.#room.ranges -= count - it.ranges.length / 2;
  }

  /** Changes a coverage and keeps the sums right. */
  #change(it: Coverage, change: () => void): void {
    if (this.#epoch !== this.#files.epoch) this.#sumUp();
    this.#count(it, -1);
    change();
    this.#count(it, 1);
  }

  #sumUp(): void {
    this.#epoch = this.#files.epoch;
    this.#listed = { lower: 0, upper: 0 };
    this.#places.clear();
    for (const it of this.#coverages.values()) this.#count(it, 1);
  }

  #count({ file, covered, slack, extra }: Coverage, sign: 1 | -1): void {
    const sum = file.place === undefined ? this.#listed : this.#sumOf(file.place);
    sum.lower += sign * (covered - slack);
    sum.upper += sign * Math.min(file.size ?? Number.MAX_SAFE_INTEGER, covered + extra);
    // Beyond 2^53 sums are rounded, so they cannot be taken back: begin anew next time. Only lies are that large.
    if (sum.upper > Number.MAX_SAFE_INTEGER) this.#epoch = -1;
  }

  #sumOf(place: string): { lower: number; upper: number } {
    const known = this.#places.get(place);
    if (known) return known;
    const fresh = { lower: 0, upper: 0 };
    this.#places.set(place, fresh);
    return fresh;
  }
}

/** Adds sizes in bytes; stops at 9 PB, where whole numbers end, which is above any model. */
function add(a: number, b: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, a + b);
}
