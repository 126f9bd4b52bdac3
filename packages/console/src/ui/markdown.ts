/**
 * The little Markdown that playbooks are written in, as plain data: paragraphs, lists, code blocks; code, emphasis and
 * links within a line. Anything else stays the text it is. Links lead to pages of the console or to https; no HTML.
 */
export type Block =
  | { readonly kind: "paragraph"; readonly spans: readonly Span[] }
  | { readonly kind: "list"; readonly ordered: boolean; readonly items: readonly (readonly Span[])[] }
  | { readonly kind: "code"; readonly text: string };

export interface Span {
  readonly kind: "text" | "code" | "strong" | "emphasis" | "link";
  readonly text: string;
  readonly to?: string;
}

/** Longest text that is read, in UTF-16 units: a playbook is a page. The rest is left out, and said so. */
const maxMarkdown = 100_000;

const bullet = /^ {0,3}[-*] +(.*)$/;
const numbered = /^ {0,3}\d{1,3}[.)] +(.*)$/;

export function parseMarkdown(whole: string): Block[] {
  const text = whole.length > maxMarkdown ? `${whole.slice(0, maxMarkdown)}\n\n… cut here` : whole;
  const blocks: Block[] = [];
  const lines = text.split(/\r?\n/);
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (line.trim() === "") at++;
    else if (line.startsWith("```")) at = code(lines, at, blocks);
    else if (bullet.test(line)) at = list(lines, at, blocks, bullet, false);
    else if (numbered.test(line)) at = list(lines, at, blocks, numbered, true);
    else at = paragraph(lines, at, blocks);
  }
  return blocks;
}

function code(lines: readonly string[], at: number, blocks: Block[]): number {
  let end = at + 1;
  while (end < lines.length && !lines[end]?.startsWith("```")) end++;
  blocks.push({ kind: "code", text: lines.slice(at + 1, end).join("\n") });
  return end + 1;
}

function list(lines: readonly string[], from: number, blocks: Block[], mark: RegExp, ordered: boolean): number {
  const items: string[] = [];
  let at = from;
  for (; at < lines.length; at++) {
    const line = lines[at] ?? "";
    const item = mark.exec(line)?.[1];
    // A line that is set in goes on with the item before it.
    if (item !== undefined) items.push(item);
    else if (/^\s{2,}\S/.test(line) && items.length > 0) items.push(`${items.pop()} ${line.trim()}`);
    else break;
  }
  blocks.push({ kind: "list", ordered, items: items.map(parseSpans) });
  return at;
}

function paragraph(lines: readonly string[], from: number, blocks: Block[]): number {
  let at = from;
  while (at < lines.length && !endsParagraph(lines[at] ?? "", at > from)) at++;
  const text = lines
    .slice(from, at)
    .map((it) => it.trim())
    .join(" ");
  blocks.push({ kind: "paragraph", spans: parseSpans(text) });
  return at;
}

function endsParagraph(line: string, begun: boolean): boolean {
  return begun && (line.trim() === "" || line.startsWith("```") || bullet.test(line) || numbered.test(line));
}

const spanPattern = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/g;

function parseSpans(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const match of text.matchAll(spanPattern)) {
    if (match.index > from) spans.push({ kind: "text", text: text.slice(from, match.index) });
    spans.push(spanOf(match));
    from = match.index + match[0].length;
  }
  if (from < text.length) spans.push({ kind: "text", text: text.slice(from) });
  return spans;
}

function spanOf([whole, inCode, strong, emphasis, label, to]: RegExpExecArray): Span {
  if (inCode !== undefined) return { kind: "code", text: inCode };
  if (strong !== undefined) return { kind: "strong", text: strong };
  if (emphasis !== undefined) return { kind: "emphasis", text: emphasis };
  if (label !== undefined && to !== undefined && /^(?:https:\/\/|\/(?!\/))/.test(to)) {
    return { kind: "link", text: label, to };
  }
  return { kind: "text", text: whole };
}
