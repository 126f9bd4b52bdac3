/** An Amazon resource name up to what it names: the same for every principal of an account. */
const arn = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(?=.)/;

/** What of a name tells it from its neighbours in a list: of an ARN the resource ("role/serve"), else all of it. */
export function brief(name: string): string {
  return name.replace(arn, "");
}

/** Longest end that stays whole when the middle is cut, in UTF-16 units: a file's name as people give them. */
const maxTail = 26;

/**
 * A text cut for a narrow place: the head may be shortened at its end, the tail stays. Of a path the tail is its last
 * segment or that one's end, of anything else its last 8 characters. Head and tail together are the whole text, so that a copy of it is whole.
 */
export function middle(text: string): { head: string; tail: string } {
  const slash = text.lastIndexOf("/", text.length - 2);
  const named = slash > 0 ? text.length - slash : 0;
  const tail = named > 0 ? Math.min(named, maxTail) : 8;
  if (text.length <= tail + 4) return { head: "", tail: text };
  // A pair of surrogates is one character: the cut must not go through it.
  const cut = text.length - tail - (/[\udc00-\udfff]/.test(text.charAt(text.length - tail)) ? 1 : 0);
  return { head: text.slice(0, cut), tail: text.slice(cut) };
}
