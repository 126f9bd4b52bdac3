import { uniform } from "./hash.ts";
import { logBet, logMean, shiryaevRoberts } from "./wealth.ts";

/** Own scores that a new one is ranked among. Fewer make the first alarms late, more cost memory: 256 whole numbers are below 2 KB of JSON. */
const memory = 256;

/**
 * Has this key changed hands? Each score is ranked among the key's own earlier ones, so no reference users are needed.
 *
 * If the principal is exchangeable with itself, the ranks are independent and uniform, and the wealth passes 1/alpha before n
 * queries with probability at most alpha n (Shiryaev–Roberts; Fedorova et al. 2012). Honest drift breaks that, so its level is
 * to be learnt by `alarmLevel` over benign principals as well. Both tails are bet on, each by a gambler of its own: one gambler who
 * halves every stake between them would lose ln 2 a query.
 * Blind spot: a thief whose traffic is milder in every score, or one who is there from the first query.
 */
export class OwnBaseline {
  readonly #seed: number;
  readonly #scores: number[] = [];
  #t = 0;
  /** ln of the statistic that bets on stranger scores, and of the one that bets on milder ones. */
  #logs: readonly [stranger: number, milder: number] = [-Infinity, -Infinity];

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Takes the next score; gives ln of the Shiryaev–Roberts statistic. */
  step(score: number): number {
    let above = 0;
    let equal = 0;
    for (const it of this.#scores) {
      if (it > score) above++;
      else if (it === score) equal++;
    }
    const n = this.#scores.length;
    const p = (above + uniform(this.#seed, this.#t, 0) * (1 + equal)) / (n + 1);
    const [stranger, milder] = this.#logs;
    this.#logs = [
      shiryaevRoberts(stranger, n === 0 ? 0 : logBet(p, n)),
      shiryaevRoberts(milder, n === 0 ? 0 : logBet(1 - p, n)),
    ];
    if (n < memory) this.#scores.push(score);
    else this.#scores[this.#t % memory] = score;
    this.#t++;
    return logMean(this.#logs);
  }

  snapshot(): OwnBaselineState {
    return { scores: [...this.#scores], t: this.#t, logs: this.#t === 0 ? undefined : this.#logs };
  }

  restore({ scores, t, logs }: OwnBaselineState): void {
    this.#scores.splice(0, this.#scores.length, ...scores.slice(0, memory));
    this.#t = t;
    this.#logs = logs ?? [-Infinity, -Infinity];
  }
}

export interface OwnBaselineState {
  readonly scores: readonly number[];
  readonly t: number;
  readonly logs: readonly [stranger: number, milder: number] | undefined;
}
