import type { Retest } from "@outweigh/schema";

/** Linked accounts that a watch tests as one, as far as every watch knows them. */
export interface TestedGroup {
  /** Their slots, rising. */
  readonly members: readonly number[];
  queries: number;
  /** The highest value over its level so far. */
  most: number;
}

/** The groups that one watch of a model tests. A slot is in one at most. */
export class Groups<G extends TestedGroup> {
  readonly #model: string;
  readonly #bySlot = new Map<number, G>();
  /** Those that asked since they were last kept. */
  readonly #changed = new Set<G>();

  constructor(model: string) {
    this.#model = model;
  }

  of(slot: number): G | undefined {
    return this.#bySlot.get(slot);
  }

  /** Notes that its members asked. */
  asked(group: G): void {
    this.#changed.add(group);
  }

  put(group: G): void {
    for (const it of group.members) this.#bySlot.set(it, group);
  }

  /**
   * Tests these from now on, and no others; one that stays goes on where it was.
   * @param make Undefined for a group that is not tested. @returns Those that are new.
   */
  regroup(groups: readonly (readonly number[])[], make: (members: readonly number[]) => G | undefined): G[] {
    const before = new Map([...this.#bySlot.values()].map((it) => [it.members.join(), it]));
    this.#bySlot.clear();
    const fresh: G[] = [];
    for (const members of groups) {
      const known = before.get(members.join());
      const group = known ?? make(members);
      if (!group) continue;
      this.put(group);
      if (!known) fresh.push(group);
    }
    return fresh;
  }

  /**
   * What testing these as one gave so far; undefined where none of them asked.
   * @param isReady Whether the levels of that group promise anything. @param alone Queries of one of them, where they are no group.
   */
  retest(members: readonly number[], isReady: (it: G) => boolean, alone: (slot: number) => number): Retest | undefined {
    const model = this.#model;
    const group = this.#bySlot.get(members[0] ?? -1);
    if (group?.members.join() !== members.join()) {
      const queries = members.reduce((sum, it) => sum + alone(it), 0);
      return queries === 0 ? undefined : { model, state: "calibrating", queries };
    }
    const { queries, most } = group;
    if (queries === 0) return undefined;
    return { model, state: !isReady(group) ? "calibrating" : most > 1 ? "evidence" : "link-only", queries, most };
  }

  /** Those that asked since the last call. */
  takeChanged(): G[] {
    const all = [...this.#changed];
    this.#changed.clear();
    return all;
  }

  get hasChanged(): boolean {
    return this.#changed.size > 0;
  }

  keepAll(): void {
    for (const it of this.#bySlot.values()) this.#changed.add(it);
  }
}
