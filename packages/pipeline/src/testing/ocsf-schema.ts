/**
 * Holds events to OCSF's own schema, version 1.8.0: every attribute at every depth, its type, its numbers, what is required, and which
 * of several there must be. `ocsf/ocsf.json` is compiled from a checkout of ocsf-schema (Apache-2.0) by `ocsf/compile.py`.
 *
 * Blind spot: whether an attribute means what its source meant.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { reservedFields, type OcsfEvent } from "@outweigh/schema";
import { z } from "zod";

const shape = z.object({
  attributes: z.record(z.string(), z.string()),
  atLeastOne: z.array(z.string()).optional(),
  justOne: z.array(z.string()).optional(),
});
type Shape = z.infer<typeof shape>;

const schema = z
  .object({
    version: z.literal("1.8.0"),
    types: z.record(
      z.string(),
      z.object({
        of: z.string().optional(),
        regex: z.string().optional(),
        maxLength: z.int().optional(),
        range: z.tuple([z.number(), z.number()]).optional(),
      }),
    ),
    classes: z.record(z.string(), shape.extend({ name: z.string(), profiles: z.array(z.string()) })),
    objects: z.record(z.string(), shape),
  })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "ocsf", "ocsf.json"), "utf8")));

/** What we add to an event at its top: our reserved names, and what the register concludes from them. */
const own: ReadonlySet<string> = new Set([...reservedFields, "models", "part_bytes"]);

/**
 * Attributes that we put where OCSF has none, each with its reason. Rules look for them there.
 *
 * 2004: the client's address of a finding; OCSF has it in `evidences`. 4001 and 4002: of which file a connection sent bytes.
 */
const added: Readonly<Record<number, readonly string[]>> = { 2004: ["src_endpoint"], 4001: ["file"], 4002: ["file"] };

/** What is wrong with an event, each a sentence. Empty for a valid one. */
export function ocsfProblems(event: OcsfEvent): string[] {
  const { class_uid: uid, activity_id: activity } = event;
  const found = schema.classes[uid];
  if (!found) return [`class ${uid} is not one we write`];
  const profiles = new Set(listOf(event.metadata.profiles));
  const rest = Object.fromEntries(
    Object.entries(event).filter(([name]) => !own.has(name) && !added[uid]?.includes(name) && !numbered.has(name)),
  );
  return [
    ...(event.metadata.version === schema.version ? [] : ["metadata.version is not 1.8.0"]),
    ...(event.type_uid === uid * 100 + activity ? [] : ["type_uid is not class and activity"]),
    ...(event.category_uid === Math.floor(uid / 1000) ? [] : ["category_uid is not the class's"]),
    ...[...profiles].filter((it) => !found.profiles.includes(it)).map((it) => `class ${uid} has no profile ${it}`),
    ...inShape(rest, found, `class ${uid}`),
  ];
}

/** What is held to the class above: the schema lists the base event's numbers alone. */
const numbered: ReadonlySet<string> = new Set(["class_uid", "category_uid", "type_uid"]);

function inShape(value: object, { attributes, atLeastOne, justOne }: Shape, path: string): string[] {
  const names = Object.keys(value).filter((it) => Reflect.get(value, it) !== undefined);
  const wanted = Object.entries(attributes).filter(([name, said]) => isRequired(said) && !numbered.has(name));
  const one = atLeastOne ?? justOne;
  const has = one?.filter((it) => names.includes(it)) ?? [];
  return [
    ...wanted.filter(([name]) => !names.includes(name)).map(([name]) => `${path} has no ${name}`),
    ...(one && has.length === 0 ? [`${path} has none of ${one.join(", ")}`] : []),
    ...(justOne && has.length > 1 ? [`${path} has more than one of ${justOne.join(", ")}`] : []),
    ...names.flatMap((name) => {
      const said = attributes[name];
      if (said === undefined) return [`${path} has no attribute ${name}`];
      return inValue(Reflect.get(value, name), said, `${path} ${name}`);
    }),
  ];
}

/** What a profile brings is only required where the profile is named; we name none but `ai_operation`. */
function isRequired(said: string): boolean {
  return /^\w+!/.test(said) && !said.includes("@");
}

function inValue(value: unknown, said: string, path: string): string[] {
  const [, type = "", list = "", numbers = ""] = /^(\w+)!?((?:\[\])?)(?::([\d,]+))?/.exec(said) ?? [];
  if (list !== "") {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((it: unknown) => inOne(it, type, numbers, path));
  }
  return inOne(value, type, numbers, path);
}

function inOne(value: unknown, type: string, numbers: string, path: string): string[] {
  if (type === "object" || type === "json_t") return [];
  const object = schema.objects[type];
  if (object) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [`${path} is no ${type}`];
    return inShape(value, object, path);
  }
  const bad = badType(value, type);
  if (bad !== undefined) return [`${path} ${bad}`];
  if (numbers !== "" && !numbers.split(",").includes(String(value))) return [`${path} is ${String(value)}`];
  return [];
}

function badType(value: unknown, type: string): string | undefined {
  const { of = type, regex, maxLength, range } = schema.types[type] ?? {};
  switch (of) {
    case "boolean_t":
      return typeof value === "boolean" ? undefined : "is no boolean";
    case "integer_t":
    case "long_t":
      if (!Number.isSafeInteger(value)) return "is no whole number";
      return range && (Number(value) < range[0] || Number(value) > range[1]) ? "is out of range" : undefined;
    case "float_t":
      return typeof value === "number" ? undefined : "is no number";
    case "string_t":
      if (typeof value !== "string") return "is no text";
      if (maxLength !== undefined && value.length > maxLength) return `is longer than ${maxLength}`;
      return regex !== undefined && !new RegExp(regex, "u").test(value) ? `is no ${type}: ${value}` : undefined;
    default:
      return `has the type ${type}, which is not known here`;
  }
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((it) => typeof it === "string") : [];
}
