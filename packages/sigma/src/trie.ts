/**
 * Finds which of many texts stand in a value, in one pass over it (Aho and Corasick 1975, with all transitions written
 * out). A cell per node and character class; what it finds may be too much, never too little, so texts may be cut
 * short and rare characters share a class.
 */
export interface Trie {
  /** `next[node * classes + class]`; 0 is the root, and "nowhere" for tries that stop at the first mismatch. */
  readonly next: Int32Array;
  readonly classes: number;
  readonly classOf: Uint8Array;
  /** By node: the numbers that belong to the texts ending there. */
  readonly found: readonly (readonly number[] | undefined)[];
  /** By node: the next shorter text that also ends there; 0 for none. */
  readonly shorter: Int32Array;
}

/** A text to look for, and the numbers to report. */
export type Needle = readonly [text: string, numbers: readonly number[]];

/** Most cells of one trie, 16 MiB: then texts are cut shorter until it fits. */
const maxCells = 4 * 1024 * 1024;
/** Characters that are told apart; beyond, sixteen share a class. */
const asciiCount = 128;
const otherClasses = 16;

/** @param from Where a text is looked for: `anywhere` in a value, or at its `start`; for ends, turn texts and value round. */
export function buildTrie(needles: readonly Needle[], from: "anywhere" | "start"): Trie {
  for (let longest = from === "start" ? 16 : 10; ; longest--) {
    const trie = tryBuild(needles, longest);
    if (trie || longest === 1) return from === "start" || !trie ? (trie ?? nothing()) : withFailures(trie);
  }
}

interface Draft {
  readonly children: Map<number, number>[];
  readonly found: (number[] | undefined)[];
}

function tryBuild(needles: readonly Needle[], longest: number): Trie | undefined {
  const classOf = new Uint8Array(asciiCount + otherClasses);
  let classes = 1; // class 0 stands in no text
  const draft: Draft = { children: [new Map()], found: [undefined] };
  for (const [text, numbers] of needles) {
    let node = 0;
    for (let at = 0; at < text.length && at < longest; at++) {
      const slot = slotOf(text.charCodeAt(at));
      if (classOf[slot] === 0) classOf[slot] = classes++;
      node = childOf(draft, node, classOf[slot] ?? 0);
    }
    (draft.found[node] ??= []).push(...numbers);
    if (draft.children.length * classes > maxCells && longest > 1) return undefined;
  }
  const next = new Int32Array(draft.children.length * classes);
  for (const [node, children] of draft.children.entries()) {
    for (const [character, child] of children) next[node * classes + character] = child;
  }
  return { next, classes, classOf, found: draft.found, shorter: new Int32Array(draft.children.length) };
}

function childOf({ children, found }: Draft, node: number, character: number): number {
  const known = children[node]?.get(character);
  if (known !== undefined) return known;
  const child = children.push(new Map()) - 1;
  found.push(undefined);
  children[node]?.set(character, child);
  return child;
}

function slotOf(code: number): number {
  return code < asciiCount ? code : asciiCount + (code & (otherClasses - 1));
}

function nothing(): Trie {
  const classOf = new Uint8Array(asciiCount + otherClasses);
  return { next: new Int32Array(1), classes: 1, classOf, found: [], shorter: new Int32Array(1) };
}

/** Writes out where to go on when a text breaks off: to the longest end of what was read that starts another text. */
function withFailures(trie: Trie): Trie {
  const { next, classes, found, shorter } = trie;
  const failure = new Int32Array(found.length);
  const queue: number[] = [];
  for (let character = 0; character < classes; character++) {
    const child = next[character] ?? 0;
    if (child > 0) queue.push(child);
  }
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] ?? 0;
    const fallback = failure[node] ?? 0;
    shorter[node] = found[fallback] ? fallback : (shorter[fallback] ?? 0);
    for (let character = 0; character < classes; character++) {
      const cell = node * classes + character;
      const child = next[cell] ?? 0;
      const other = next[fallback * classes + character] ?? 0;
      if (child === 0) next[cell] = other;
      else {
        failure[child] = other;
        queue.push(child);
      }
    }
  }
  return trie;
}

/** Reports the numbers of all texts that stand in the value. */
export function scanAnywhere({ next, classes, classOf, found, shorter }: Trie, value: string, report: Report): void {
  let node = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    const character = classOf[code < 128 ? code : 128 + (code & 15)] ?? 0;
    node = next[node * classes + character] ?? 0;
    for (let end = node; end > 0; end = shorter[end] ?? 0) {
      const numbers = found[end];
      if (numbers) report(numbers);
    }
  }
}

/** Reports the numbers of all texts that the value starts with. */
export function scanStart({ next, classes, classOf, found }: Trie, value: string, report: Report): void {
  let node = 0;
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    node = next[node * classes + (classOf[code < 128 ? code : 128 + (code & 15)] ?? 0)] ?? 0;
    if (node === 0) return;
    const numbers = found[node];
    if (numbers) report(numbers);
  }
}

/** Reports the numbers of all texts that the value ends with. The trie holds them turned round. */
export function scanEnd({ next, classes, classOf, found }: Trie, value: string, report: Report): void {
  let node = 0;
  for (let at = value.length - 1; at >= 0; at--) {
    const code = value.charCodeAt(at);
    node = next[node * classes + (classOf[code < 128 ? code : 128 + (code & 15)] ?? 0)] ?? 0;
    if (node === 0) return;
    const numbers = found[node];
    if (numbers) report(numbers);
  }
}

type Report = (numbers: readonly number[]) => void;

/** Turned round unit by unit, as `scanEnd` reads. */
export function turnRound(text: string): string {
  let turned = "";
  for (let at = text.length - 1; at >= 0; at--) turned += text.charAt(at);
  return turned;
}
