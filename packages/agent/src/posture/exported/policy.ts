// AWS's policies, as far as they decide who may read objects. Source: the IAM user guide, grammar of the JSON policy language.
import { maxItems } from "../limits.ts";
import { isRecord, listOf, recordOf, textsOf, unescaped, type Values } from "../values.ts";
import { matches, matchesBelow } from "./glob.ts";

export interface Statement {
  readonly index: number;
  readonly sid: string | undefined;
  readonly allows: boolean;
  readonly value: Values;
  /** It holds under conditions, which are not evaluated. */
  readonly conditions: readonly string[];
}

/** The statements of a policy: an object, or its JSON as text, also URL-encoded as the API gives it. */
export function statementsOf(document: unknown): Statement[] {
  const value = isRecord(document) ? document : decoded(document);
  return listOf(recordOf(value)["Statement"])
    .slice(0, maxItems)
    .flatMap((it, index) => {
      if (!isRecord(it)) return [];
      const sid = typeof it["Sid"] === "string" ? it["Sid"] : undefined;
      const conditions = Object.values(recordOf(it["Condition"])).flatMap((condition) =>
        Object.keys(recordOf(condition)),
      );
      return [{ index, sid, allows: it["Effect"] === "Allow", value: it, conditions }];
    });
}

/** The policy in a text, if it is one. */
export function decoded(text: unknown): Values | undefined {
  if (typeof text !== "string") return undefined;
  for (const it of [text, unescaped(text)]) {
    try {
      const value: unknown = JSON.parse(it);
      if (isRecord(value)) return value;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Whether a statement speaks of reading objects below an address of S3, `bucket/prefix`. */
export function readsBelow({ value }: Statement, address: string): boolean {
  return hasAction(value, "s3:getobject") && hasResource(value, `arn:aws:s3:::${address}`);
}

function hasAction(value: Values, action: string): boolean {
  const lower = (it: unknown) => textsOf(it).map((text) => text.toLowerCase());
  if (value["NotAction"] !== undefined) return !lower(value["NotAction"]).some((it) => matches(it, action));
  return lower(value["Action"]).some((it) => matches(it, action));
}

function hasResource(value: Values, prefix: string): boolean {
  if (value["NotResource"] !== undefined) return !textsOf(value["NotResource"]).some((it) => matches(it, `${prefix}x`));
  return textsOf(value["Resource"]).some((it) => matchesBelow(partition(it), prefix));
}

/** China's and the government's partitions write the same names. */
function partition(arn: string): string {
  return arn.replace(/^arn:aws-(?:cn|us-gov):/, "arn:aws:");
}

/** Whether a statement without conditions denies all that another one allows below this address. */
export function isDenied(
  statements: readonly Statement[],
  address: string,
  isFor: (value: Values) => boolean,
): boolean {
  return statements.some(({ allows, value, conditions }) => {
    if (allows || conditions.length > 0 || !isFor(value) || !hasAction(value, "s3:getobject")) return false;
    return textsOf(value["Resource"]).some((it) => matches(partition(it), `arn:aws:s3:::${address}*`));
  });
}

/** Whether a statement of a resource's policy speaks of everybody. */
export function isForEverybody(value: Values): boolean {
  const principal = value["Principal"];
  return principal === "*" || textsOf(recordOf(principal)["AWS"]).includes("*");
}

/** Conditions that keep a statement for everybody from being public, as AWS judges it in "The meaning of public". */
const narrowing =
  /^(?:aws:(?:sourceip|sourcevpc|sourcevpce|sourcearn|sourceaccount|principalorgid|principalorgpaths|principalarn|principalaccount|userid)|s3:dataaccesspointarn|s3:dataaccesspointaccount)$/i;

export function isNarrowed({ conditions }: Statement): boolean {
  return conditions.some((it) => narrowing.test(it));
}
