/**
 * Characters that change how a terminal shows text without being seen: controls (escape sequences begin with one), marks and
 * overrides of direction, zero widths, fillers, tags, halves of surrogate pairs, characters of no script.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Text of others, such as file names and log lines, so that it can do nothing to a terminal and pass for nothing else:
 * "holiday⟨U+202E⟩gpj.exe". Everything that did not come from our own source goes through here.
 */
export function visible(text: string): string {
  return text.replace(hidden, (it) => `⟨U+${(it.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}
