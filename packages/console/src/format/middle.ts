/** Longest end that stays whole when the middle is cut: a file's name as people give them. */
const maxTail = 28;

/**
 * A text cut for a narrow place: the head may be shortened at its end, the tail stays. Of a path the tail is its last
 * segment, of anything else its last 8 characters. Head and tail together are the whole text, so that a copy of it is whole.
 */
export function middle(text: string): { head: string; tail: string } {
  const slash = text.lastIndexOf("/", text.length - 2);
  const named = slash > 0 ? text.length - slash : 0;
  const tail = named > 0 && named <= maxTail ? named : 8;
  if (text.length <= tail + 4) return { head: "", tail: text };
  // A pair of surrogates is one character: the cut must not go through it.
  const cut = text.length - tail - (/[\udc00-\udfff]/.test(text.charAt(text.length - tail)) ? 1 : 0);
  return { head: text.slice(0, cut), tail: text.slice(cut) };
}
