import type { Severity } from "@outweigh/schema";

/** A glyph gives the order, the word stands beside it, colour only speeds the eye: the console's bars, in three columns. */
const glyphs: Readonly<Record<Severity, string>> = {
  informational: "▯▯▯",
  low: "▮▯▯",
  medium: "▮▮▯",
  high: "▮▮▮",
  critical: "[!]",
};

/** Of the 256-colour table, where dark and light grounds both show them. Critical is a filled square with light ink. */
const colours: Readonly<Record<Severity, string>> = {
  informational: "38;5;245",
  low: "38;5;68",
  medium: "38;5;178",
  high: "38;5;166",
  critical: "48;5;161;38;5;231",
};

export function glyph(severity: Severity, colour: boolean): string {
  const text = glyphs[severity];
  if (!colour) return text;
  return `\x1b[${colours[severity]}m${severity === "critical" ? " ! " : text}\x1b[0m`;
}
