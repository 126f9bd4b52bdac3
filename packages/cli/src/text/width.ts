/** Columns that text takes on a terminal: two for East Asian wide characters and emoji, none for marks on others. */
export function widthOf(text: string): number {
  let width = 0;
  for (const it of text) {
    if (/^\p{M}$/u.test(it)) continue;
    width += isWide(it.codePointAt(0) ?? 0) ? 2 : 1;
  }
  return width;
}

/** The blocks of Unicode's East Asian Width property W and F that matter, as ranges. */
function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  );
}

/** Fills up with blanks to a width; what is longer stays. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** Cuts in the middle, where paths and digests say least: `/home/dev/…/holiday.bin`. */
export function middle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const characters = [...text];
  const tail: string[] = [];
  const head: string[] = [];
  let left = Math.max(0, width - 1);
  const half = Math.ceil(left * 0.6);
  let used = 0;
  while (characters.length > 0 && used + widthOf(characters.at(-1) ?? "") <= half) {
    const it = characters.pop() ?? "";
    tail.unshift(it);
    used += widthOf(it);
  }
  left -= used;
  used = 0;
  for (const it of characters) {
    used += widthOf(it);
    if (used > left) break;
    head.push(it);
  }
  return `${head.join("")}…${tail.join("")}`;
}
