import { widthOf } from "./width.ts";

/** Breaks text at blanks into lines of at most `width` columns; a longer word has a line of its own. */
export function wrap(text: string, width: number, { first = "", rest = "" } = {}): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = rest;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
