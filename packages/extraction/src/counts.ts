/** Places for each number: with half of them free, a look-up ends after one or two steps. */
const room = 2;
/** Numbers that the smallest table has room for, and the largest that is kept when it is cleared. */
const [least, most] = [64, 1024];

/**
 * How often each of some numbers was counted, in the order in which they first came. Sixteen to thirty-two bytes a number, where a `Map` takes some
 * forty. Numbers are 32-bit hashes under a key: their low bits spread, whatever a client sends.
 */
export class Counts {
  /** Signed: such numbers the engine keeps in registers. */
  #keys!: Int32Array;
  #counts!: Uint32Array;
  /** By a key's low bits: its position and one, or 0. */
  #places!: Uint32Array;
  #size = 0;

  constructor() {
    this.#allocate(0);
  }

  get size(): number {
    return this.#size;
  }

  /** How often it was counted. */
  of(key: number): number {
    const at = this.#places[this.#find(key | 0)]!;
    return at === 0 ? 0 : this.#counts[at - 1]!;
  }

  /** Counts it once more, or so many times. */
  add(key: number, times = 1): void {
    const own = key | 0;
    let place = this.#find(own);
    const at = this.#places[place]!;
    if (at !== 0) {
      this.#counts[at - 1]! += times;
      return;
    }
    if (this.#size === this.#keys.length) {
      this.#grow();
      place = this.#find(own);
    }
    this.#keys[this.#size] = own;
    this.#counts[this.#size] = times;
    this.#places[place] = ++this.#size;
  }

  /** Numbers with their counts. */
  *[Symbol.iterator](): Generator<readonly [number, number]> {
    for (let i = 0; i < this.#size; i++) yield [this.#keys[i]! >>> 0, this.#counts[i]!];
  }

  /** Forgets all but the `kept` that were counted most; of equals, those that came first stay. They are in that order then. */
  keepMost(kept: number): void {
    const order = byFallingCount(this.#counts.subarray(0, this.#size));
    const [keys, counts, size] = [this.#keys, this.#counts, Math.min(kept, this.#size)];
    // The tables shrink too: one long text must not hold its room for ever.
    this.#allocate(2 * size);
    for (let i = 0; i < size; i++) this.add(keys[order[i]!]!, counts[order[i]!]!);
  }

  clear(): void {
    if (this.#keys.length > most) return this.#allocate(0);
    this.#places.fill(0);
    this.#size = 0;
  }

  /** The numbers alone. */
  keys(): Uint32Array {
    return Uint32Array.from(this.#keys.subarray(0, this.#size));
  }

  /** Begins anew, with room for so many. */
  #allocate(expected: number): void {
    const size = expected <= least ? least : 1 << (32 - Math.clz32(expected - 1));
    // One piece of memory: to get one takes longer than to fill it.
    const memory = new ArrayBuffer(4 * (2 + room) * size);
    this.#keys = new Int32Array(memory, 0, size);
    this.#counts = new Uint32Array(memory, 4 * size, size);
    this.#places = new Uint32Array(memory, 8 * size);
    this.#size = 0;
  }

  /** Where it stands among the places, or the free one where it would. */
  #find(key: number): number {
    const places = this.#places;
    const keys = this.#keys;
    const mask = places.length - 1;
    let place = key & mask;
    let at = places[place]!;
    while (at !== 0 && keys[at - 1] !== key) {
      place = (place + 1) & mask;
      at = places[place]!;
    }
    return place;
  }

  #grow(): void {
    const [keys, counts, size] = [this.#keys, this.#counts, this.#size];
    this.#allocate(2 * size);
    this.#keys.set(keys);
    this.#counts.set(counts);
    for (let i = 0; i < size; i++) this.#places[this.#find(keys[i]!)] = i + 1;
    this.#size = size;
  }
}

/** Positions of counts, the largest first; equal ones in order. A radix sort, byte by byte: most counts are below 256, which is one pass. */
function byFallingCount(counts: Uint32Array): Uint32Array {
  const n = counts.length;
  let from = new Uint32Array(n);
  let to = new Uint32Array(n);
  let highest = 0;
  for (let i = 0; i < n; i++) {
    from[i] = i;
    if (counts[i]! > highest) highest = counts[i]!;
  }
  for (let shift = 0; shift < 32 && highest >>> shift > 0; shift += 8) {
    const begins = new Uint32Array(257);
    for (let i = 0; i < n; i++) begins[256 - ((counts[i]! >>> shift) & 255)]!++;
    for (let i = 1; i <= 256; i++) begins[i]! += begins[i - 1]!;
    for (let i = 0; i < n; i++) {
      const at = from[i]!;
      to[begins[255 - ((counts[at]! >>> shift) & 255)]!++] = at;
    }
    [from, to] = [to, from];
  }
  return from;
}
