/** Files that split one file: `name` is what it was called before, `parts` are its pieces in order. */
export interface SplitFile {
  readonly name: string;
  readonly parts: readonly string[];
}

/** `.001`, `.part1`, `.part-02`, `_part3`, `.aa`, `-00001`: what split, 7-Zip, Ollama-like chunkers and people write. */
const suffix = /^(.+?)(?:[._-]?(?:part|chunk|piece)[._-]?(\d{1,5})|\.(\d{2,5})|\.?(?:x)?([a-z]{2}))$/i;

/** More parts than this are not one file: 500 GB in pieces of 50 MB. */
const maxParts = 10_000;

/**
 * Which of the names of one folder are the pieces of one file: at least two, numbered or lettered without a gap. Names only propose;
 * whether the joined bytes are a model is decided by its content (its header says how long it must be).
 */
export function splitFiles(names: readonly string[]): SplitFile[] {
  const series = new Map<string, Map<number, string>>();
  for (const name of names) {
    const part = partOf(name);
    if (!part) continue;
    const members = series.get(part.key) ?? new Map<number, string>();
    members.set(part.number, name);
    series.set(part.key, members);
  }
  return [...series.entries()].flatMap(([key, members]) => inOrder(key, members));
}

function partOf(name: string): { key: string; number: number } | undefined {
  const [, stem, named, numbered, letters] = suffix.exec(name) ?? [];
  if (stem === undefined) return undefined;
  const digits = named ?? numbered;
  if (digits !== undefined)
    return { key: JSON.stringify([stem, named === undefined ? "number" : "part"]), number: Number(digits) };
  const [first = 0, second = 0] = [...(letters ?? "").toLowerCase()].map((it) => it.charCodeAt(0) - 97);
  return { key: JSON.stringify([stem, "letters"]), number: first * 26 + second };
}

function inOrder(key: string, members: ReadonlyMap<number, string>): SplitFile[] {
  const numbers = [...members.keys()].sort((a, b) => a - b);
  const [first = -1] = numbers;
  const gapless = numbers.every((it, i) => it === first + i);
  if (numbers.length < 2 || numbers.length > maxParts || first > 1 || !gapless) return [];
  const [name]: string[] = JSON.parse(key);
  return [{ name: name ?? "", parts: numbers.map((it) => members.get(it) ?? "") }];
}
