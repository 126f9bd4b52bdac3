// Networks without an embedding: inputs keep their order, so the first layer's units are told by them, the next layer's by those, and so on.
import type { Axis, Matrix } from "../../fingerprint/canonical.ts";
import type { Located } from "./dimensions.ts";
import { flipped, halvesAgree } from "./layers.ts";
import { mutualNearest, standardised } from "./nearest.ts";
import { readRows } from "./rows.ts";

/** Widest layer that is followed: every unit has to be read. */
const maxUnits = 4096;

/** Inputs that a layer's units are told by. */
const maxInputs = 512;

/** Least share of the paired units that must have another place: otherwise nothing was rearranged. */
const minMoved = 0.5;

/** One layer of two chains: units that two halves of the inputs pair alike, of how many; 0 where the units are where they were. */
interface ChainTest {
  readonly a: string;
  readonly b: string;
  readonly agreeing: number;
  readonly of: number;
}

/**
 * Follows two chains of layers from the inputs on, as far as they go, and pairs the units of each layer twice: by the even and by the odd
 * inputs. Independent models pair at random: a units alike with a chance of at most 1/a!, as far as the two halves are independent.
 *
 * On one task with the same data, independent models agreed on 3 units of 128 at most, copies on nearly all (bench/weights).
 * @param ours Matrices in the order of the layers. @param theirs Likewise, of the same shapes.
 */
export async function testChain(ours: readonly Located[], theirs: readonly Located[]): Promise<ChainTest[]> {
  const tests: ChainTest[] = [];
  let inputs: Inputs | undefined;
  for (const [i, own] of ours.entries()) {
    const other = theirs[i];
    const along = outputAxis(own.matrix, ours[i + 1]?.matrix, ours[i - 1]?.matrix);
    const [units, width] = along === "rows" ? [own.matrix.rows, own.matrix.cols] : [own.matrix.cols, own.matrix.rows];
    if (!other || !sameShape(own.matrix, other.matrix) || units.length > maxUnits) break;
    if (inputs && inputs.of !== width.length) break; // the chain ends: this matrix is not fed by the one before
    inputs ??= identity(width);
    const one = await readRows(own.reader, own.matrix, { along, entries: inputs.ours });
    const two = await readRows(other.reader, other.matrix, { along, entries: inputs.theirs });
    if (!one || !two) break;
    const [left, right] = [standardised(one), standardised(flipped(two, inputs.sign))];
    const { partner, sign } = mutualNearest(left, right);
    const found = Array.from(partner, (theirUnit, unit) => ({ unit, theirUnit })).filter((it) => it.theirUnit >= 0);
    const moved = found.filter((it) => it.theirUnit !== it.unit).length;
    const agreeing = moved >= minMoved * found.length ? halvesAgree(left, right) : 0;
    tests.push({ a: own.matrix.tensor.name, b: other.matrix.tensor.name, agreeing, of: units.length });
    const kept = found.slice(0, maxInputs);
    if (kept.length < 8) break;
    inputs = {
      of: units.length,
      ours: kept.map((it) => it.unit),
      theirs: kept.map((it) => it.theirUnit),
      sign: kept.map((it) => sign[it.unit] ?? 1),
    };
  }
  return tests;
}

/** Which inputs of one layer are which of the other's, of how many there are. */
interface Inputs {
  readonly of: number;
  readonly ours: readonly number[];
  readonly theirs: readonly number[];
  readonly sign: readonly number[];
}

function identity(width: Axis): Inputs {
  const all = Array.from({ length: Math.min(width.length, maxInputs) }, (_, i) => i);
  return { of: width.length, ours: all, theirs: all, sign: all.map(() => 1) };
}

/** The axis that the next layer shares, else the one the layer before does not; if both fit, the outer one as stored. */
function outputAxis(own: Matrix, next: Matrix | undefined, before: Matrix | undefined): "rows" | "cols" {
  const { rows, cols } = own;
  const outer = Math.abs(rows.stride) > Math.abs(cols.stride) ? "rows" : "cols";
  if (rows.length === cols.length) return outer;
  const has = (matrix: Matrix | undefined, length: number): boolean =>
    matrix !== undefined && (matrix.rows.length === length || matrix.cols.length === length);
  if (before && has(before, rows.length) !== has(before, cols.length))
    return has(before, rows.length) ? "cols" : "rows";
  if (next && has(next, rows.length) !== has(next, cols.length)) return has(next, rows.length) ? "rows" : "cols";
  return outer;
}

function sameShape(a: Matrix, b: Matrix): boolean {
  return (
    a.rows.length === b.rows.length && a.cols.length === b.cols.length && a.rest.length === 0 && b.rest.length === 0
  );
}
