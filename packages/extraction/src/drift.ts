import { ExtractionError } from "./error.ts";
import { mix, uniform } from "./hash.ts";
import type { Rate } from "./path-cal.ts";
import { conformalP, logBet, logMean } from "./wealth.ts";

/** Principals that a round must have seen before one of them may come again, and begin the next. */
const leastInRound = 20;

/**
 * Have benign principals become stranger than those of the calibration, so that its promise no longer holds?
 *
 * Each finished principal's peaks are ranked among the calibration's and those of the round before it. While all are exchangeable the
 * ranks are independent and uniform, and the wealth of a gambler who bets on high ones passes 1/alpha, ever, with probability at most
 * alpha (Ville 1939; Vovk, Gammerman, Shafer 2005, chapter 7). The wealths of several peaks are averaged. A principal counts once in
 * a round; round r has alpha / (r (r + 1)), so all rounds together keep it.
 *
 * Blind spots: milder traffic, which breaks no promise; change within the first horizon of few principals; and thieves who stay below
 * every alarm look like drift: whoever can bring many principals can bring on a warning, which is why it is told.
 */
export class DriftWatch {
  readonly #known: readonly (readonly number[])[];
  readonly #alpha: Rate;
  readonly #seed: number;
  #bags: number[][] = [];
  /** What this round added to each bag. */
  #added: number[][] = [];
  #wealth: number[] = [];
  #members = new Set<number>();
  #round = 0;
  #drifted = false;

  /** @param peaks Per kind of peak those of the calibration's principals that did not alarm; as many of each. */
  constructor(peaks: readonly (readonly number[])[], alpha: Rate, seed: number) {
    this.#known = peaks.map((it) => it.toSorted((a, b) => a - b));
    this.#alpha = alpha;
    this.#seed = seed;
    this.#begin();
  }

  /** True from the first warning on: only a new calibration, and so a new watch, ends it. */
  get drifted(): boolean {
    return this.#drifted;
  }

  /** Principals of this round. */
  get principals(): number {
    return this.#members.size;
  }

  /**
   * Takes the peaks of one horizon of a principal that did not alarm in it, in the order of the constructor's.
   * @param principal Any whole number that is its alone; principals known to be one client should come as one.
   */
  take(principal: number, peaks: readonly number[]): void {
    if (this.#drifted) return;
    if (this.#members.has(principal)) {
      if (this.#members.size < leastInRound) return;
      this.#begin();
    }
    this.#members.add(principal);
    this.#wealth = this.#wealth.map((it, j) => it + this.#bet(j, peaks[j] ?? 0));
    const { num, den } = this.#alpha;
    const bar = Math.log((den / num) * this.#round * (this.#round + 1));
    this.#drifted = this.#wealth.length > 0 && logMean(this.#wealth) >= bar;
  }

  #bet(j: number, peak: number): number {
    const bag = this.#bags[j] ?? [];
    const sorted = Float64Array.from(bag);
    const p = conformalP(peak, sorted, uniform(mix(this.#seed ^ this.#round), bag.length, j));
    bag.splice(bag.findLastIndex((it) => it <= peak) + 1, 0, peak);
    this.#added[j]?.push(peak);
    return logBet(p, sorted.length);
  }

  #begin(): void {
    this.#round++;
    this.#bags = this.#known.map((it) => [...it]);
    this.#added = this.#known.map(() => []);
    this.#wealth = this.#known.map(() => 0);
    this.#members.clear();
  }

  /** Plain data that restores to the same answers, in a watch of the same calibration. */
  snapshot(): DriftState {
    return {
      round: this.#round,
      drifted: this.#drifted,
      wealth: [...this.#wealth],
      added: this.#added.map((it) => [...it]),
      members: [...this.#members],
    };
  }

  /** @throws {ExtractionError} BAD_STATE when it is a state of other kinds of peaks. */
  restore({ round, drifted, wealth, added, members }: DriftState): void {
    const kinds = this.#known.length;
    if (wealth.length !== kinds || added.length !== kinds) {
      throw new ExtractionError("BAD_STATE", `expected ${kinds} kinds of peaks, got ${wealth.length}`);
    }
    this.#round = round;
    this.#drifted = drifted;
    this.#wealth = [...wealth];
    this.#added = added.map((it) => [...it]);
    this.#bags = this.#known.map((it, j) => [...it, ...(added[j] ?? [])].sort((a, b) => a - b));
    this.#members = new Set(members);
  }
}

export interface DriftState {
  readonly round: number;
  readonly drifted: boolean;
  readonly wealth: readonly number[];
  /** Peaks that this round brought, per kind. */
  readonly added: readonly (readonly number[])[];
  readonly members: readonly number[];
}
