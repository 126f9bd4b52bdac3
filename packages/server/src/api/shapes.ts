// The shapes of requests and answers as JSON Schema, each under the name that it is exported by.
import { z } from "zod";

/** A request may leave out what has a default; an answer never does. */
type Way = "input" | "output";

export type JsonSchema = { readonly [key: string]: unknown };
type Schemas = Readonly<Record<string, JsonSchema>>;

const prefix = "#/components/schemas/";

interface Described {
  /** All shapes that have names, and whatever is exported beside them. */
  readonly named: Readonly<Record<string, unknown>>;
  readonly sent: readonly z.ZodType[];
  readonly answered: readonly z.ZodType[];
}

/** Collects what a description refers to: `IncidentRow` for `incidentRow`. What has no name is written out where it is used. */
export class Shapes {
  readonly #names: z.core.$ZodRegistry<{ id: string }>;
  readonly #sent: Schemas;
  readonly #answered: Schemas;
  /** Names of shapes that are answered, and sent otherwise: they need a second name. */
  readonly #twofold: ReadonlySet<string>;
  readonly #used = new Map<string, JsonSchema>();

  constructor({ named, sent, answered }: Described) {
    this.#names = namesOf(named, [...sent, ...answered]);
    const own = answered.flatMap((it) => this.#names.get(it)?.id ?? []);
    this.#answered = schemasOf(this.#names, "output");
    const reached = reachable(this.#answered, own);
    const strict = schemasOf(this.#names, "input");
    this.#twofold = twofold(strict, this.#answered, reached);
    // What is one and the same shape is described once.
    const isOne = (id: string) => reached.has(id) && !this.#twofold.has(id);
    this.#sent = Object.fromEntries(
      Object.entries(strict).map(([id, it]) => [id, (isOne(id) && this.#answered[id]) || it]),
    );
  }

  /** A shape where it is used: a reference to its name, if it has one. */
  use(shape: z.ZodType, way: Way): JsonSchema {
    const id = this.#names.get(shape)?.id ?? "";
    return id.startsWith("_") ? this.#settled(id, way) : this.#refer(id, way);
  }

  /** A shape without its own name, for what cannot refer to it: the members of a query. */
  writtenOut(shape: z.ZodType, way: Way): JsonSchema {
    return this.#settled(this.#names.get(shape)?.id ?? "", way);
  }

  /** All that was referred to so far, by name, in the order of names. */
  get used(): JsonSchema {
    return Object.fromEntries([...this.#used].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #refer(id: string, way: Way): JsonSchema {
    const name = way === "input" && this.#twofold.has(id) ? `${id}Input` : id;
    if (!this.#used.has(name)) {
      // It may refer to itself.
      this.#used.set(name, {});
      this.#used.set(name, this.#settled(id, way));
    }
    return { $ref: prefix + name };
  }

  #settled(id: string, way: Way): JsonSchema {
    const schema = (way === "input" ? this.#sent : this.#answered)[id] ?? {};
    return rewritten(schema, ({ $ref, ...rest }) =>
      typeof $ref === "string" && $ref.startsWith(prefix)
        ? { ...rest, ...this.#refer($ref.slice(prefix.length), way) }
        : undefined,
    );
  }
}

function namesOf(named: Described["named"], own: readonly z.ZodType[]): z.core.$ZodRegistry<{ id: string }> {
  const names = z.registry<{ id: string }>();
  for (const [name, it] of Object.entries(named))
    if (it instanceof z.ZodType && !names.has(it))
      names.add(it, { id: name.slice(0, 1).toUpperCase() + name.slice(1) });
  own.forEach((it, i) => void (names.has(it) || names.add(it, { id: `_${i}` })));
  return names;
}

/** What no schema can say (a check by code) is left out. */
function schemasOf(names: z.core.$ZodRegistry<{ id: string }>, way: Way): Schemas {
  const { schemas } = z.toJSONSchema(names, { io: way, unrepresentable: "any", uri: (id) => prefix + id });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _dialect, $id: _id, ...it }]) => [
      id,
      way === "output" ? open(without(it, isUsual)) : without(it, isUsual),
    ]),
  );
}

/** The largest integer that zod allows: said of each of them, it says nothing. */
const largest = Number.MAX_SAFE_INTEGER;

function isUsual(key: string, value: unknown): boolean {
  return (key === "minimum" && value === -largest) || (key === "maximum" && value === largest);
}

/** An answer may get more members in a later version. */
function open(schema: JsonSchema): JsonSchema {
  return without(schema, (key, value) => key === "additionalProperties" && value === false);
}

/** The names that some lead to, themselves among them. */
function reachable(schemas: Schemas, from: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const todo = [...from];
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    todo.push(...refsIn(schemas[id] ?? {}));
  }
  return found;
}

/** Of some names, those that are sent otherwise than answered, by themselves or by what they refer to. */
function twofold(sent: Schemas, answered: Schemas, among: ReadonlySet<string>): ReadonlySet<string> {
  const textOf = (it: JsonSchema | undefined) => JSON.stringify(it && open(it));
  const found = new Set([...among].filter((id) => textOf(sent[id]) !== textOf(answered[id])));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const id of among) if (refsIn(answered[id] ?? {}).some((it) => found.has(it))) found.add(id);
  }
  return found;
}

function refsIn(schema: JsonSchema): string[] {
  const refs: string[] = [];
  rewritten(schema, ({ $ref }) => {
    if (typeof $ref === "string" && $ref.startsWith(prefix)) refs.push($ref.slice(prefix.length));
    return undefined;
  });
  return refs;
}

function without(schema: JsonSchema, isLeft: (key: string, value: unknown) => boolean): JsonSchema {
  const kept = (it: JsonSchema): JsonSchema =>
    Object.fromEntries(
      Object.entries(it)
        .filter(([key, value]) => !isLeft(key, value))
        .map(([key, value]) => [key, rewritten(value, kept)]),
    );
  return kept(schema);
}

/** A copy in which some objects, from the outermost in, are others. */
function rewritten<T>(value: T, change: (it: JsonSchema) => JsonSchema | undefined): T;
function rewritten(value: unknown, change: (it: JsonSchema) => JsonSchema | undefined): unknown {
  if (Array.isArray(value)) return value.map((it) => rewritten(it, change));
  if (typeof value !== "object" || value === null) return value;
  const same = Object.fromEntries(Object.entries(value));
  return change(same) ?? Object.fromEntries(Object.entries(same).map(([key, it]) => [key, rewritten(it, change)]));
}
