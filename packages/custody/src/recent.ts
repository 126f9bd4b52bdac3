import type { Entry } from "./entry.ts";

/** What tells two entries of one event apart, as plain JSON: event, model, principal, place, part, range, bytes. */
export type EntryKey = readonly (string | number | null)[];

/** The last entries booked, to recognise one that is delivered again soon: what is older is forgotten. */
export class RecentEntries {
  readonly #limit: number;
  /** Oldest first from `#oldest` on, then from 0. */
  readonly #ring: EntryKey[] = [];
  #oldest = 0;
  readonly #byEvent = new Map<string, EntryKey[]>();

  constructor(limit: number, keys: readonly EntryKey[] = []) {
    this.#limit = limit;
    for (const it of keys) this.#remember(it);
  }

  /** Whether this very entry is among them. Remembers it if not. */
  repeats({ event, model, principal, place, part, range, bytes }: Entry): boolean {
    const key = [event, model, principal, place, part, range?.start, range?.end, bytes].map((it) => it ?? null);
    if (this.#byEvent.get(event)?.some((known) => known.every((it, i) => it === key[i]))) return true;
    this.#remember(key);
    return false;
  }

  /** All of them, oldest first. */
  keys(): EntryKey[] {
    return [...this.#ring.slice(this.#oldest), ...this.#ring.slice(0, this.#oldest)];
  }

  #remember(key: EntryKey): void {
    if (this.#limit === 0) return;
    if (this.#ring.length < this.#limit) {
      this.#ring.push(key);
    } else {
      this.#forget(this.#ring[this.#oldest] ?? []);
      this.#ring[this.#oldest] = key;
      this.#oldest = (this.#oldest + 1) % this.#limit;
    }
    const event = String(key[0]);
    const same = this.#byEvent.get(event);
    if (same) same.push(key);
    else this.#byEvent.set(event, [key]);
  }

  #forget(key: EntryKey): void {
    const event = String(key[0]);
    const rest = this.#byEvent.get(event)?.filter((it) => it !== key) ?? [];
    if (rest.length > 0) this.#byEvent.set(event, rest);
    else this.#byEvent.delete(event);
  }
}
