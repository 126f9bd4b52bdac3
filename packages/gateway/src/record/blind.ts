/** An interval in which detectors did not see everything. */
export interface BlindInterval {
  readonly from: number;
  readonly to: number;
  readonly cause: string;
  /** The model server that answered unseen, where that is the cause. */
  readonly upstream?: string;
  /** Records that the detectors never got. */
  readonly dropped: number;
  /** Principals whose records those were. */
  readonly principals: number;
}

/** Drops within this time of each other are one interval, in ms. */
const togetherMs = 1_000;
/** Principals that are counted apart within one interval. */
const maxCounted = 10_000;

interface Open {
  readonly from: number;
  readonly cause: string;
  last: number;
  dropped: number;
  readonly principals: Set<string>;
  /** Whether somebody said that it goes on until `end`. */
  readonly held: boolean;
}

/** Keeps the account of what was not seen, one interval for each cause at a time. */
export class BlindBook {
  readonly #open = new Map<string, Open>();
  readonly #tell: (interval: BlindInterval) => void;

  /** @param tell Gets each interval once, when it is over. */
  constructor(tell: (interval: BlindInterval) => void) {
    this.#tell = tell;
  }

  get isBlind(): boolean {
    return this.#open.size > 0;
  }

  /** A record was dropped. */
  drop(cause: string, principal: string, now: number): void {
    const it = this.#open.get(cause) ?? this.#begin(cause, now, false);
    it.dropped++;
    it.last = now;
    if (it.principals.size < maxCounted) it.principals.add(principal);
  }

  /** From now until `end` nothing is seen. */
  begin(cause: string, now: number): void {
    if (!this.#open.has(cause)) this.#begin(cause, now, true);
  }

  end(cause: string, now: number): void {
    const it = this.#open.get(cause);
    if (it) this.#close(it, now);
  }

  /** Ends intervals of drops that stopped. Called every second. */
  settle(now: number): void {
    for (const it of this.#open.values()) if (!it.held && now - it.last > togetherMs) this.#close(it, it.last);
  }

  /** Ends all: the gateway stops. */
  endAll(now: number): void {
    for (const it of this.#open.values()) this.#close(it, it.held ? now : it.last);
  }

  #begin(cause: string, now: number, held: boolean): Open {
    const it: Open = { from: now, cause, last: now, dropped: 0, principals: new Set(), held };
    this.#open.set(cause, it);
    return it;
  }

  #close({ from, cause, dropped, principals }: Open, to: number): void {
    this.#open.delete(cause);
    this.#tell({ from, to, cause, dropped, principals: principals.size });
  }
}
