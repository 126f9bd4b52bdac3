import type { FieldView } from "./document.ts";
import { maxLeaves } from "./limits.ts";
import type { Logsource } from "./logsource.ts";
import { fold } from "./pattern.ts";

/** A tree of named values, as JSON has them. Lists and maps may nest. */
export type Fields = Readonly<Record<string, unknown>>;

/** One thing that happened, as the engine sees it. */
export interface SigmaEvent {
  /** Listed by matches. The caller sees to it that one event arrives once. */
  readonly id: string;
  /** When it happened at the source, in ms since 1970. */
  readonly time: number;
  /** The normalised view. */
  readonly fields: Fields;
  /** The source's own record, under its own names. */
  readonly raw?: Fields | undefined;
  /** All that is true of where it comes from; a rule is tried when its logsource fits any of them. */
  readonly logsources: readonly Logsource[];
}

export type Scalar = string | number | boolean;

/** What a field holds in one event. */
export interface Slot {
  /** True when the name is there, even with null. */
  readonly present: boolean;
  /** True when there is a value that is no map. A map is what a nested name goes through, not an answer. */
  readonly answers: boolean;
  /** All values: one, or the members of a list. A map is its JSON. Nulls are left out. */
  readonly values: readonly Scalar[];
  readonly texts: readonly string[];
  /** `texts`, folded for comparing; made when first asked for. */
  folded: readonly string[] | undefined;
  /** True when there was more than we read: members beyond `maxLeaves`, or maps deeper than the stack. */
  readonly cut: boolean;
}

const absent: Slot = { present: false, answers: false, values: [], texts: [], folded: [], cut: false };
const empty: Slot = { present: true, answers: false, values: [], texts: [], folded: [], cut: false };

export function foldedOf(slot: Slot): readonly string[] {
  return (slot.folded ??= slot.texts.map(fold));
}

/** A field name, cut once for all events. */
interface FieldName {
  readonly name: string;
  readonly view: FieldView;
  /** True when the source's own record must never answer for it. */
  readonly reserved: boolean;
  /** `steps[i][j]` joins the segments from i to i + j: what a key may be at depth i, shortest first. */
  readonly steps: readonly (readonly string[])[];
}

/** Most dots at which a name is cut; further ones stay in its last segment. */
const maxSegments = 24;

function cutName(name: string, view: FieldView, reserved: ReadonlySet<string>): FieldName {
  const cut = name.split(".");
  const segments =
    cut.length <= maxSegments ? cut : [...cut.slice(0, maxSegments - 1), cut.slice(maxSegments - 1).join(".")];
  const steps = segments.map((_, from) =>
    segments.slice(from).map((_, count) => segments.slice(from, from + count + 1).join(".")),
  );
  return { name, view, reserved: reserved.has(segments[0] ?? "") || reserved.has(name), steps };
}

/** Numbers the field names of all rules, so that an event looks each one up at most once. */
export class FieldTable {
  readonly names: FieldName[] = [];
  readonly reserved: ReadonlySet<string>;
  readonly #numbers = new Map<string, number>();

  constructor(reserved: readonly string[] = []) {
    this.reserved = new Set(reserved);
  }

