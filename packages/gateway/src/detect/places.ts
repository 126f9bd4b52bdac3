interface Place {
  readonly slot: number;
  readonly leave: () => void;
}

/**
 * Room for so much that is remembered of principals. When it is full, whoever holds most gives up what it used longest ago: so nobody
 * loses a place to one that holds more. Among those that hold as many, the one that asked longest ago gives way.
 */
export class Room {
  readonly #most: number;
  /** By slot, the one that asked last at the end; of each, the place used last at the end. */
  readonly #bySlot = new Map<number, Set<Place>>();
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a place, or notes that it is used. */
  use(place: Place): void {
    const own = this.#bySlot.get(place.slot) ?? new Set();
    this.#bySlot.delete(place.slot);
    this.#bySlot.set(place.slot, own);
    if (!own.delete(place)) this.#taken++;
    own.add(place);
    if (this.#taken > this.#most) this.#free();
  }

  #free(): void {
    let most: Set<Place> | undefined;
    for (const it of this.#bySlot.values()) if (!most || it.size > most.size) most = it;
    const [oldest] = most ?? [];
    if (!most || !oldest) return;
    most.delete(oldest);
    if (most.size === 0) this.#bySlot.delete(oldest.slot);
    this.#taken--;
    oldest.leave();
  }
}

/** Something for each principal, by slot, as long as there is room. Several may share a room. */
export class Places<T> {
  readonly #room: Room;
  readonly #all = new Map<number, Place & { readonly it: T }>();

  constructor(room: Room) {
    this.#room = room;
  }

  get(slot: number): T | undefined {
    return this.#all.get(slot)?.it;
  }

  /** What a principal has, or has from now on; it asked last. */
  use(slot: number, make: () => T): T {
    const place = this.#all.get(slot) ?? { slot, it: make(), leave: () => void this.#all.delete(slot) };
    this.#all.set(slot, place);
    this.#room.use(place);
    return place.it;
  }

  keys(): Iterable<number> {
    return this.#all.keys();
  }
}
