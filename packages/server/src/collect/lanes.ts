/** So many pieces of work at once, and no more. A slow one holds one lane. */
export class Lanes {
  readonly #most: number;
  readonly #running = new Map<string, Promise<void>>();
  #free: () => void = () => undefined;

  constructor(most: number) {
    this.#most = most;
  }

  has(name: string): boolean {
    return this.#running.has(name);
  }

  /** What runs now. */
  get names(): string[] {
    return [...this.#running.keys()];
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Begins a piece of work, once there is room; resolves when it has begun. `work` never rejects. */
  async run(name: string, work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#most) await new Promise<void>((free) => (this.#free = free));
    this.#running.set(
      name,
      work().finally(() => {
        this.#running.delete(name);
        this.#free();
      }),
    );
  }

  /** Until all that runs has ended. */
  async idle(): Promise<void> {
    while (!this.isIdle) await Promise.allSettled(this.#running.values());
  }
}
