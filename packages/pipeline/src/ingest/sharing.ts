/** Whom a policy or an access list of AWS opens a thing to, in a few words that rules can name. */
import { isRecord } from "./source.ts";

/** Longest policy we read, in UTF-16 units: AWS allows 20 KiB for a bucket. */
const maxPolicyLength = 64 * 1024;
/** Most statements and principals looked at: more than a policy of that length can hold. */
const maxEntries = 2000;

/** Most segments of a key that are compared. */
const maxSegments = 64;

/** Condition keys that bind "everyone" to a network, an organisation or an account. */
const bindingKeys =
  /^aws:(sourceip|vpcsourceip|sourcevpc|sourcevpce|principalorgid|principalorgpaths|principalaccount|sourceaccount|sourcearn|principalarn)$/i;
/** Operators under which a request must have one of the values. `IfExists` and `ForAllValues` let in whoever has none. */
const bindingOperators = /^(foranyvalue:)?(string(equals|like)(ignorecase)?|arn(equals|like)|ipaddress)$/i;
/** The same in a denial: who has none of the values, or nothing at all, is kept out. */
const excludingOperators = /^(string(notequals|notlike)(ignorecase)?|arn(notequals|notlike)|notipaddress)(ifexists)?$/i;
/** What gives bytes away, or the right to give them away. */
const giving = ["s3:getobject", "s3:getobjectversion", "s3:putbucketpolicy", "s3:putbucketacl", "s3:putobjectacl"];
/** Widest network that still binds, in bits: wider ones are half the internet. */
const minBits = { v4: 8, v6: 19 };

/**
 * `public`: anyone; `restricted-public`: anyone who meets a condition; `account:<id>`: another account than `own`.
 * Empty for a policy that opens nothing, or that cannot be read: a rule on the call itself must still see the call.
 */
export function sharedByPolicy(policy: unknown, own: string | undefined): string[] {
  const statements = statementsOf(policy);
  const excluding = statements.some(excludes);
  const found = statements.flatMap((it) => opened(it, own));
  return [...new Set(found.map((it) => (it === "public" && excluding ? "restricted-public" : it)))];
}

/**
 * The folder that a policy of a bucket opens: the longest that holds all it names, "" for all of the bucket. Undefined where it
 * opens nothing, or names no object of this bucket.
 */
export function folderOpened(policy: unknown, bucket: string, own: string | undefined): string | undefined {
  const open = statementsOf(policy).filter((it) => opened(it, own).length > 0);
  const names = open.flatMap((it) => (isRecord(it) ? textsOf(it.Resource) : [])).slice(0, maxEntries);
  const start = `:s3:::${bucket}/`;
  const keys = names.flatMap((it) =>
    it.startsWith("arn:aws") && it.includes(start) ? [it.slice(it.indexOf(start) + start.length)] : [],
  );
  if (keys.length === 0) return undefined;
  if (names.includes("*")) return "";
  const [first = [], ...others] = keys.map(folderOf);
  const apart = first.findIndex((it, i) => others.some((one) => one[i] !== it));
  return first.slice(0, apart < 0 ? undefined : apart).join("/");
}

/** The segments of a key up to its first wildcard; fewer name a wider folder, which is safe. */
function folderOf(key: string): string[] {
  const wild = key.search(/[*?]/);
  const segments = (wild < 0 ? key : key.slice(0, wild)).split("/", maxSegments);
  return wild < 0 ? segments : segments.slice(0, -1);
}

function statementsOf(policy: unknown): unknown[] {
  const document = typeof policy === "string" ? parse(policy) : policy;
  return isRecord(document) ? [document.Statement].flat().slice(0, maxEntries) : [];
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
  if (!isRecord(statement) || statement.Effect !== "Allow" || !gives(statement)) return [];
  const everyone = conditioned(statement.Condition, bindingOperators) ? "restricted-public" : "public";
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

/** Whether a statement lets bytes out. What names no call of S3, as in policies of other services, counts as doing so. */
function gives({ Action: action }: Readonly<Record<string, unknown>>): boolean {
  const calls = textsOf(action).map((it) => it.toLowerCase());
  if (!calls.some((it) => it.startsWith("s3:"))) return true;
  return calls.some((it) => giving.some((call) => covers(it, call)));
}

/** Whether a name of a call with `*` at its end, or in it, means the call. */
function covers(pattern: string, call: string): boolean {
  const [start = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === call;
  return call.startsWith(start) && call.endsWith(rest.at(-1) ?? "");
}

/** A statement that keeps everyone out who is not of one's own: then the others open nothing to strangers. */
function excludes(statement: unknown): boolean {
  if (!isRecord(statement) || statement.Effect !== "Deny") return false;
  const { Principal: principal, Condition: condition } = statement;
  const all = principal === "*" || (isRecord(principal) && textsOf(principal.AWS).includes("*"));
  const calls = textsOf(statement.Action).map((it) => it.toLowerCase());
  const whole = textsOf(statement.Resource).some((it) => it === "*" || isWholeBucket(it));
  if (!all || !whole || !calls.some((it) => covers(it, "s3:getobject"))) return false;
  return condition === undefined || conditioned(condition, excludingOperators);
}

/** `arn:aws:s3:::bucket/*` */
function isWholeBucket(resource: string): boolean {
  const slash = resource.indexOf("/");
  return resource.includes(":s3:::") && slash === resource.length - 2 && resource.endsWith("/*");
}

function conditioned(condition: unknown, operators: RegExp): boolean {
  if (!isRecord(condition)) return false;
  return Object.entries(condition).some(
    ([operator, keys]) =>
      operators.test(operator) &&
      isRecord(keys) &&
      Object.entries(keys).some(([key, values]) => bindingKeys.test(key) && textsOf(values).every(binds)),
  );
}

/** Whether a value leaves most of the world out: a network that is not half the internet, a name that is more than a wildcard. */
function binds(value: string): boolean {
  const slash = value.lastIndexOf("/");
  const bits = slash < 0 ? "" : value.slice(slash + 1);
  if (/^\d{1,3}$/.test(bits) && /^[\da-f.:]+$/i.test(value.slice(0, slash))) {
    return Number(bits) >= (value.includes(":") ? minBits.v6 : minBits.v4);
  }
  return !/[*?]/.test(value) || /\d{12}|^o-[a-z0-9]{10,}/.test(value);
}

function textsOf(value: unknown): string[] {
  return [value]
    .flat()
    .slice(0, maxEntries)
    .filter((it) => typeof it === "string");
}

/** The same words for an access list: its canned name in a header, or its grants to AWS's two groups of everybody. */
export function sharedByAcl(asked: unknown): string[] {
  if (!isRecord(asked)) return [];
  const canned = [...textsOf(asked["x-amz-acl"]), ...textsOf(asked.acl)];
  if (canned.some((it) => it.startsWith("public-read") || it === "authenticated-read")) return ["public"];
  const headers = Object.entries(asked).filter(([name]) => name.startsWith("x-amz-grant-"));
  const list = isRecord(asked.AccessControlPolicy) ? asked.AccessControlPolicy.AccessControlList : undefined;
  const grants = isRecord(list) ? [list.Grant].flat().slice(0, maxEntries) : [];
  const uris = grants.flatMap((it) => (isRecord(it) && isRecord(it.Grantee) ? textsOf(it.Grantee.URI) : []));
  const everybody = /\/groups\/global\/(AllUsers|AuthenticatedUsers)/;
  return [...headers.flatMap(([, value]) => textsOf(value)), ...uris].some((it) => everybody.test(it))
    ? ["public"]
    : [];
}
