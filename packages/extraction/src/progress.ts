import { ExtractionError } from "./error.ts";
import { fromText, toText } from "./bytes.ts";
import { place, unit, type Space } from "./space.ts";
import { wilson } from "./statistics.ts";

/**
 * How good a clone the owner of a query log could already have: one is trained on that log alone and compared with the
 * model on inputs that nobody was ever served. A lower bound: a better student learns more ("at least").
 *
 * It measures risk, not intent: a heavy honest user gets far too. Hence a budget first, an alarm second.
 * Ancestor: Kesarwani et al., ACSAC 2018. Ours is ridge regression, because its sums add: a group's are its members'.
 */
export interface Exam {
  readonly space: Space;
  readonly classes: number;
  /** Reserved owner inputs in the space, one row each, with a leading 1; and the model's answer to each. */
  readonly inputs: readonly Float64Array[];
  readonly labels: readonly number[];
  /** Agreement of who always answers the commonest class. */
  readonly floor: number;
  /** Agreement of the same clone taught with the owner's own labelled inputs. */
  readonly ceiling: number;
}

/** An input and the model's answer to it. */
export interface Answered {
  readonly input: ArrayLike<number>;
  readonly label: number;
  /** All probabilities, where the client got them: they teach more than a label. */
  readonly probabilities?: ArrayLike<number>;
}

export interface Progress {
  readonly queries: number;
  /** Agreement of the clone with the model on the exam, 0…1, and its 95 % Wilson interval. */
  readonly fidelity: number;
  readonly interval: readonly [number, number];
  /** (fidelity - floor) / (ceiling - floor), at least 0; 1 is the ceiling of our clone, not of every thief's. */
  readonly progress: number;
}

/** Strength of the ridge per query, in squared standard deviations. From the brief; not tuned. */
const ridge = 0.3;
/**
 * Numbers that a student keeps at most: 14 KB of a principal's 64. Many classes leave room for fewer axes of the space; the
 * axes come in falling order of variance, so the rest goes first.
 */
const maxNumbers = 2500;
/** Fewest axes that an exam is worth sitting with. */
const minAxes = 16;
/** Most classes of an exam: more would leave fewer than 16 axes. Put classes together that are sold together. */
export const maxExamClasses = Math.floor(maxNumbers / (minAxes + 1) - (minAxes + 2) / 2);
/** Fewest reserved inputs: with 1,500 the Wilson interval is ±2.5 % at worst. */
export const minExamInputs = 1500;

/**
 * Sets the exam: `reserved` are the inputs to compare on, `owned` the owner's own labelled inputs for the ceiling.
 * @throws {ExtractionError} BAD_CALIBRATION with fewer than `minExamInputs` reserved inputs, fewer than 2 or more than
 * `maxExamClasses` classes, or a label that is none of them.
 */
export function setExam(
  space: Space,
  classes: number,
  reserved: readonly Answered[],
  owned: readonly Answered[],
): Exam {
  if (reserved.length < minExamInputs) {
    throw new ExtractionError(
      "BAD_CALIBRATION",
      `expected at least ${minExamInputs} reserved inputs, got ${reserved.length}`,
    );
  }
  if (!Number.isInteger(classes) || classes < 2 || classes > maxExamClasses) {
    throw new ExtractionError("BAD_CALIBRATION", `expected 2 to ${maxExamClasses} classes, got ${classes}`);
  }
  const odd = [...reserved, ...owned].find((it) => !Number.isInteger(it.label) || it.label < 0 || it.label >= classes);
  if (odd) throw new ExtractionError("BAD_CALIBRATION", `expected labels from 0 to ${classes - 1}, got ${odd.label}`);
  const inputs = reserved.map((it) => withOne(space, it.input, widthOf(space, classes)));
  const labels = reserved.map((it) => it.label);
  const counts = Array.from({ length: classes }, () => 0);
  for (const it of labels) counts[it] = (counts[it] ?? 0) + 1;
  const floor = Math.max(...counts) / labels.length;
  const exam: Exam = { space, classes, inputs, labels, floor, ceiling: 1 };
  const best = new Student(exam);
  for (const it of owned) best.learn(it);
  return { ...exam, ceiling: Math.max(best.examine().fidelity, floor + 0.01) };
}

/** What one log, or several together, could teach. Memory: (d + 1)(d + 2)/2 + (d + 1) classes numbers, at most 2,500, whatever the length. */
export class Student {
  readonly #exam: Exam;
  readonly #width: number;
  /** Packed upper triangle of Σ x xᵀ, and Σ x yᵀ. */
  readonly #gram: Float32Array;
  readonly #cross: Float32Array;
  #queries = 0;

  constructor(exam: Exam) {
    this.#exam = exam;
    this.#width = widthOf(exam.space, exam.classes);
    this.#gram = new Float32Array((this.#width * (this.#width + 1)) / 2);
    this.#cross = new Float32Array(this.#width * exam.classes);
  }

  /** Answered queries learnt from. */
  get queries(): number {
    return this.#queries;
  }

