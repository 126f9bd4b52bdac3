/** Whom a policy or an access list of AWS opens a thing to, in a few words that rules can name. */
import { isRecord } from "./source.ts";

/** Longest policy we read, in UTF-16 units: AWS allows 20 KiB for a bucket. */
const maxPolicyLength = 64 * 1024;
/** Most statements and principals looked at: more than a policy of that length can hold. */
const maxEntries = 2000;

/** Condition keys that bind "everyone" to a network, an organisation or an account. */
const binding =
  /^aws:(sourceip|vpcsourceip|sourcevpc|sourcevpce|principalorgid|principalorgpaths|principalaccount|sourceaccount|sourcearn|principalarn)$/i;

/**
 * `public`: anyone; `restricted-public`: anyone who meets a condition; `account:<id>`: another account than `own`.
 * Empty for a policy that opens nothing, or that cannot be read: a rule on the call itself must still see the call.
 */
export function sharedByPolicy(policy: unknown, own: string | undefined): string[] {
  const document = typeof policy === "string" ? parse(policy) : policy;
  if (!isRecord(document)) return [];
  const statements = [document.Statement].flat().slice(0, maxEntries);
  return [...new Set(statements.flatMap((it) => opened(it, own)))];
}

function parse(text: string): unknown {
  if (text.length > maxPolicyLength) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function opened(statement: unknown, own: string | undefined): string[] {
  if (!isRecord(statement) || statement.Effect !== "Allow") return [];
  const everyone = conditioned(statement.Condition) ? "restricted-public" : "public";
  if ("NotPrincipal" in statement) return [everyone];
  const { Principal: principal } = statement;
  const names = isRecord(principal) ? [principal.AWS, principal.CanonicalUser].flat() : [principal];
  return names.slice(0, maxEntries).flatMap((name) => {
    if (name === "*") return [everyone];
    if (typeof name !== "string") return [];
    const account = /^(?:arn:aws[\w-]*:(?:iam|sts)::)?(\d{12})(?::|$)/.exec(name)?.[1];
    return account === undefined || account === own ? [] : [`account:${account}`];
  });
}

function conditioned(condition: unknown): boolean {
  if (!isRecord(condition)) return false;
  return Object.values(condition).some((it) => isRecord(it) && Object.keys(it).some((key) => binding.test(key)));
}

/** The same words for an access list: its canned name in a header, or its grants to AWS's two groups of everybody. */
export function sharedByAcl(asked: unknown): string[] {
  if (!isRecord(asked)) return [];
  const canned = [asked["x-amz-acl"], asked.acl].flat().map(String);
  if (canned.some((it) => it.startsWith("public-read") || it === "authenticated-read")) return ["public"];
  const headers = Object.entries(asked).filter(([name]) => name.startsWith("x-amz-grant-"));
  const list = isRecord(asked.AccessControlPolicy) ? asked.AccessControlPolicy.AccessControlList : undefined;
  const grants = isRecord(list) ? [list.Grant].flat().slice(0, maxEntries) : [];
  const uris = grants.map((it) => (isRecord(it) && isRecord(it.Grantee) ? String(it.Grantee.URI) : ""));
  const everybody = /\/groups\/global\/(AllUsers|AuthenticatedUsers)/;
  return [...headers.map(([, value]) => String(value)), ...uris].some((it) => everybody.test(it)) ? ["public"] : [];
}
