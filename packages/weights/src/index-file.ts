import { WeightsError } from "./error.ts";
import { lnNormalTail } from "./fingerprint/probability.ts";
import type { Fingerprint } from "./fingerprint/record.ts";
import { distanceBetween, sketchBits, sketchWords } from "./fingerprint/sketch.ts";
import { sketchesOf } from "./fingerprint/sketches.ts";

// The file is flat arrays of 32-bit little-endian words, so that it is searched as it lies in memory:
//
//   header    magic, version, key id (2 words), counts of models, classes and sketches, bytes of names
//   classes   rows, cols, rest, end of its sketches; sorted by shape
//   models    end of its name in the names
//   places    of each sketch: its place among the matrices of its class in its model; rising within a class
//   owners    of each sketch: its model
//   sketches  8 words each
//   names     UTF-8

/** "OWIX" in little-endian order. */
const magic = 0x5849574f;
const version = 1;
const headerWords = 8;
const classWords = 4;

/** Most models of one index: a hundred times the largest library planned. */
const maxIndexModels = 1_000_000;

/** Largest index, in bytes: 50,000 models of 128 matrices. Typed arrays beyond 2 GiB are slow to copy. */
const maxIndexBytes = 2_147_483_647;

/** Longest name of a model, in bytes. */
const maxNameBytes = 1024;

/** Matrices that are also compared with those at every other place: a copy that dropped or doubled layers has no matrix at its old place. */
const maxProbes = 8;

/** Distance below which a sketch at another place counts: 5 deviations, so that 300,000 strangers make one by chance. */
const probeDistance = 88;

/** A model to be found again. */
export interface IndexEntry {
  /** Yours; returned by a search. At most 1024 bytes of UTF-8. */
  readonly id: string;
  readonly fingerprint: Pick<Fingerprint, "keyId" | "tensors">;
}

/** A model worth comparing. */
export interface Candidate {
  readonly id: string;
  /** Sum over matrices of -ln of the chance of so small a distance: ranks candidates, proves nothing. */
  readonly score: number;
}

/**
 * Makes an index of fingerprints, all of one key: a sketch for each matrix, 40 bytes, about 5 KB a model.
 * @throws {RangeError} for mixed keys, a name too long or too many models.
 */
export function buildIndex(entries: readonly IndexEntry[]): Uint8Array {
  const keyId = entries[0]?.fingerprint.keyId ?? "0000000000000000";
  if (entries.some((it) => it.fingerprint.keyId !== keyId)) throw new RangeError("fingerprints of different keys");
  if (entries.length > maxIndexModels) throw new RangeError(`${entries.length} models, more than ${maxIndexModels}`);
  const names = entries.map((it) => new TextEncoder().encode(it.id));
  if (names.some((it) => it.length > maxNameBytes)) throw new RangeError(`a name is longer than ${maxNameBytes} bytes`);

  const owned = entries.flatMap((it, model) =>
    sketchesOf(it.fingerprint.tensors, false).map((sketch) => ({ ...sketch, model })),
  );
  owned.sort((a, b) => compareShapes(a, b) || a.place - b.place || a.model - b.model);
  const classes: number[] = [];
  for (const [i, { rows, cols, rest }] of owned.entries()) {
    const last = owned[i - 1];
    if (!last || compareShapes(last, { rows, cols, rest }) !== 0) classes.push(rows, cols, rest, i + 1);
    else classes[classes.length - 1] = i + 1;
  }
  const nameBytes = names.reduce((sum, it) => sum + it.length, 0);
  const words = headerWords + classes.length + names.length + owned.length * (2 + sketchWords);
  const bytes = new Uint8Array(words * 4 + nameBytes);
  const out = new Uint32Array(bytes.buffer, 0, words);
  const counts = [entries.length, classes.length / classWords, owned.length, nameBytes];
  out.set([magic, version, Number.parseInt(keyId.slice(0, 8), 16), Number.parseInt(keyId.slice(8), 16), ...counts]);
  out.set(classes, headerWords);
  let at = headerWords + classes.length;
  let end = 0;
  for (const name of names) {
    bytes.set(name, words * 4 + end);
    out[at++] = end += name.length;
  }
  for (const [i, { place, model, sketch }] of owned.entries()) {
    out[at + i] = place;
    out[at + owned.length + i] = model;
    out.set(sketch, at + 2 * owned.length + i * sketchWords);
  }
  return bytes;
}

