/** What a correlation remembers of one match of its rules, or of several that were merged. Plain JSON. */
export interface Entry {
  /** When, in ms since 1970. */
  readonly t: number;
  /** How many matches. */
  readonly n: number;
  /** Place of the rule in the correlation. */
  readonly r: number;
  /** The value read, as a key; long ones by digest. Empty where none is. */
  readonly v: string;
  /** The sum of the numbers read; 0 where none is. */
  readonly x: number;
  /** Ids of the events behind it, bounded. */
  readonly e: readonly string[];
}

/** Puts an entry where it belongs in time. At the same time, order is that of the rules: a clock of seconds has none. */
export function insert(entries: Entry[], entry: Entry): number {
  let at = entries.length;
  for (let before = entries[at - 1]; before && isAfter(before, entry); before = entries[at - 1]) at--;
  entries.splice(at, 0, entry);
  return at;
}

function isAfter(a: Entry, b: Entry): boolean {
  return a.t > b.t || (a.t === b.t && a.r > b.r);
}

/** Into how many slices a window is cut when its entries are too many to be kept apart. */
const slices = 64;

interface Compacted {
  /** Entries that now stand together with another: nothing is lost but the exact time. */
  readonly merged: number;
  /** Entries that are gone. */
  readonly dropped: number;
}

/**
 * Leaves at most `most` entries of a sliding window, in four steps of which each is taken only if needed: merge what is
 * alike within a 64th of the window; drop what only late events could still meet; merge what is alike within the
 * window; drop the oldest. So sums and counts survive any flood, with an edge that is 1/64 of the window wide, and what
 * one floods with cannot push out what one hides.
 */
export function compactSliding(entries: Entry[], timespanMs: number, most: number): Compacted {
  const before = entries.length;
  const width = Math.max(1, Math.floor(timespanMs / slices));
  const isCrowded = (): boolean => entries.length > most / 2;
  if (isCrowded()) merge(entries, (it) => Math.floor(it.t / width), newer);
  let merged = before - entries.length;
  let dropped = 0;
  const newest = entries.at(-1)?.t ?? 0;
  if (isCrowded())
    dropped += drop(
      entries,
      entries.findIndex(({ t }) => t >= newest - timespanMs),
    );
  if (isCrowded()) merged += merge(entries, () => 0, newer);
  return { merged, dropped: dropped + drop(entries, entries.length - most) };
}

/** The same for windows that start with their first entry: what is alike in one window is one entry, at its oldest time. */
export function compactClosing(entries: Entry[], timespanMs: number, most: number): Compacted {
  const origin = entries[0]?.t ?? 0;
  const merged = merge(entries, (it) => Math.floor((it.t - origin) / (timespanMs + 1)), older);
  return { merged, dropped: drop(entries, entries.length - most) };
}

function merge(entries: Entry[], slice: (entry: Entry) => number, time: (old: Entry, entry: Entry) => number): number {
  const merged = new Map<string, Entry>();
  for (const entry of entries) {
    const key = `${slice(entry)} ${entry.r} ${entry.v}`;
    const old = merged.get(key);
    merged.set(key, old ? { ...entry, t: time(old, entry), n: old.n + entry.n, x: old.x + entry.x } : entry);
  }
  const gone = entries.length - merged.size;
  const sorted = [...merged.values()].sort((a, b) => a.t - b.t || a.r - b.r);
  entries.length = 0;
  for (const it of sorted) entries.push(it);
  return gone;
}

/** An entry must not leave its sliding window before what it stands for does. */
const newer = (_: Entry, entry: Entry): number => entry.t;
const older = (old: Entry): number => old.t;

function drop(entries: Entry[], count: number): number {
  return entries.splice(0, Math.max(0, count)).length;
}
