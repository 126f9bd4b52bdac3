import { createHash } from "node:crypto";
import { EvidenceError } from "./error.ts";

// Merkle trees over hashes, all as hexadecimal digits. Source: RFC 9162 §2.1, which keeps the trees of RFC 6962.

/** The hash of a leaf. Its prefix keeps a leaf from passing for an inner node. */
export function leafHash(entryHash: string): string {
  return createHash("sha256").update(leafPrefix).update(entryHash, "hex").digest("hex");
}

function nodeHash(left: string, right: string): string {
  return createHash("sha256").update(nodePrefix).update(left, "hex").update(right, "hex").digest("hex");
}

const leafPrefix = new Uint8Array([0]);
const nodePrefix = new Uint8Array([1]);

/** The root of a tree without leaves. */
export const emptyRoot = createHash("sha256").digest("hex");

/**
 * The roots of the full subtrees that a tree of `size` leaves consists of, largest first: all that is needed to add
 * leaves. There is one for each 1 in the binary form of `size`.
 */
export type Frontier = readonly string[];

/** The frontier after one more leaf; `size` is the number of leaves before. */
export function addLeaf(frontier: Frontier, size: number, leaf: string): Frontier {
  const next = [...frontier];
  let hash = leaf;
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2)) hash = nodeHash(next.pop() ?? "", hash);
  return [...next, hash];
}

/** The root of the tree with this frontier. */
export function rootOf(frontier: Frontier): string {
  return frontier.length === 0 ? emptyRoot : frontier.reduceRight((right, left) => nodeHash(left, right));
}

/**
 * A whole tree, built once in linear time and space, to take roots and proofs from: of all its leaves, or of the first
 * `size` of them, as the tree was when it had no more. All throw {EvidenceError} BAD_TREE for what lies outside.
 */
export class Tree {
  readonly size: number;
  /** From the leaves up, full subtrees alone: the node at `[height][i]` is over leaves `i * 2^height` and following. */
  readonly #levels: readonly (readonly string[])[];

  /** @param entryHashes The hashes of all entries, oldest first. */
  constructor(entryHashes: readonly string[]) {
    this.size = entryHashes.length;
    const levels = [entryHashes.map(leafHash)];
    for (let level = levels[0] ?? []; level.length > 1; level = levels.at(-1) ?? []) {
      const pairs = Array.from({ length: Math.floor(level.length / 2) }, (_, i) => i);
      levels.push(pairs.map((i) => nodeHash(level[2 * i] ?? "", level[2 * i + 1] ?? "")));
    }
    this.#levels = levels;
  }

  root(size = this.size): string {
    this.#check(size, 0, this.size);
    return size === 0 ? emptyRoot : this.#hash(0, size);
  }

  /** The hashes that lead from a leaf to the root. Source: RFC 9162 §2.1.3.1. */
  inclusion(index: number, size = this.size): string[] {
    this.#check(size, 1, this.size);
    this.#check(index, 0, size - 1);
    const proof: string[] = [];
    let [from, to] = [0, size];
    while (to - from > 1) {
      const middle = from + largestPowerBelow(to - from);
      const isLeft = index < middle;
      proof.push(isLeft ? this.#hash(middle, to) : this.#hash(from, middle));
      if (isLeft) to = middle;
      else from = middle;
    }
    return proof.reverse();
  }

  /** The hashes that show that a tree of `size` leaves begins with the one of `oldSize`. Source: RFC 9162 §2.1.4.1. */
  consistency(oldSize: number, size = this.size): string[] {
    this.#check(size, 0, this.size);
    this.#check(oldSize, 0, size);
    if (oldSize === 0 || oldSize === size) return [];
    const proof: string[] = [];
    let [from, to] = [0, size];
    while (oldSize !== to) {
      const middle = from + largestPowerBelow(to - from);
      const isLeft = oldSize <= middle;
      proof.push(isLeft ? this.#hash(middle, to) : this.#hash(from, middle));
      if (isLeft) to = middle;
      else from = middle;
    }
    // The older tree's last full subtree: known to whoever has its root only if it is all of that tree.
    if (from > 0) proof.push(this.#hash(from, to));
    return proof.reverse();
  }

  #check(value: number, least: number, most: number): void {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new EvidenceError("BAD_TREE", `${value} is not from ${least} to ${most} in a tree of ${this.size}`);
  }

  #hash(from: number, to: number): string {
    const count = to - from;
    const height = Math.ceil(Math.log2(count));
    if (2 ** height === count) return this.#levels[height]?.[from / count] ?? "";
    const middle = from + largestPowerBelow(count);
    return nodeHash(this.#hash(from, middle), this.#hash(middle, to));
  }
}

function largestPowerBelow(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** Whether a proof leads from entry number `index` to the root of a tree of `size`. Source: RFC 9162 §2.1.3.2. */
export function verifyInclusion(it: {
  readonly index: number;
  readonly size: number;
  readonly entryHash: string;
  readonly root: string;
  readonly proof: readonly string[];
}): boolean {
  if (!isCount(it.index) || !isCount(it.size) || it.index >= it.size) return false;
  let [at, last] = [it.index, it.size - 1];
  let hash = leafHash(it.entryHash);
  for (const neighbour of it.proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = nodeHash(neighbour, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, neighbour);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash === it.root;
}

/** Whether the tree of `size` leaves begins with the one of `oldSize`. Source: RFC 9162 §2.1.4.2. */
export function verifyConsistency(it: {
  readonly oldSize: number;
  readonly oldRoot: string;
  readonly size: number;
  readonly root: string;
  readonly proof: readonly string[];
}): boolean {
  if (!isCount(it.oldSize) || !isCount(it.size) || it.oldSize > it.size) return false;
  if (it.oldSize === it.size) return it.proof.length === 0 && it.oldRoot === it.root;
  if (it.oldSize === 0) return it.proof.length === 0 && it.oldRoot === emptyRoot;
  let [at, last] = [it.oldSize - 1, it.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  // An older tree that is one full subtree is not repeated in the proof.
  const path = at === 0 ? [it.oldRoot, ...it.proof] : it.proof;
  const [first, ...rest] = path;
  if (first === undefined) return false;
  let [old, hash] = [first, first];
  for (const neighbour of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = nodeHash(neighbour, old);
      hash = nodeHash(neighbour, hash);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      hash = nodeHash(hash, neighbour);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && old === it.oldRoot && hash === it.root;
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
