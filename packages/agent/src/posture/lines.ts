export interface Section {
  readonly name: string;
  /** The line of its head, from 1. */
  readonly line: number;
  /** By name in lower case with single blanks. The last one of a name counts. */
  readonly keys: ReadonlyMap<string, { readonly value: string; readonly line: number }>;
}

/** Files of `[section]` and `key = value`, as Samba, rsync, AWS and MLflow write them. What does not read is left out. */
export function sectionsOf(text: string): Section[] {
  const keys = new Map<string, { value: string; line: number }>();
  const found: (Section & { keys: typeof keys })[] = [{ name: "", line: 1, keys }];
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const head = /^\[([^\]]*)\]/.exec(line)?.[1];
    if (head !== undefined) {
      found.push({ name: head.trim(), line: i + 1, keys: new Map() });
      continue;
    }
    const at = line.indexOf("=");
    if (at <= 0) continue;
    const key = line.slice(0, at).trim().toLowerCase().replace(/\s+/g, " ");
    found.at(-1)?.keys.set(key, { value: line.slice(at + 1).trim(), line: i + 1 });
  }
  return found.filter((it) => it.name !== "" || it.keys.size > 0);
}

/** Lines that end in a backslash go on in the next one. Each with the number of its first line, from 1. */
export function logicalLines(text: string): { readonly text: string; readonly line: number }[] {
  const found: { text: string; line: number }[] = [];
  let open: { text: string; line: number } | undefined;
  for (const [i, line] of text.split("\n").entries()) {
    const goesOn = line.endsWith("\\");
    const part = goesOn ? line.slice(0, -1) : line;
    open = open ? { text: `${open.text} ${part}`, line: open.line } : { text: part, line: i + 1 };
    if (goesOn) continue;
    found.push(open);
    open = undefined;
  }
  return open ? [...found, open] : found;
}
