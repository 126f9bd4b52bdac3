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

/**
 * Share of units that two halves of the inputs pair alike, for each layer of two chains that can be followed from the inputs on.
 *
 * No p-value: models trained on the same data have units alike without kinship. Bench/weights says how many.
 * @param ours Matrices in the order of the layers. @param theirs Likewise, of the same shapes.
 */
export async function chainAgreement(ours: readonly Located[], theirs: readonly Located[]): Promise<number[]> {
  const shares: number[] = [];
  let inputs: { ours: number[]; theirs: number[]; sign: number[] } | undefined;
  for (const [i, own] of ours.entries()) {
    const other = theirs[i];
    const along = outputAxis(own.matrix, ours[i + 1]?.matrix, ours[i - 1]?.matrix);
    const [units, width] = along === "rows" ? [own.matrix.rows, own.matrix.cols] : [own.matrix.cols, own.matrix.rows];
    if (!other || !sameShape(own.matrix, other.matrix) || units.length > maxUnits) break;
    inputs ??= identity(width);
    const one = await readRows(own.reader, own.matrix, { along, entries: inputs.ours });
    const two = await readRows(other.reader, other.matrix, { along, entries: inputs.theirs });
    if (!one || !two) break;
    const [left, right] = [standardised(one), standardised(flipped(two, inputs.sign))];
    shares.push(halvesAgree(left, right) / units.length);
    const { partner, sign } = mutualNearest(left, right);
    const found = Array.from(partner, (theirUnit, unit) => ({ unit, theirUnit })).filter((it) => it.theirUnit >= 0);
    const kept = found.slice(0, maxInputs);
    if (kept.length < 8) break;
    inputs = {
      ours: kept.map((it) => it.unit),
      theirs: kept.map((it) => it.theirUnit),
      sign: kept.map((it) => sign[it.unit] ?? 1),
    };
  }
  return shares;
}

function identity(width: Axis): { ours: number[]; theirs: number[]; sign: number[] } {
  const all = Array.from({ length: Math.min(width.length, maxInputs) }, (_, i) => i);
  return { ours: all, theirs: all, sign: all.map(() => 1) };
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
