// What people decide and the line must know: one after the other, between two batches, when the stores stand where the line stands.
import { ServerError } from "../error.ts";
import type { Decision } from "../evidence/log.ts";
import type { Tx } from "../store/state/state.ts";
import type { Told } from "./memory.ts";

/** How long whoever decided waits for the batch at hand, in ms: an engine that is away takes longer, and then nothing is done. */
const waitMs = 20_000;
/** Most decisions that wait: people make few. */
const maxWaiting = 100;

/** What comes of a decision: what the line is told, what is stored and what is put on record, all of it or nothing. */
export interface Prepared {
  readonly told: Told;
  readonly decisions: readonly Decision[];
  store(tx: Tx): Promise<void>;
}

/** Looks at the stores as they stand when it is its turn. @throws {ServerError} when it cannot be done: then nothing is. */
export type Prepare = () => Promise<Prepared>;

interface Waiting {
  readonly prepare: Prepare;
  readonly done: () => void;
  readonly failed: (cause: unknown) => void;
}

export class Decisions {
  #waiting: Waiting[] = [];

  get areWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves once it is stored. @throws {ServerError} BUSY when its turn does not come; whatever `prepare` throws. */
  add(prepare: Prepare): Promise<void> {
    if (this.#waiting.length >= maxWaiting)
      throw new ServerError("BUSY", "too many decisions wait: try again in a moment");
    return new Promise((done, failed) => {
      const late = setTimeout(() => {
        const before = this.#waiting.length;
        this.#waiting = this.#waiting.filter((it) => it !== mine);
        // One that is being stored is no longer among those that wait: it is answered when it is stored.
        if (this.#waiting.length < before)
          failed(new ServerError("BUSY", "what comes in cannot be stored at the moment: try again when it can"));
      }, waitMs);
      const end = () => clearTimeout(late);
      const mine: Waiting = { prepare, done: () => (end(), done()), failed: (cause) => (end(), failed(cause)) };
      this.#waiting.push(mine);
    });
  }

  /** The next one whose time has come, prepared. Those that cannot be done are answered. */
  async next(): Promise<(Waiting & { readonly prepared: Prepared }) | undefined> {
    for (let it = this.#waiting.shift(); it; it = this.#waiting.shift()) {
      try {
        return { ...it, prepared: await it.prepare() };
      } catch (cause) {
        it.failed(cause);
      }
    }
    return undefined;
  }

  close(): void {
    for (const it of this.#waiting.splice(0)) it.failed(new ServerError("CLOSED", "the server is stopping"));
  }
}
