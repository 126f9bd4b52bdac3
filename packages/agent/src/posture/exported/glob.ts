// Patterns of AWS's policies: `*` stands for any run of characters, `?` for one. Matched in time linear in the product of lengths.

/** Longest pattern that is matched; AWS's own limit of a whole policy is 20,480 characters. */
const maxPattern = 2048;

/** Whether a pattern matches this text. */
export function matches(pattern: string, text: string): boolean {
  return after(pattern, text).has(pattern.length);
}

/** Whether a pattern matches any text that begins with this one. */
export function matchesBelow(pattern: string, prefix: string): boolean {
  return after(pattern, prefix).size > 0;
}

/** Positions in the pattern at which one can stand after the text. A pattern that is too long matches: nothing is missed by it. */
function after(pattern: string, text: string): ReadonlySet<number> {
  if (pattern.length > maxPattern || text.length > maxPattern) return new Set([pattern.length]);
  let at = beyondStars(pattern, new Set([0]));
  for (const char of text) {
    const next = new Set<number>();
    for (const it of at) {
      if (pattern[it] === "*") next.add(it);
      else if (pattern[it] === "?" || pattern[it] === char) next.add(it + 1);
    }
    at = beyondStars(pattern, next);
    if (at.size === 0) return at;
  }
  return at;
}

function beyondStars(pattern: string, at: Set<number>): Set<number> {
  for (const it of at) if (pattern[it] === "*") at.add(it + 1);
  return at;
}
