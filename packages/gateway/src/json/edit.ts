import { eachElement, eachMember, JsonError, skipSpace, skipValue, type Span } from "./spans.ts";

/** A change of all values on one path of an answer. */
export interface Edit {
  /** Names of members; `*` stands for every element of an array, or every member of an object. */
  readonly path: readonly string[];
  /** The value's new text; undefined leaves it as it is. What it is given is one value's bytes, without space around. */
  change(value: Buffer): string | undefined;
}

interface Splice extends Span {
  readonly text: string;
}

/** An edit on its way down: how much of its path is behind it. */
interface Active {
  readonly edit: Edit;
  readonly depth: number;
}

/**
 * Changes the values that edits name and not one byte more: numbers, order, spaces and unknown members stay as they were. Costs
 * a scan, not a parse: see `npm run bench -- gateway`. The very same buffer comes back when nothing had to change.
 * @throws {JsonError} when the text is no JSON as far as the way to the edits shows, or has something behind its value.
 */
export function editJson(text: Buffer, edits: readonly Edit[]): Buffer {
  const splices: Splice[] = [];
  const start = skipSpace(text, 0);
  const end = walk(
    text,
    start,
    edits.map((edit) => ({ edit, depth: 0 })),
    splices,
  );
  const rest = skipSpace(text, end);
  if (rest !== text.length) throw new JsonError("something stands behind the value", rest);
  return splices.length === 0 ? text : apply(text, splices);
}

/** @returns Where the value ends. */
function walk(text: Buffer, at: number, active: readonly Active[], out: Splice[]): number {
  const done = active.find(({ edit, depth }) => depth === edit.path.length);
  if (done) {
    const end = skipValue(text, at);
    const changed = done.edit.change(text.subarray(at, end));
    if (changed !== undefined) out.push({ start: at, end, text: changed });
    return end;
  }
  const first = text[at];
  if (first === 0x7b) return eachMember(text, at, (name, start) => descend(text, start, name, active, out));
  if (first === 0x5b) return eachElement(text, at, (start) => descend(text, start, undefined, active, out));
  return skipValue(text, at);
}

/** @returns Where the value ends. */
function descend(text: Buffer, at: number, name: string | undefined, active: readonly Active[], out: Splice[]): number {
  const next: Active[] = [];
  for (const { edit, depth } of active) {
    const step = edit.path[depth];
    if (step === "*" || (name !== undefined && step === name)) next.push({ edit, depth: depth + 1 });
  }
  return next.length > 0 ? walk(text, at, next, out) : skipValue(text, at);
}

function apply(text: Buffer, splices: readonly Splice[]): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (const it of splices) {
    parts.push(text.subarray(from, it.start), Buffer.from(it.text));
    from = it.end;
  }
  parts.push(text.subarray(from));
  return Buffer.concat(parts);
}

/** Replaces whatever stands there. */
export function put(text: string, ...path: string[]): Edit {
  return { path, change: (value) => (value.toString("latin1") === text ? undefined : text) };
}

/** Keeps only those elements of an array of objects that `keep` wants, as they are written. */
export function filterElements(path: readonly string[], keep: (element: Buffer) => boolean): Edit {
  return {
    path,
    change(value) {
      if (value[0] !== 0x5b) return undefined;
      const kept: string[] = [];
      let all = 0;
      eachElement(value, 0, (start) => {
        all++;
        const end = skipValue(value, start);
        const element = value.subarray(start, end);
        if (keep(element)) kept.push(element.toString());
        return end;
      });
      return kept.length === all ? undefined : `[${kept.join(",")}]`;
    },
  };
}
