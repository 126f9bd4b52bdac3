// Source: Joe Tsai, "BZIP2: Format Specification" (2016), §2.2.3 to 2.2.5: symbol map, Huffman tables, move-to-front with runs.
import { WeightsError } from "../error.ts";

/** Where the bits of a block come from, most significant first. */
export interface BitSource {
  take(count: number): number;
  /** The next bits without taking them; beyond the end there are zeros. */
  peek(count: number): number;
  /** Takes bits that were peeked at. */
  drop(count: number): void;
}

/** Codes of one table, in canonical order: those of `n` bits are below `limits[n]`. */
interface Table {
  readonly limits: Int32Array;
  readonly offsets: Int32Array;
  readonly symbols: Uint16Array;
  /** By the next `quickBits`: a symbol and, in the low 5 bits, how long its code is; 0 for longer ones. */
  readonly quick: Uint16Array;
}

/** Most symbols have codes no longer than this. */
const quickBits = 10;

/** What stands before the symbols of a block. */
export interface Tables {
  /** The bytes that occur, in order. */
  readonly used: Uint8Array;
  readonly tables: readonly Table[];
  /** Which table each 50 symbols are coded with. */
  readonly selectors: Uint8Array;
}

const maxCodeBits = 20;
const groupSymbols = 50;

/** @throws {WeightsError} MALFORMED. */
export function readTables(bits: BitSource): Tables {
  const used = readUsed(bits);
  const count = bits.take(3);
  if (count < 2 || count > 6) throw new WeightsError("MALFORMED", `a bzip2 block with ${count} tables`);
  const selectors = readSelectors(bits, count);
  const tables = Array.from({ length: count }, () => tableOf(readLengths(bits, used.length + 2)));
  return { used, tables, selectors };
}

function readUsed(bits: BitSource): Uint8Array {
  const groups = bits.take(16);
  const used: number[] = [];
  for (let group = 0; group < 16; group++) {
    if (!((groups << group) & 0x8000)) continue;
    const members = bits.take(16);
    for (let i = 0; i < 16; i++) if ((members << i) & 0x8000) used.push(group * 16 + i);
  }
  if (used.length === 0) throw new WeightsError("MALFORMED", "a bzip2 block without bytes");
  return Uint8Array.from(used);
}

/** Their places in a list that moves to the front, as runs of ones. */
function readSelectors(bits: BitSource, tables: number): Uint8Array {
  const order = Array.from({ length: tables }, (_, i) => i);
  const selectors = new Uint8Array(bits.take(15));
  for (let i = 0; i < selectors.length; i++) {
    let place = 0;
    while (bits.take(1) === 1)
      if (++place >= tables) throw new WeightsError("MALFORMED", "a bzip2 selector of no table");
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    selectors[i] = table;
  }
  return selectors;
}

/** Each length as steps up and down from the one before. */
function readLengths(bits: BitSource, symbols: number): Uint8Array {
  const lengths = new Uint8Array(symbols);
  let length = bits.take(5);
  for (let i = 0; i < symbols; i++) {
    for (;;) {
      if (length < 1 || length > maxCodeBits) throw new WeightsError("MALFORMED", `a bzip2 code of ${length} bits`);
      if (bits.take(1) === 0) break;
      length += bits.take(1) === 0 ? 1 : -1;
    }
    lengths[i] = length;
  }
  return lengths;
}

function tableOf(lengths: Uint8Array): Table {
  const counts = new Int32Array(maxCodeBits + 2);
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1;
  const limits = new Int32Array(maxCodeBits + 1);
  const offsets = new Int32Array(maxCodeBits + 1);
  const symbols = new Uint16Array(lengths.length);
  let code = 0;
  let index = 0;
  for (let length = 1; length <= maxCodeBits; length++) {
    offsets[length] = index - code;
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === length) symbols[index++] = symbol;
    code += counts[length] ?? 0;
    limits[length] = code;
    code *= 2;
  }
  return { limits, offsets, symbols, quick: quickTable({ limits, offsets, symbols }) };
}

function quickTable({ limits, offsets, symbols }: Omit<Table, "quick">): Uint16Array {
  const quick = new Uint16Array(1 << quickBits);
  let from = 0;
  for (let length = 1; length <= quickBits; length++) {
    const shift = quickBits - length;
    const to = Math.min(quick.length, (limits[length] ?? 0) << shift);
    for (; from < to; from++) quick[from] = ((symbols[(from >> shift) + (offsets[length] ?? 0)] ?? 0) << 5) | length;
  }
  return quick;
}

function symbolOf(bits: BitSource, { limits, offsets, symbols, quick }: Table): number {
  const known = quick[bits.peek(quickBits)] ?? 0;
  if (known !== 0) {
    bits.drop(known & 31);
    return known >> 5;
  }
  let code = 0;
  for (let length = 1; length <= maxCodeBits; length++) {
    code = (code << 1) | bits.take(1);
    if (code < (limits[length] ?? 0)) return symbols[code + (offsets[length] ?? 0)] ?? 0;
  }
  throw new WeightsError("MALFORMED", "a bzip2 code of no symbol");
}

/**
 * The bytes of a block before the transform is undone.
 * @throws {WeightsError} MALFORMED, also for more than `most`.
 */
export function decodeSymbols(bits: BitSource, { used, tables, selectors }: Tables, most: number): Uint8Array {
  const block = new Uint8Array(most);
  const order = used.slice();
  const end = used.length + 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let group = 0; group < selectors.length; group++) {
    const table = tables[selectors[group] ?? 0];
    if (!table) break;
    for (let i = 0; i < groupSymbols; i++) {
      const symbol = symbolOf(bits, table);
      if (symbol < 2) {
        run += weight << symbol; // a run's length in digits 1 and 2
        weight *= 2;
        if (length + run > most) throw tooLong();
        continue;
      }
      if (run > 0) {
        block.fill(order[0] ?? 0, length, length + run);
        length += run;
        run = 0;
        weight = 1;
      }
      if (symbol === end) return block.subarray(0, length);
      if (length >= most) throw tooLong();
      const byte = order[symbol - 1] ?? 0;
      order.copyWithin(1, 0, symbol - 1);
      order[0] = byte;
      block[length++] = byte;
    }
  }
  throw new WeightsError("MALFORMED", "a bzip2 block without end");
}

function tooLong(): WeightsError {
  return new WeightsError("MALFORMED", "a bzip2 block longer than its level allows");
}
