// PostgreSQL and JSON columns hold Unicode without NUL; what we are sent may be anything.

/** The same text where it can be stored; NUL becomes its picture (U+2400), half a surrogate pair U+FFFD. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\u2400").toWellFormed();
}

/** JSON of a value whose texts and keys can all be stored. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) => (typeof it === "string" ? storable(it) : withStorableKeys(it)));
}

/** Some keys are the sender's own, as in the facts of a host: one that no column holds must not keep the rest out. */
function withStorableKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((it) => it.isWellFormed() && !it.includes("\0"))) return value;
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [storable(key), it]));
}
