/** Most changes of a letter between what was typed and what was meant. */
const maxChanges = 2;
/** Longest word that is compared: no command is longer, and comparing grows with the square. */
const maxLength = 40;

/** The one of these that was probably meant: a letter or two beside it, or its beginning. Undefined if none is near. */
export function nearest(typed: string, known: Iterable<string>): string | undefined {
  if (typed.length > maxLength) return undefined;
  let best: { readonly name: string; readonly changes: number } | undefined;
  for (const name of known) {
    const changes = typed.length >= 2 && name.startsWith(typed) ? 1 : changesBetween(typed, name);
    if (changes <= Math.min(maxChanges, typed.length - 1) && (!best || changes < best.changes))
      best = { name, changes };
  }
  return best?.name;
}

/** Letters to insert, leave out or exchange for others; two neighbours that change places count once (optimal string alignment). */
function changesBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const [above = [], twoAbove = []] = [rows[i - 1], rows[i - 2]];
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const steps = [(above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + cost];
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) steps.push((twoAbove[j - 2] ?? 0) + 1);
      row.push(Math.min(...steps));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
