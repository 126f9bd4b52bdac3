/**
 * Characters that change how text looks without being seen, and so let hostile data pass for something else: controls,
 * marks and overrides of direction, zero widths, fillers, tags, variation selectors, halves of surrogate pairs.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** A run of text, or one character named by its code point ("U+202E"). */
interface Segment {
  readonly text: string;
  readonly hidden: boolean;
}

/** Text cut so that every hidden character can be shown by name. `lines` keeps newlines and tabs as they are. */
export function reveal(text: string, { lines = false } = {}): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(hidden)) {
    if (lines && (match[0] === "\n" || match[0] === "\t")) continue;
    if (match.index > from) segments.push({ text: text.slice(from, match.index), hidden: false });
    segments.push({ text: codePoint(match[0]), hidden: true });
    from = match.index + match[0].length;
  }
  if (from < text.length || segments.length === 0) segments.push({ text: text.slice(from), hidden: false });
  return segments;
}

/** The same for places that take no elements, such as a label: "holiday⟨U+202E⟩gpj.exe". */
export function revealed(text: string): string {
  return reveal(text)
    .map((it) => (it.hidden ? `⟨${it.text}⟩` : it.text))
    .join("");
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}
