// Which hidden unit of one model is which of another's, and how unlikely it is that two matrices agree on it by chance.
import { lnFactorial } from "../../fingerprint/probability.ts";
import type { Alignment, Located } from "./dimensions.ts";
import { spread } from "./dimensions.ts";
import { agreement, mutualNearest, paired, standardised, type Pairing } from "./nearest.ts";
import { costOf, readRows, type Rows } from "./rows.ts";

/** Hidden units of our side that are looked for: enough for 1/a! to be beyond any library. */
const maxUnits = 512;

/** Dimensions that a hidden unit is told by. */
const maxDimensions = 512;

/** Neighbouring matrices of one layer that are tried against each other, and the depths at which that is done. */
const groupSize = 3;
const depths = [0.25, 0.75] as const;

/** Most bytes of the other model read for one depth: more, and only matrices near the same depth are tried. */
const maxBytes = 512 * 1024 * 1024;

/** Two matrices of one layer that pair hidden units of two models, each for itself. */
export interface UnitTest {
  readonly a: readonly [string, string];
  readonly b: readonly [string, string];
  /** Units that both pair alike, of so many that both pair. */
  readonly agreeing: number;
  readonly of: number;
  /** ln of the p-value, corrected for how many matrices were tried. */
  readonly lnP: number;
  /** Units are in another order. */
  readonly moved: boolean;
}

/**
 * Tests hidden layers at two depths. Matrices that share their hidden axis (gate and up, fc1 and fc2) pair the hidden units of the two models
 * each for itself, by the aligned dimensions; if the models are independent, their pairings are too, and a units agree with probability at
 * most 1/a!.
 *
 * @param ours Matrices of one hidden width, rows or columns along the aligned dimensions, in the order of the layers. @param theirs Likewise.
 * Source: Zhu et al., ICML 2025. Blind spot: pairings of one layer are only nearly independent where units differ much in size.
 */
export async function testLayers(
  ours: readonly Hidden[],
  theirs: readonly Hidden[],
  alignment: Alignment,
): Promise<UnitTest[]> {
  const tests: UnitTest[] = [];
  for (const start of startsOf(ours.length)) {
    const group = ours.slice(start, start + groupSize);
    const candidates = near(theirs, (start + 1) / ours.length, alignment);
    const matches: { own: Hidden; other: Hidden; pairing: Pairing }[] = [];
    for (const own of group) {
      const found = await bestPartner(own, candidates, alignment);
      if (found) matches.push({ own, ...found });
    }
    for (const [i, { own, other, pairing }] of matches.entries()) {
      const next = matches[i + 1];
      if (!next || next.other === other) continue;
      const agreeing = agreement(pairing, next.pairing);
      const tries = ours.length * candidates.length ** 2;
      tests.push({
        a: [own.matrix.tensor.name, next.own.matrix.tensor.name],
        b: [other.matrix.tensor.name, next.other.matrix.tensor.name],
        agreeing,
        of: Math.min(paired(pairing), paired(next.pairing)),
        lnP: Math.min(0, Math.log(tries) - lnFactorial(agreeing)),
        moved: isMoved(pairing),
      });
    }
  }
  return tests;
}

/** A matrix with a hidden axis, and which of its axes that is. */
export interface Hidden extends Located {
  readonly hidden: "rows" | "cols";
}

/** Where the groups begin. */
function startsOf(count: number): number[] {
  if (count < 2) return [];
  return [...new Set(depths.map((it) => Math.max(0, Math.min(count - groupSize, Math.floor(it * count)))))];
}

/** As many matrices around the same depth as may be read. */
function near(theirs: readonly Hidden[], middle: number, { theirs: dimensions }: Alignment): Hidden[] {
  const sorted = theirs.toSorted((x, y) => distance(theirs, x, middle) - distance(theirs, y, middle));
  let bytes = 0;
  return sorted.filter((it, i) => {
    bytes += costOf(it.matrix, { along: it.hidden, entries: dimensions.slice(0, maxDimensions) });
    return i < groupSize || bytes <= maxBytes;
  });
}

function distance(all: readonly Hidden[], one: Hidden, middle: number): number {
  return Math.abs(all.indexOf(one) / all.length - middle);
}

/** The candidate whose pairing with `own` is told alike by two halves of the dimensions, most units first. */
async function bestPartner(
  own: Hidden,
  candidates: readonly Hidden[],
  { ours, theirs, sign }: Alignment,
): Promise<{ other: Hidden; pairing: Pairing } | undefined> {
  const count = Math.min(maxDimensions, ours.length);
  const vectors = spread(own.hidden === "rows" ? own.matrix.rows.length : own.matrix.cols.length, maxUnits);
  const read = await readRows(own.reader, own.matrix, { along: own.hidden, vectors, entries: ours.slice(0, count) });
  if (!read) return undefined;
  const left = standardised(read);
  let best: { other: Hidden; pairing: Pairing; score: number } | undefined;
  for (const other of candidates) {
    const found = await readRows(other.reader, other.matrix, { along: other.hidden, entries: theirs.slice(0, count) });
    if (!found) continue;
    const right = standardised(flipped(found, sign));
    const score = halvesAgree(left, right);
    if (score > (best?.score ?? -1)) best = { other, pairing: mutualNearest(left, right), score };
  }
  return best;
}

/** Units that the even and the odd entries pair alike. */
export function halvesAgree(a: Rows, b: Rows): number {
  const [even, odd] = [0, 1].map((half) => mutualNearest(everyOther(a, half), everyOther(b, half)));
  return even && odd ? agreement(even, odd) : 0;
}

/** Entries times a sign each. */
export function flipped({ count, width, values }: Rows, sign: readonly number[]): Rows {
  return { count, width, values: values.map((it, i) => it * (sign[i % width] ?? 1)) };
}

function everyOther({ count, width, values }: Rows, first: number): Rows {
  const kept = Math.floor((width - first + 1) / 2);
  const out = new Float32Array(count * kept);
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < kept; k++) out[i * kept + k] = values[i * width + first + 2 * k] ?? 0;
  }
  return { count, width: kept, values: out };
}

/** Partners of neighbours are mostly no neighbours. */
function isMoved({ partner }: Pairing): boolean {
  const found = Array.from(partner).filter((it) => it >= 0);
  const rising = found.filter((it, i) => i > 0 && it > (found[i - 1] ?? 0)).length;
  return rising < 0.9 * (found.length - 1);
}