  number(name: string, view: FieldView): number {
    const key = `${view} ${name}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.names.push(cutName(name, view, this.reserved)) - 1;
    this.#numbers.set(key, number);
    return number;
  }
}

/** One event while it is looked at: every field is looked up once, whatever the number of rules that name it. */
export class EventView {
  readonly #table: FieldTable;
  #event: SigmaEvent;
  #round = 0;
  readonly #rounds: number[] = [];
  readonly #slots: Slot[] = [];
  #leaves: Leaves | undefined;
  #cut = false;

  constructor(table: FieldTable, event: SigmaEvent) {
    this.#table = table;
    this.#event = event;
  }

  get event(): SigmaEvent {
    return this.#event;
  }

  show(event: SigmaEvent): void {
    this.#event = event;
    this.#round++;
    this.#leaves = undefined;
    this.#cut = false;
  }

  /** True when a rule asked for something of which there was more than we read. */
  get cut(): boolean {
    return this.#cut || this.#leaves?.complete === false;
  }

  /** Says that a value had more than was read of it. */
  noteCut(): void {
    this.#cut = true;
  }

  /** What the field of this number holds. */
  slot(number: number): Slot {
    const known = this.#slots[number];
    if (known !== undefined && this.#rounds[number] === this.#round) return known;
    const name = this.#table.names[number];
    const slot = name ? lookUp(this.#event, name) : absent;
    if (slot.cut) this.#cut = true;
    this.#rounds[number] = this.#round;
    this.#slots[number] = slot;
    return slot;
  }

  /** Every value of the event, for keywords: of the source's own record if there is one, as that is the log message. */
  leaves(): Leaves {
    return (this.#leaves ??= readLeaves(this.#event.raw ?? this.#event.fields));
  }
}

/**
 * What the event holds under a name. In view `both`, the source's own record answers only where ours has no value:
 * GitHub's `actor` is a text where the normalised one is a map.
 */
function lookUp(event: SigmaEvent, field: FieldName): Slot {
  if (field.view === "raw") return find(event.raw ?? event.fields, field);
  const own = find(event.fields, field);
  if (own.answers || field.reserved || event.raw === undefined) return own;
  const theirs = find(event.raw, field);
  return theirs.answers || !own.present ? theirs : own;
}

function find(root: Fields, { name, steps }: FieldName): Slot {
  // The most usual cases first: a name without dots, or with literal ones, or one that leads through one map.
  if (Object.hasOwn(root, name)) return slotOfOne(root[name]);
  if (steps.length === 1) return absent;
  if (steps.length === 2) {
    const [[outer = ""] = [], [inner = ""] = []] = steps;
    const map = Object.hasOwn(root, outer) ? root[outer] : undefined;
    if (typeof map !== "object" || map === null) return absent;
    if (!Array.isArray(map)) return Object.hasOwn(map, inner) ? slotOfOne(Reflect.get(map, inner)) : absent;
  }
  const found: unknown[] = [];
  descend(root, { steps, found }, 0, 0);
  return found.length === 0 ? absent : slotOf(found);
}

interface Search {
  readonly steps: readonly (readonly string[])[];
  readonly found: unknown[];
}

/** Deepest lists of lists that are followed. Real records have two; the bound keeps a hostile one off our stack. */
const maxListDepth = 32;

/** Collects what stands under the segments from `depth` on. Longer keys go first, as a literal name beats a path. */
function descend(node: unknown, search: Search, depth: number, lists: number): void {
  const { steps, found } = search;
  if (depth === steps.length) {
    found.push(node);
    return;
  }
  if (typeof node !== "object" || node === null) return;
  const keys = steps[depth] ?? [];
  if (Array.isArray(node)) {
    const index = /^\d{1,6}$/.test(keys[0] ?? "") ? Number(keys[0]) : -1;
    if (lists >= maxListDepth) return;
    if (index >= 0 && index < node.length) descend(node[index], search, depth + 1, lists + 1);
    else for (const member of node) descend(member, search, depth, lists + 1);
    return;
  }
  const before = found.length;
  for (let count = keys.length - 1; count >= 0 && found.length === before; count--) {
    const key = keys[count] ?? "";
    if (Object.hasOwn(node, key)) descend(Reflect.get(node, key), search, depth + count + 1, lists);
  }
}

/** As `slotOf`, without its lists for what most fields hold. */
function slotOfOne(value: unknown): Slot {
  switch (typeof value) {
    case "string": {
      const texts = [value];
      return { present: true, answers: true, values: texts, texts, folded: undefined, cut: false };
    }
    case "number":
    case "boolean":
      return { present: true, answers: true, values: [value], texts: [String(value)], folded: undefined, cut: false };
    default:
      return slotOf([value]);
  }
}

function slotOf(found: readonly unknown[]): Slot {
  const values: Scalar[] = [];
  let answers = false;
  let cut = false;
  const list = [...found];
  // Members of lists are appended, so that no nesting reaches our stack.
  for (let index = 0; index < list.length && index < maxLeaves; index++) {
    const value = list[index];
    if (Array.isArray(value)) for (const member of value) list.push(member);
    else if (typeof value === "object" && value !== null) {
      const json = jsonOf(value);
      cut ||= json === undefined;
      values.push(json ?? "");
    } else if (value !== null && value !== undefined) {
      values.push(typeof value === "number" || typeof value === "boolean" ? value : String(value));
      answers = true;
    }
  }
  if (values.length === 0) return empty;
  cut ||= list.length > maxLeaves;
  return { present: true, answers, values, texts: values.map(String), folded: undefined, cut };
}

/** What a map looks like in a log message. Rules for CloudTrail look for texts inside `requestParameters`. */
function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // nested deeper than the stack: its members can still be asked for by name
  }
}

interface Leaf {
  readonly path: string;
  readonly text: string;
}

interface Leaves {
  readonly leaves: readonly Leaf[];
  readonly folded: readonly string[];
  /** False when the event had more than `maxLeaves`, and the rest was not read. */
  readonly complete: boolean;
}

function readLeaves(root: Fields): Leaves {
  const leaves: Leaf[] = [];
  const open: { readonly node: unknown; readonly path: string }[] = [{ node: root, path: "" }];
  let steps = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (leaves.length >= maxLeaves || ++steps > 4 * maxLeaves) return close(leaves, false);
    const { node, path } = next;
    if (Array.isArray(node)) {
      for (let index = node.length - 1; index >= 0; index--) open.push({ node: node[index], path });
    } else if (typeof node === "object" && node !== null) {
      const entries = Object.entries(node).reverse();
      for (const [key, value] of entries)
        open.push({ node: value, path: path === "" ? key : `${path.slice(0, 200)}.${key}` });
    } else if (node !== null && node !== undefined) {
      leaves.push({ path, text: String(node) });
    }
  }
  return close(leaves, true);
}

function close(leaves: readonly Leaf[], complete: boolean): Leaves {
  return { leaves, folded: leaves.map(({ text }) => fold(text)), complete };
}
