// PostgreSQL and JSON columns hold Unicode without NUL; what we are sent may be anything.

/** The same text where it can be stored; NUL becomes its picture (U+2400), half a surrogate pair U+FFFD. */
export function storable(text: string): string {
  return text.replaceAll("\0", "\u2400").toWellFormed();
}

/** JSON of a value whose texts can all be stored. Keys are ours. */
export function storableJson(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) => (typeof it === "string" ? storable(it) : it));
}
