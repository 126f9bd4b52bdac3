import { setTimeout as sleep } from "node:timers/promises";

/** Wakes whoever waits, or the next who would. */
export class Bell {
  #isRung = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  /** Until it rings, at most so long, in ms. */
  async wait(mostMs: number): Promise<void> {
    if (!this.#isRung) {
      const rung = new Promise<void>((done) => {
        this.#wake = done;
      });
      await Promise.race([sleep(mostMs), rung]);
    }
    this.#isRung = false;
  }
}
