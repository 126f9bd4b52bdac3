// What of a bucket's policy and access list is for everybody. Pure: JSON in, JSON out.
import { z } from "zod";
import { fieldIn, parseJson } from "../../values.ts";

/** Groups of S3 that mean everybody, and everybody with some account of Amazon's. */
const everybody = [
  "http://acs.amazonaws.com/groups/global/AllUsers",
  "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

/** One line of an access list, as the SDK gives and takes it. */
export const grantLine = z.object({
  Grantee: z.object({
    Type: z.string(),
    ID: z.string().optional(),
    DisplayName: z.string().optional(),
    EmailAddress: z.string().optional(),
    URI: z.string().optional(),
  }),
  Permission: z.string(),
});
export type GrantLine = z.infer<typeof grantLine>;

export function isForEverybody({ Grantee }: GrantLine): boolean {
  return Grantee.URI !== undefined && everybody.includes(Grantee.URI);
}

/** A bucket's policy without what allows everybody something. */
interface Narrowed {
  /** Undefined: nothing is left. */
  readonly policy: string | undefined;
  /** What each statement that goes is called, and what it allows. */
  readonly removed: readonly string[];
  /** Statements for everybody under a condition, which stay: whether that lets strangers in, only the store can say. */
  readonly conditional: readonly string[];
}

/** @returns undefined for what is no policy: "could not tell" must not look like "nothing is public". */
export function withoutPublic(text: string): Narrowed | undefined {
  const policy = parseJson(text);
  const listed = fieldIn(policy, "Statement");
  if (typeof policy !== "object" || policy === null || listed === undefined) return undefined;
  const statements = [listed].flat();
  const forAll = statements.filter((it) => isAllow(it) && isPublic(it));
  const removed = forAll.filter((it) => !hasCondition(it));
  const kept = statements.filter((it) => !removed.includes(it));
  return {
    // The very text, where nothing goes: a policy that is only looked at must not look changed.
    policy:
      kept.length === 0 ? undefined : removed.length === 0 ? text : JSON.stringify({ ...policy, Statement: kept }),
    removed: removed.map(nameOf),
    conditional: forAll.filter(hasCondition).map(nameOf),
  };
}

function isAllow(statement: unknown): boolean {
  return fieldIn(statement, "Effect") === "Allow";
}

/** Everybody, or everybody but somebody. */
function isPublic(statement: unknown): boolean {
  if (fieldIn(statement, "NotPrincipal") !== undefined) return true;
  const principal = fieldIn(statement, "Principal");
  return [principal, fieldIn(principal, "AWS")].flat().includes("*");
}

function hasCondition(statement: unknown): boolean {
  const condition = fieldIn(statement, "Condition");
  return typeof condition === "object" && condition !== null && Object.keys(condition).length > 0;
}

function nameOf(statement: unknown): string {
  const sid = fieldIn(statement, "Sid");
  const actions = [fieldIn(statement, "Action") ?? "all but some actions"].flat().slice(0, 5).map(String).join(", ");
  return typeof sid === "string" && sid !== "" ? `${sid} (${actions})` : actions;
}

/** Whether two policies say the same: a store may give back other spaces and another order of keys. */
export function samePolicy(a: string | undefined, b: string | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && sorted(parseJson(a)) === sorted(parseJson(b)));
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_, it: unknown) =>
    typeof it === "object" && it !== null && !Array.isArray(it)
      ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1)))
      : it,
  );
}
