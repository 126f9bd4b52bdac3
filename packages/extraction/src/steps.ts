import { fromText, toText } from "./bytes.ts";
import { keptOf } from "./history.ts";
import type { Space } from "./space.ts";

/** Steps remembered: a thief's next step is like its last ones. */
const remembered = 64;
/** Coordinates of a step that are compared, evenly spread over the input's: 64 steps of 32 bytes are 2 KiB. */
const compared = 32;

/**
 * Does a principal go from its own earlier queries by the same step again and again?
 *
 * Augmentation moves each query by a step that one rule makes: every column by the same amount up or down (fast gradient sign), or
 * all queries of a class the same way. People's nearest earlier query differs in whatever way two things differ. So each step is
 * compared with earlier ones, column by column, whichever way each column moved. Blind spots: steps drawn at random; inputs of 33
 * to 64 columns that do not go together, of which 32 axes show too little.
 */
export class Steps {
  /** The compared columns of the standardised input, each as a row over the kept coordinates, one behind the other. */
  readonly #columns: Float64Array;
  readonly #width: number;
  readonly #known: Uint8Array;
  #taken = 0;

  constructor(space: Space) {
    const columns = columnsOf(space);
    this.#width = columns.length;
    this.#columns = Float64Array.from(columns.flat());
    this.#known = new Uint8Array(remembered * columns.length);
  }

  /**
   * Takes the step between two rows of kept coordinates. How unlikely is one so near to an earlier one? -k ln r: r the distance to
   * the nearest earlier step relative to this one's length, k the columns that really move, because the share of steps within r
   * of another falls as r to the power of k. So who changes one field by one every time is far from a thief who moves them all.
   * Undefined for the first step, and where nothing moved.
   */
  take(from: Int8Array, to: Int8Array): number | undefined {
    const step = this.#columnwise(from, to);
    let [sum, squares] = [0, 0];
    for (const it of step) {
      sum += it;
      squares += it * it;
    }
    if (squares === 0) return undefined;
    const nearest = this.#nearest(step);
    this.#known.set(step.map(Math.round), (this.#taken++ % remembered) * step.length);
    if (nearest === Infinity) return undefined;
    // Half a unit stands for a distance below what is kept.
    const near = Math.max(Math.sqrt(nearest), 0.5) / Math.sqrt(squares);
    return (-(sum * sum) / squares) * Math.log(near);
  }

  /** How far each compared column moved, whichever way. */
  #columnwise(from: Int8Array, to: Int8Array): Float64Array {
    const axes = from.length;
    const moved = new Int16Array(axes);
    for (let k = 0; k < axes; k++) moved[k] = to[k]! - from[k]!;
    const step = new Float64Array(this.#width);
    for (let i = 0, at = 0; i < step.length; i++) {
      let sum = 0;
      for (let k = 0; k < axes; k++) sum += this.#columns[at++]! * moved[k]!;
      step[i] = Math.min(Math.abs(sum), 255);
    }
    return step;
  }

  /** Squared distance to the nearest step remembered. */
  #nearest(step: Float64Array): number {
    const known = this.#known;
    const width = step.length;
    const end = Math.min(this.#taken, remembered) * width;
    let nearest = Infinity;
    for (let at = 0; at < end; at += width) {
      let apart = 0;
      for (let i = 0; i < width && apart < nearest; i++) {
        const d = known[at + i]! - step[i]!;
        apart += d * d;
      }
      if (apart < nearest) nearest = apart;
    }
    return nearest;
  }

  /** Plain data that restores to the same answers. */
  snapshot(): StepsState {
    return { taken: this.#taken, known: toText(this.#known) };
  }

  /** @throws {ExtractionError} BAD_STATE when the state is of another size. */
  restore({ taken, known }: StepsState): void {
    fromText(this.#known, known);
    this.#taken = taken;
  }
}

export interface StepsState {
  readonly taken: number;
  readonly known: string;
}

/** A projected input has columns of its own; any other is turned back from its axes. */
function columnsOf(space: Space): number[][] {
  const { axes, scale, columns } = space;
  const kept = keptOf(space);
  if (columns.length > 0) {
    const first = kept.length - columns.length;
    return columns.map((_, i) => kept.map((_, k) => (k === first + i ? 1 : 0)));
  }
  const moving = Array.from(scale.keys()).filter((i) => scale[i] !== 0);
  const count = Math.min(compared, moving.length);
  return Array.from({ length: count }, (_, i) => {
    const column = moving[Math.floor((i * moving.length) / count)] ?? 0;
    return kept.map((k) => axes[k * scale.length + column] ?? 0);
  });
}
