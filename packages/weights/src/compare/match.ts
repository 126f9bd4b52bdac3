import type { Fingerprint, TensorRecord } from "../fingerprint/record.ts";
import { likeness, prepare, transposed, type Likeness, type PreparedTile } from "../fingerprint/statistic.ts";

/** Two matrices that were tested against each other. */
export interface Pair extends Likeness {
  readonly a: TensorRecord;
  readonly b: TensorRecord;
  /** One is like the other's transpose. */
  readonly transposed: boolean;
}

/** What came of testing two models. */
export interface Matching {
  /** One to one, the most alike first within each shape class. */
  readonly pairs: readonly Pair[];
  /** All tests made, transposes counted: what chance had to do with. */
  readonly tried: number;
  /** ln p of the pairs that stand at the same place of their class: no choice was made among these. */
  readonly inOrder: readonly number[];
  /** How many pairs two samples of the same model would have in common. */
  readonly expected: number;
}

/**
 * Tests every matrix of `a` against every one of `b` that has its shape, square ones against the transpose too, embeddings also
 * against embeddings of other length; then matches them one to one, the largest |z| first.
 */
export function matchTensors(a: readonly TensorRecord[], b: readonly TensorRecord[]): Matching {
  const [classesA, classesB] = [byClass(a), byClass(b)];
  const pairs: Pair[] = [];
  const inOrder: number[] = [];
  let tried = 0;
  let expected = 0;
  for (const [key, ours] of classesA) {
    const theirs = classesB.get(key) ?? [];
    if (theirs.length === 0) continue;
    const tests = testAll(ours, theirs);
    tried += tests.reduce((sum, it) => sum + it.tries, 0);
    pairs.push(...oneToOne(tests.map((it) => it.best)));
    inOrder.push(...alongOrder(ours, theirs, tests));
    expected += overlapOf(ours, theirs);
  }
  const grown = grownEmbeddings(a, b);
  return {
    pairs: [...pairs, ...oneToOne(grown)],
    tried: tried + grown.length,
    inOrder: [...inOrder, ...(grown.length === 1 ? grown.map((it) => it.lnP) : [])],
    expected: expected + Math.min(1, grown.length),
  };
}

/** Its matrices that can be compared. */
export function usable({ tensors }: Fingerprint): TensorRecord[] {
  return tensors.filter((it) => it.unusable === undefined && it.tiles.length > 0);
}

function byClass(records: readonly TensorRecord[]): Map<string, TensorRecord[]> {
  const classes = new Map<string, TensorRecord[]>();
  for (const record of records.toSorted((x, y) => x.order - y.order)) {
    const key = JSON.stringify([record.shapeClass]);
    const members = classes.get(key);
    if (members) members.push(record);
    else classes.set(key, [record]);
  }
  return classes;
}

/** The better of the test and, for square matrices, that of the transpose. */
interface Test {
  readonly best: Pair;
  readonly tries: number;
}

function testAll(ours: readonly TensorRecord[], theirs: readonly TensorRecord[]): Test[] {
  const right = theirs.map((record) => {
    const tiles = record.tiles.map(prepare);
    return { record, tiles, turned: record.rows === record.cols ? tiles.map(transposed) : undefined };
  });
  return ours.flatMap((a) => {
    const tiles = a.tiles.map(prepare);
    return right.flatMap(({ record: b, tiles: plain, turned }) => {
      const straight = pairOf(a, b, tiles, plain, false);
      const crossed = turned && pairOf(a, b, tiles, turned, true);
      if (!straight) return [];
      const best = crossed && Math.abs(crossed.z) > Math.abs(straight.z) ? crossed : straight;
      return [{ best, tries: crossed ? 2 : 1 }];
    });
  });
}

function pairOf(
  a: TensorRecord,
  b: TensorRecord,
  ours: readonly PreparedTile[],
  theirs: readonly PreparedTile[],
  isTransposed: boolean,
): Pair | undefined {
  const found = likeness(ours, theirs);
  return found && { a, b, ...found, transposed: isTransposed };
}

/** Greedy by |z|. */
function oneToOne(pairs: readonly Pair[]): Pair[] {
  const takenA = new Set<TensorRecord>();
  const takenB = new Set<TensorRecord>();
  const chosen: Pair[] = [];
  for (const pair of pairs.toSorted((x, y) => Math.abs(y.z) - Math.abs(x.z))) {
    if (takenA.has(pair.a) || takenB.has(pair.b)) continue;
    takenA.add(pair.a);
    takenB.add(pair.b);
    chosen.push(pair);
  }
  return chosen;
}

/** Straight and transposed were both tried, so the lesser p counts for two. */
function alongOrder(ours: readonly TensorRecord[], theirs: readonly TensorRecord[], tests: readonly Test[]): number[] {
  const places = new Map(theirs.map((it, i) => [it, i]));
  const own = new Map(ours.map((it, i) => [it, i]));
  const aligned = tests.filter(({ best }) => own.get(best.a) === places.get(best.b));
  return aligned.map(({ best, tries }) => Math.min(0, best.lnP + Math.log(tries)));
}

/** All of the smaller class if both were sampled whole; else what two independent samples of one class share on average. */
function overlapOf(ours: readonly TensorRecord[], theirs: readonly TensorRecord[]): number {
  const smaller = Math.min(ours.length, theirs.length);
  const all = [...ours, ...theirs];
  if (all.every((it) => it.whole)) return smaller;
  return Math.min(smaller, (ours.length * theirs.length) / Math.max(...all.map((it) => it.of)));
}

function grownEmbeddings(a: readonly TensorRecord[], b: readonly TensorRecord[]): Pair[] {
  return a
    .filter((it) => it.tokens)
    .flatMap((one) =>
      b
        .filter((it) => it.tokens && it.cols === one.cols && it.rows !== one.rows)
        .flatMap((other) => {
          const pair = pairOf(one, other, one.extraTiles.map(prepare), other.extraTiles.map(prepare), false);
          return pair ? [pair] : [];
        }),
    );
}