  /** Adds one answered query. Exact repeats are the caller's to drop: they teach nothing. */
  learn({ input, label, probabilities }: Answered): void {
    const x = withOne(this.#exam.space, input, this.#width);
    const { classes } = this.#exam;
    for (let i = 0, at = 0; i < this.#width; i++) {
      const xi = x[i]!;
      for (let j = i; j < this.#width; j++) this.#gram[at++]! += xi * x[j]!;
      if (probabilities)
        for (let c = 0; c < classes; c++) this.#cross[i * classes + c]! += xi * (probabilities[c] ?? 0);
      else this.#cross[i * classes + label]! += xi;
    }
    this.#queries++;
  }

  /** Adds what another student of the same exam has learnt: the way groups are examined. */
  join(other: Student): void {
    if (other.#gram.length !== this.#gram.length || other.#cross.length !== this.#cross.length) {
      throw new ExtractionError("BAD_STATE", "students of different exams cannot join");
    }
    for (let i = 0; i < this.#gram.length; i++) this.#gram[i]! += other.#gram[i]!;
    for (let i = 0; i < this.#cross.length; i++) this.#cross[i]! += other.#cross[i]!;
    this.#queries += other.#queries;
  }

  /** Solves the ridge and sits the exam. Costs d³/6 + inputs × d × classes multiplications: call it at 32, 64, 128, … queries. */
  examine(): Progress {
    const { classes, inputs, labels, floor, ceiling } = this.#exam;
    const weights = solve(this.#gram, this.#cross, this.#width, classes, ridge * Math.max(this.#queries, 1));
    let hits = 0;
    const sums = new Float64Array(classes);
    inputs.forEach((x, i) => {
      sums.fill(0);
      for (let k = 0, at = 0; k < this.#width; k++) {
        const value = x[k]!;
        for (let c = 0; c < classes; c++) sums[c]! += value * weights[at++]!;
      }
      let best = 0;
      for (let c = 1; c < classes; c++) if (sums[c]! > sums[best]!) best = c;
      if (best === labels[i]) hits++;
    });
    const fidelity = hits / labels.length;
    return {
      queries: this.#queries,
      fidelity,
      interval: wilson(hits, labels.length),
      progress: Math.max(0, (fidelity - floor) / (ceiling - floor)),
    };
  }

  snapshot(): StudentState {
    return { queries: this.#queries, gram: toText(this.#gram), cross: toText(this.#cross) };
  }

  /** @throws {ExtractionError} BAD_STATE for a student of another exam: told by the sizes. */
  restore(state: StudentState): void {
    fromText(this.#gram, state.gram);
    fromText(this.#cross, state.cross);
    this.#queries = state.queries;
  }
}

export interface StudentState {
  readonly queries: number;
  readonly gram: string;
  readonly cross: string;
}

/** A constant and as many axes of the space as `maxNumbers` has room for. */
function widthOf({ dimensions }: Space, classes: number): number {
  let width = dimensions + 1;
  while (width > 1 && (width * (width + 1)) / 2 + width * classes > maxNumbers) width--;
  return width;
}

/** The input's first coordinates in standard deviations behind a constant 1. */
function withOne(space: Space, input: ArrayLike<number>, width: number): Float64Array {
  const point = place(space, input);
  const out = new Float64Array(width);
  out[0] = 1;
  for (let i = 1; i < width; i++) out[i] = point[i - 1]! / unit;
  return out;
}

/** Solves (G + λI) W = C by Cholesky; the constant is not shrunk. Row-major `width × classes`. */
function solve(gram: Float32Array, cross: Float32Array, width: number, classes: number, lambda: number): Float64Array {
  const l = new Float64Array(width * width);
  for (let i = 0, at = 0; i < width; i++) for (let j = i; j < width; j++) l[j * width + i] = gram[at++]!;
  for (let i = 0; i < width; i++) l[i * width + i]! += i === 0 ? 1e-9 : lambda;
  for (let j = 0; j < width; j++) {
    for (let k = 0; k < j; k++) {
      const f = l[j * width + k]!;
      for (let i = j; i < width; i++) l[i * width + j]! -= l[i * width + k]! * f;
    }
    const pivot = Math.sqrt(Math.max(l[j * width + j]!, 1e-12));
    for (let i = j; i < width; i++) l[i * width + j]! /= pivot;
  }
  const w = Float64Array.from(cross);
  for (let c = 0; c < classes; c++) {
    for (let i = 0; i < width; i++) {
      let sum = w[i * classes + c]!;
      for (let k = 0; k < i; k++) sum -= l[i * width + k]! * w[k * classes + c]!;
      w[i * classes + c] = sum / l[i * width + i]!;
    }
    for (let i = width - 1; i >= 0; i--) {
      let sum = w[i * classes + c]!;
      for (let k = i + 1; k < width; k++) sum -= l[k * width + i]! * w[k * classes + c]!;
      w[i * classes + c] = sum / l[i * width + i]!;
    }
  }
  return w;
}
