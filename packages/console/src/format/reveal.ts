/**
 * Characters that change how text looks without being seen, and so let hostile data pass for something else: controls,
 * marks and overrides of direction, zero widths, fillers, tags, halves of surrogate pairs. Newline and tab are left to
 * the caller, who knows whether they stand in a line or in a record.
 */
const hidden =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{1d173}-\u{1d17a}]|[\u{e0000}-\u{e0fff}]|\p{Surrogate}/gu;
const hiddenInLine = new RegExp(`${hidden.source}|[\t\n]`, "gu");

/** A run of text, or one character named by its code point ("U+202E"). */
export interface Segment {
  readonly text: string;
  readonly hidden: boolean;
}

/** Text cut so that every hidden character can be shown by name. `lines` keeps newlines and tabs as they are. */
export function reveal(text: string, { lines = false } = {}): Segment[] {
  const segments: Segment[] = [];
  let from = 0;
  for (const match of text.matchAll(lines ? hidden : hiddenInLine)) {
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
