/**
 * Tells declared readers from all others: exact names, and patterns in which `*` stands for any run of characters.
 * Case counts, as in the principals that sources give. Time is linear in name times pattern at worst, whatever they are.
 */
export function readersOf(patterns: readonly string[]): (principal: string) => boolean {
  const names = new Set(patterns.filter((it) => !it.includes("*")));
  const wild = patterns.filter((it) => it.includes("*")).map((it) => it.split("*"));
  return (principal) => names.has(principal) || wild.some((pieces) => matches(principal, pieces));
}

/** The pieces between the stars, in order: the first at the beginning, the last at the end, the others leftmost. */
function matches(name: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = name.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
