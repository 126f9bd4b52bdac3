// "Something of this noun changed": from whoever stores to every live page.
import type { Change } from "@outweigh/schema";

type Listener = (change: Change) => void;

export class Changes {
  readonly #listeners = new Set<Listener>();

  /** Calls it for each change from now on; answers with how to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  tell(noun: Change["noun"], id?: string): void {
    const change: Change = { noun, ...(id !== undefined && { id }) };
    for (const it of this.#listeners) it(change);
  }
}
