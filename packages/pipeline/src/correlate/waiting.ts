import type { Member } from "./story.ts";

/** Quiet alerts that wait for a louder one of their principal: the latest so many, each once. Plain JSON by `all`. */
export class Waiting {
  readonly #limit: number;
  /** In the order in which they came last, all together and of each principal. */
  readonly #all = new Map<string, Member>();
  readonly #of = new Map<string, Map<string, Member>>();
  /** Stands before the oldest that is left: looking for it from the start would pass over all that were removed, each time. */
  #inOrder = this.#all.keys();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get all(): Member[] {
    return [...this.#all.values()];
  }

  /** Takes these in place of those it had. */
  set(members: readonly Member[]): void {
    this.#all.clear();
    this.#of.clear();
    this.#inOrder = this.#all.keys();
    for (const it of members) this.add(it);
  }

  add(it: Member): void {
    this.remove(it.id);
    this.#all.set(it.id, it);
    if (it.principal !== undefined) {
      const own = this.#of.get(it.principal) ?? new Map<string, Member>();
      own.set(it.id, it);
      this.#of.set(it.principal, own);
    }
    const oldest = this.#all.size > this.#limit ? this.#inOrder.next() : undefined;
    if (oldest?.done === false) this.remove(oldest.value);
  }

  remove(id: string): void {
    const it = this.#all.get(id);
    this.#all.delete(id);
    if (it?.principal === undefined) return;
    const own = this.#of.get(it.principal);
    own?.delete(id);
    if (own?.size === 0) this.#of.delete(it.principal);
  }

  /** That alert, if it waits, and all of a principal. */
  with({ id, principal }: Pick<Member, "id" | "principal">): Member[] {
    const of = principal === undefined ? [] : [...(this.#of.get(principal)?.values() ?? [])];
    const own = this.#all.get(id);
    return own && !of.includes(own) ? [own, ...of] : of;
  }
}