/** Fingerprints of many models, searched where they lie. */
export class FingerprintIndex {
  readonly keyId: string;
  readonly models: number;
  readonly #classes: Uint32Array;
  readonly #nameEnds: Uint32Array;
  readonly #places: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #sketches: Uint32Array;
  readonly #names: Uint8Array;

  /**
   * @param bytes As `buildIndex` made them. They are not copied if they begin at a multiple of 4, and must not change.
   * @throws {WeightsError} MALFORMED, UNSUPPORTED for another version, TRUNCATED, TOO_LARGE, TOO_MANY.
   */
  constructor(bytes: Uint8Array) {
    const sections = readSections(bytes);
    this.keyId = sections.keyId;
    this.models = sections.nameEnds.length;
    this.#classes = sections.classes;
    this.#nameEnds = sections.nameEnds;
    this.#places = sections.places;
    this.#owners = sections.owners;
    this.#sketches = sections.sketches;
    this.#names = sections.names;
  }

  /**
   * The models whose matrices look most like those of `query`, best first; those that share nothing are left out.
   *
   * Each matrix is compared with those at its place in every model, a few also with those at other places.
   * @returns At most `most`; empty if the keys differ. Compare each with `compareFingerprints`: the score is no verdict.
   * Blind spot: correlations below .45 are found only as sums over many matrices; small libraries should be compared one by one.
   */
  search(query: Pick<Fingerprint, "keyId" | "tensors">, most = 20): Candidate[] {
    if (query.keyId !== this.keyId) return [];
    const scores = new Float64Array(this.models);
    const sketches = sketchesOf(query.tensors, true);
    const everywhere = new Set(evenly(sketches, maxProbes));
    for (const sketch of sketches) {
      const [from, to] = this.#classOf(sketch);
      for (const words of sketch.turned ? [sketch.sketch, sketch.turned] : [sketch.sketch]) {
        if (everywhere.has(sketch)) this.#scoreRange(words, from, to, probeDistance, scores);
        const [start, end] = this.#placeOf(sketch.place, from, to);
        this.#scoreRange(words, start, end, sketchBits / 2, scores);
      }
    }
    return best(scores, most).map((model) => ({ id: this.#nameOf(model), score: scores[model] ?? 0 }));
  }

  #scoreRange(words: Uint32Array, from: number, to: number, below: number, scores: Float64Array): void {
    const sketches = this.#sketches;
    for (let i = from; i < to; i++) {
      const apart = distanceBetween(words, 0, sketches, i * sketchWords);
      const distance = apart > sketchBits / 2 ? sketchBits - apart : apart; // a negated matrix differs in every bit
      if (distance >= below) continue;
      const owner = this.#owners[i] ?? 0;
      scores[owner] = (scores[owner] ?? 0) + (surprise[distance] ?? 0);
    }
  }

  #classOf(shape: Shape): [from: number, to: number] {
    let low = 0;
    let high = this.#classes.length / classWords;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareShapes(this.#shapeAt(middle), shape) < 0) low = middle + 1;
      else high = middle;
    }
    if (low * classWords >= this.#classes.length || compareShapes(this.#shapeAt(low), shape) !== 0) return [0, 0];
    return [low === 0 ? 0 : (this.#classes[low * classWords - 1] ?? 0), this.#classes[low * classWords + 3] ?? 0];
  }

  #shapeAt(index: number): Shape {
    const [rows = 0, cols = 0, rest = 0] = this.#classes.subarray(index * classWords, index * classWords + 3);
    return { rows, cols, rest };
  }

  #placeOf(place: number, from: number, to: number): [from: number, to: number] {
    return [lowerBound(this.#places, place, from, to), lowerBound(this.#places, place + 1, from, to)];
  }

  #nameOf(model: number): string {
    const from = model === 0 ? 0 : (this.#nameEnds[model - 1] ?? 0);
    return new TextDecoder().decode(this.#names.subarray(from, this.#nameEnds[model]));
  }
}

interface Shape {
  readonly rows: number;
  readonly cols: number;
  readonly rest: number;
}

/** -ln of the chance that one of two signs of independent sketches is so close: distances are normal around 128 with a deviation of 8. */
const surprise = Float64Array.from({ length: sketchBits / 2 + 1 }, (_, distance) =>
  Math.max(0, -lnNormalTail((sketchBits / 2 - distance - 0.5) / 8) - Math.LN2),
);

function readSections(bytes: Uint8Array): {
  keyId: string;
  classes: Uint32Array;
  nameEnds: Uint32Array;
  places: Uint32Array;
  owners: Uint32Array;
  sketches: Uint32Array;
  names: Uint8Array;
} {
  if (bytes.length > maxIndexBytes) throw new WeightsError("TOO_LARGE", `an index of ${bytes.length} bytes`);
  if (bytes.length < headerWords * 4) throw new WeightsError("TRUNCATED", `an index of ${bytes.length} bytes`);
  const whole = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  const header = new Uint32Array(whole.buffer, whole.byteOffset, headerWords);
  const [found, format, keyHigh = 0, keyLow = 0, models = 0, classes = 0, sketches = 0, nameBytes = 0] = header;
  if (found !== magic) throw new WeightsError("MALFORMED", "no fingerprint index", { at: 0 });
  if (format !== version)
    throw new WeightsError("UNSUPPORTED", `index version ${format}, expected ${version}`, { at: 4 });
  if (models > maxIndexModels) throw new WeightsError("TOO_MANY", `${models} models, more than ${maxIndexModels}`);
  const words = headerWords + classes * classWords + models + sketches * (2 + sketchWords);
  if (words * 4 + nameBytes !== bytes.length) {
    throw new WeightsError("TRUNCATED", `the index promises ${words * 4 + nameBytes} bytes and has ${bytes.length}`);
  }
  let at = headerWords;
  const take = (count: number): Uint32Array => {
    const section = new Uint32Array(whole.buffer, whole.byteOffset + at * 4, count);
    at += count;
    return section;
  };
  const sections = {
    keyId: hexWord(keyHigh) + hexWord(keyLow),
    classes: take(classes * classWords),
    nameEnds: take(models),
    places: take(sketches),
    owners: take(sketches),
    sketches: take(sketches * sketchWords),
    names: whole.subarray(words * 4),
  };
  checkSections(sections);
  return sections;
}

function checkSections({
  classes,
  nameEnds,
  owners,
  places,
  names,
}: Pick<ReturnType<typeof readSections>, "classes" | "nameEnds" | "owners" | "places" | "names">): void {
  const bad = (what: string): never => {
    throw new WeightsError("MALFORMED", `the index has ${what}`);
  };
  let end = 0;
  for (let i = 0; i < classes.length; i += classWords) {
    const next = classes[i + 3] ?? 0;
    if (next <= end || next > owners.length) bad("classes whose sketches overlap or do not exist");
    end = next;
  }
  if (end !== owners.length) bad("sketches of no class");
  if (owners.some((it) => it >= nameEnds.length)) bad("a sketch of no model");
  let last = 0;
  for (const it of nameEnds) {
    if (it < last) bad("names that overlap");
    last = it;
  }
  if (last !== names.length) bad("bytes after the last name");
  let from = 0;
  for (let i = 3; i < classes.length; i += classWords) {
    const to = classes[i] ?? 0;
    for (let k = from + 1; k < to; k++) if ((places[k] ?? 0) < (places[k - 1] ?? 0)) bad("places out of order");
    from = to;
  }
}

function hexWord(word: number): string {
  return word.toString(16).padStart(8, "0");
}

function compareShapes(a: Shape, b: Shape): number {
  return a.rows - b.rows || a.cols - b.cols || a.rest - b.rest;
}

function lowerBound(sorted: Uint32Array, value: number, from: number, to: number): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function evenly<T>(values: readonly T[], count: number): T[] {
  const step = Math.max(1, values.length / count);
  return values.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}

/** The indexes of the largest scores above 0, largest first. */
function best(scores: Float64Array, most: number): number[] {
  const indexes = Array.from(scores.keys()).filter((it) => (scores[it] ?? 0) > 0);
  return indexes.sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0)).slice(0, most);
}
