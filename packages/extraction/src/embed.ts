import { mix } from "./hash.ts";
import { normalOf, type TextKey } from "./text.ts";

/** Length of a text's vector: what a `Space` takes without a second projection. */
const textDimensions = 64;
/** 1 + ln n of the counts that are usual. */
const weights = Float64Array.from({ length: 64 }, (_, n) => 1 + Math.log(n));

/**
 * A text as 64 numbers, unit length: character 3- and 4-grams, counted sublinearly (1 + ln n), each added with a keyed sign to
 * four keyed coordinates. No model, no vocabulary, nothing to download.
 *
 * It sees wording and language, not meaning: a paraphrase is far away, and two topics in one language are near. An encoder sees
 * more; hand its vectors in as `Query.features` instead.
 */
export function embedText(text: string, { a, b }: TextKey): Float32Array {
  const out = new Float32Array(textDimensions);
  const distinct = grams.count(normalOf(text), a);
  for (let i = 0; i < distinct; i++) {
    const n = grams.counts[i]!;
    const weight = weights[n] ?? 1 + Math.log(n);
    let bits = mix(mix(grams.hashes[i]! ^ a) + b);
    // The sign by arithmetic: it is drawn at random, which no processor foresees.
    for (let k = 0; k < 4; k++, bits >>>= 7) out[bits & 63]! += weight * (1 - ((bits & 64) >> 5));
  }
  let squared = 0;
  for (const it of out) squared += it * it;
  const length = Math.sqrt(squared);
  if (length > 0) for (let i = 0; i < textDimensions; i++) out[i]! /= length;
  return out;
}

/**
 * Counts the 3- and 4-grams of one text after the other in one memory: 9 MB at most, where a `Map` for each text took most of the
 * time. Places are found by a product with the key's odd number, so that no text can be made that has all its grams in one place.
 * Source: Dietzfelbinger et al. 1997, multiply-shift.
 */
class Grams {
  /** Signed, in the order in which they first stand in the text. */
  hashes = new Int32Array(0);
  counts = new Uint32Array(0);
  #places = new Uint32Array(0);
  #all = new Int32Array(0);

  /** @returns How many distinct ones there are. */
  count(text: string, key: number): number {
    const n = this.#hash(text);
    const shift = this.#clear(n);
    const mask = 2 ** (32 - shift) - 1;
    const odd = key | 1;
    const { hashes, counts } = this;
    const [all, places] = [this.#all, this.#places];
    let size = 0;
    for (let i = 0; i < n; i++) {
      const hash = all[i]!;
      let place = Math.imul(hash, odd) >>> shift;
      let at = places[place]!;
      while (at !== 0 && hashes[at - 1] !== hash) {
        place = (place + 1) & mask;
        at = places[place]!;
      }
      if (at !== 0) counts[at - 1]!++;
      else {
        hashes[size] = hash;
        counts[size] = 1;
        places[place] = ++size;
      }
    }
    return size;
  }

  /** Writes the hashes of all grams, each 3-gram before the 4-gram that begins with it. @returns How many there are. */
  #hash(text: string): number {
    if (this.#all.length < 2 * text.length) this.#all = new Int32Array(2 * text.length);
    const all = this.#all;
    let n = 0;
    for (let i = 0; i + 2 < text.length; i++) {
      const three = mix(mix(text.charCodeAt(i) | (text.charCodeAt(i + 1) << 16)) ^ text.charCodeAt(i + 2));
      all[n++] = three;
      if (i + 3 < text.length) all[n++] = mix(three ^ (text.charCodeAt(i + 3) << 8) ^ 1);
    }
    return n;
  }

  /** Makes room for so many. @returns By how much a product is shifted to a place. */
  #clear(most: number): number {
    const shift = Math.clz32(2 * most);
    const places = 2 ** (32 - shift);
    if (this.#places.length < places) {
      this.#places = new Uint32Array(places);
      this.hashes = new Int32Array(places / 2);
      this.counts = new Uint32Array(places / 2);
    } else this.#places.fill(0, 0, places);
    return shift;
  }
}

const grams = new Grams();
