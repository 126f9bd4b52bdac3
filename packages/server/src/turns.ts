import { setImmediate as nextTurn } from "node:timers/promises";

/** Time that one piece of work may have before others get theirs, in ms: nobody notices a page that answers so much later. */
const turnMs = 8;

/** Lets long work be polite: everything else on the event loop gets its turn in between. */
export class Turns {
  #since = performance.now();

  /** Call it often; it waits only when it is time. */
  async give(): Promise<void> {
    if (performance.now() - this.#since < turnMs) return;
    await nextTurn();
    this.#since = performance.now();
  }
}
