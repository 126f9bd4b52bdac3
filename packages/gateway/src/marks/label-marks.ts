import { createHash, createHmac } from "node:crypto";

/** Secrets of principals and models that are kept; more are derived again. */
const maxKept = 4096;

/**
 * Which queries of a principal get the wrong label: decided by the key and the query alone. So every process decides alike, a repeat gets
 * the same answer, and nothing has to be remembered. Source: DAWN, Szyller et al. 2021.
 *
 * Blind spots: a query that differs in one bit is another query. Two principals are marked on different queries, so who asks twice under two
 * names and compares sees both.
 */
export class LabelMarks {
  readonly #secret: Buffer;
  readonly #keys = new Map<string, Buffer>();

  /** @param secret 32 bytes that nobody but the gateway's owner knows. */
  constructor(secret: Buffer) {
    this.#secret = secret;
  }

  /** @param share Of queries, 0 to 1. What is marked at one share is marked at every larger one. */
  isMarked(principal: string, model: string, row: readonly number[], share: number): boolean {
    const drawn = createHmac("sha256", this.#key(principal, model)).update(rowDigest(row)).digest();
    return drawn.readUIntBE(0, 6) < share * 2 ** 48;
  }

  #key(principal: string, model: string): Buffer {
    const name = JSON.stringify(["outweigh.marks.v1", "labels", principal, model]);
    const known = this.#keys.get(name);
    if (known) return known;
    if (this.#keys.size >= maxKept) this.#keys.clear();
    const key = createHmac("sha256", this.#secret).update(name).digest();
    this.#keys.set(name, key);
    return key;
  }
}

/** Names one query: its numbers as 32-bit floats, so that JSON and binary tensors of the same input are one query. */
export function rowDigest(row: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * row.length);
  // Minus nought is nought.
  row.forEach((it, i) => bytes.writeFloatLE(Math.fround(it) + 0, 4 * i));
  return createHash("sha256").update(bytes).digest();
}

/** Where the largest value stands and the next one, of equals the first; undefined where the two are equal, or there is one alone. */
export function bestTwo(values: readonly number[]): readonly [best: number, second: number] | undefined {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  let second = -1;
  for (let i = 0; i < values.length; i++) {
    if (i !== best && (second < 0 || (values[i] ?? 0) > (values[second] ?? 0))) second = i;
  }
  // Two that are equally likely: which one is the label is chance, and swapping them changes nothing.
  return second < 0 || (values[second] ?? 0) === (values[best] ?? 0) ? undefined : [best, second];
}
