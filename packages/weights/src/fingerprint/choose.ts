import { elementsOf, matricesOf, restCount, shapeClass, type Matrix } from "./canonical.ts";
import { packedMatrices } from "./packed.ts";
import type { Tensor } from "../tensor.ts";

/** A matrix that is to be fingerprinted. */
export interface Chosen {
  readonly matrix: Matrix;
  /** Its place among all matrices of the model, in the order of their names. */
  readonly rank: number;
  readonly shapeClass: string;
  /** Its place among all matrices of its shape class, from 0, and how many there are. */
  readonly order: number;
  readonly of: number;
  /** All of its class are fingerprinted. */
  readonly whole: boolean;
  /** It seems to hold a vector for each token: the longest axis of the model, shared by two matrices at most. */
  readonly tokens: boolean;
}

/** Most tensors, and most matrices in them, that are looked at; the largest public mixture has 100,000. */
const maxConsidered = 200_000;

/** Rows that an embedding must have so that its extra tiles, which lie from row 256 on, exist. */
const minTokenRows = 320;

/**
 * Which matrices of a model are fingerprinted: all up to `most`; beyond that embedding and head, then each shape class by its share, evenly
 * spaced, so that layers and roles are met alike.
 *
 * The order within a class is that of the names with their numbers read as numbers, which conversions between formats keep; where names
 * tell nothing it is as good as any. Names are never evidence: they only decide which tensors are met and which are tried as partners in order.
 */
export function chooseMatrices(tensors: readonly Tensor[], minElements: number, most: number): Chosen[] {
  const classes = new Map<string, Matrix[]>();
  const matrices: Matrix[] = [];
  const packed = packedMatrices(tensors.slice(0, maxConsidered));
  for (const tensor of inNameOrder(tensors.slice(0, maxConsidered))) {
    if (matrices.length >= maxConsidered) break;
    matrices.push(
      ...(packed.get(tensor) ?? matricesOf(tensor, minElements)).filter((it) => elementsOf(it) >= minElements),
    );
  }
  const ranks = new Map(matrices.map((it, i) => [it, i]));
  for (const matrix of matrices) {
    const key = shapeClass(matrix);
    const members = classes.get(key);
    if (members) members.push(matrix);
    else classes.set(key, [matrix]);
  }
  const tokenClass = tokenClassOf(classes);
  const quotas = shareOut(classes, most, tokenClass);
  return [...classes].flatMap(([key, members]) => {
    const count = quotas.get(key) ?? 0;
    return evenly(members.length, count).flatMap((order) => {
      const matrix = members[order];
      if (!matrix) return [];
      const of = members.length;
      const rank = ranks.get(matrix) ?? 0;
      return [{ matrix, rank, shapeClass: key, order, of, whole: count === of, tokens: key === tokenClass }];
    });
  });
}

/** In the order of their names, `layer.10` after `layer.9`; equal names as they lie. */
export function inNameOrder(tensors: readonly Tensor[]): Tensor[] {
  const split = tensors.map((tensor) => ({ tensor, parts: tensor.name.match(/\d+|\D+/g) ?? [] }));
  split.sort((a, b) => compareParts(a.parts, b.parts) || a.tensor.offset - b.tensor.offset);
  return split.map((it) => it.tensor);
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (const [i, x] of a.entries()) {
    const y = b[i];
    if (y === undefined) return 1;
    if (x === y) continue;
    const numbers = Number(x) - Number(y); // NaN unless both are digits
    return numbers || (x < y ? -1 : 1);
  }
  return a.length - b.length;
}

function tokenClassOf(classes: ReadonlyMap<string, readonly Matrix[]>): string | undefined {
  const lengths = [...classes].map(([key, members]) => ({ key, members, rows: members[0]?.rows.length ?? 0 }));
  const longest = Math.max(0, ...lengths.map((it) => it.rows));
  const [found, second] = lengths.filter((it) => it.rows === longest);
  if (!found || second || longest < minTokenRows || found.members.length > 2) return undefined;
  return found.members.every((it) => restCount(it.rest) === 1) ? found.key : undefined;
}

/** How many of each class are taken. Every class gets one, the largest first, as long as there is room. */
function shareOut(
  classes: ReadonlyMap<string, readonly Matrix[]>,
  most: number,
  tokenClass: string | undefined,
): Map<string, number> {
  const total = [...classes.values()].reduce((sum, it) => sum + it.length, 0);
  if (total <= most) return new Map([...classes].map(([key, members]) => [key, members.length]));
  const rank = (key: string, members: readonly Matrix[]): number =>
    key === tokenClass ? Infinity : members.length * sizeOf(members);
  const sorted = [...classes].toSorted(([a, x], [b, y]) => rank(b, y) - rank(a, x) || (a < b ? -1 : 1)).slice(0, most);
  const quotas = new Map(sorted.map(([key]) => [key, 1]));
  let left = most - quotas.size;
  for (const [key, members] of sorted) {
    const share = key === tokenClass ? members.length : Math.round((members.length / total) * most);
    const more = Math.max(0, Math.min(share, members.length) - 1);
    const given = Math.min(more, left);
    quotas.set(key, 1 + given);
    left -= given;
  }
  return quotas;
}

function sizeOf([first]: readonly Matrix[]): number {
  return first ? first.rows.length * first.cols.length : 0;
}

function evenly(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * length) / count));
}
