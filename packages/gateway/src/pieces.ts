/** Pieces from this length on are kept as they came, in bytes. */
const largeBytes = 1024;
/** Small pieces that are put together at once. */
const smallPieces = 1024;

/** A body that comes in pieces. A buffer costs some hundred bytes besides its own: who sends single bytes must not multiply them by that. */
export class Pieces {
  readonly #all: Buffer[] = [];
  #small: Buffer[] = [];

  add(piece: Buffer): void {
    if (piece.length >= largeBytes) {
      this.#fold();
      this.#all.push(piece);
      return;
    }
    this.#small.push(piece);
    if (this.#small.length >= smallPieces) this.#fold();
  }

  clear(): void {
    this.#all.length = 0;
    this.#small = [];
  }

  /** All of it. A single piece is not copied. */
  whole(): Buffer {
    this.#fold();
    const [first] = this.#all;
    return this.#all.length === 1 && first ? first : Buffer.concat(this.#all);
  }

  /** How many buffers hold it. */
  get count(): number {
    return this.#all.length + this.#small.length;
  }

  #fold(): void {
    const [first] = this.#small;
    if (!first) return;
    this.#all.push(this.#small.length === 1 ? first : Buffer.concat(this.#small));
    this.#small = [];
  }
}
