/**
 * A bucket that refills steadily: the generic cell rate algorithm, kept as one number, the time when it will be empty again.
 * Source: ITU-T I.371, virtual scheduling.
 */
export class Bucket {
  readonly #msPerUnit: number;
  readonly #burstMs: number;
  #emptyAt = 0;

  /** @param units How many in `perMs`; as many may come at once. */
  constructor(units: number, perMs: number) {
    this.#msPerUnit = perMs / units;
    this.#burstMs = perMs;
  }

  /** How long to wait until `units` fit, in ms; 0 when they fit now; undefined if they never will. */
  waitMs(units: number, now: number): number | undefined {
    const cost = units * this.#msPerUnit;
    if (cost > this.#burstMs) return undefined;
    const wait = Math.max(this.#emptyAt, now) + cost - this.#burstMs - now;
    return wait <= 0 ? 0 : wait;
  }

  /** Takes `units`, also more than there are: what was answered cannot be taken back, the next one waits longer. */
  take(units: number, now: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, now) + units * this.#msPerUnit;
  }

  /** Gives back what was reserved and not used. */
  giveBack(units: number, now: number): void {
    this.#emptyAt = Math.max(now, this.#emptyAt - units * this.#msPerUnit);
  }

  /** When it will be empty again, in ms since 1970: all that there is to keep of it. */
  get emptyAt(): number {
    return this.#emptyAt;
  }

  /** Goes on from what was kept. */
  restore(emptyAt: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, emptyAt);
  }

  /** Units that fit now. */
  free(now: number): number {
    return Math.max(0, this.#burstMs - Math.max(0, this.#emptyAt - now)) / this.#msPerUnit;
  }

  /** Share of the bucket that is used, 0…1 and beyond. */
  used(now: number): number {
    return Math.max(0, this.#emptyAt - now) / this.#burstMs;
  }
}
