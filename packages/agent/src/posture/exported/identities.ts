// Who may read buckets by IAM, and whether they ever did: granted against used, with the line to remove.
import type { ModelEntry } from "@outweigh/schema";
import { maxItems, unusedDays } from "../limits.ts";
import { isRecord, listOf, recordOf, textOf, textsOf, type Values } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import type { ExportedFile } from "./file.ts";
import { matches } from "./glob.ts";
import { lineOf, pointerText } from "./json-line.ts";
import { decoded, isDenied, readsBelow, statementsOf, type Statement } from "./policy.ts";

type Pointer = readonly (string | number)[];

/** One policy of a principal, and where it stands. */
interface Held {
  readonly file: ExportedFile;
  readonly pointer: Pointer;
  readonly document: unknown;
  readonly name: string;
  /** Of a policy that is attached; absent for one that stands in the principal itself. */
  readonly arn?: string;
}

interface Principal {
  readonly kind: "role" | "user" | "group";
  readonly name: string;
  readonly arn: string | undefined;
  readonly policies: Held[];
  readonly attached: string[];
  readonly groups: string[];
  /** When it last acted at all, where the export says it. */
  lastUsed?: string | undefined;
}

/** When a principal last used S3: a date, or null for never in the time that AWS keeps. */
type Used = ReadonlyMap<string, string | null>;

/**
 * Needs `aws iam get-account-authorization-details`, and for "unused" `get-service-last-accessed-details` of each principal in a file named
 * like it.
 * Blind spot: permission boundaries, policies of the organisation, sessions, conditions (which are named, not evaluated), and reads by
 * whoever may take a role on.
 */
export class Identities {
  readonly #principals = new Map<string, Principal>();
  readonly #managed = new Map<string, Held>();
  readonly #used = new Map<string, string | null>();

  take(file: ExportedFile): boolean {
    const { value } = file;
    if (!isRecord(value)) return false;
    if (Array.isArray(value["ServicesLastAccessed"])) {
      const s3 = value["ServicesLastAccessed"].find((it) => recordOf(it)["ServiceNamespace"] === "s3");
      if (s3 !== undefined) this.#used.set(stem(file.path), textOf(recordOf(s3)["LastAuthenticated"]) ?? null);
      return true;
    }
    const lists = (["Role", "User", "Group"] as const).filter((it) => Array.isArray(value[`${it}DetailList`]));
    for (const kind of lists) this.#takeList(kind, file, listOf(value[`${kind}DetailList`]));
    for (const [i, it] of listOf(value["Policies"]).entries()) this.#takeManaged(recordOf(it), i, file);
    if (lists.length > 0) return true;
    return this.#takeOne(file, value);
  }

  #takeList(kind: "Role" | "User" | "Group", file: ExportedFile, list: readonly unknown[]): void {
    for (const [i, entry] of list.slice(0, maxItems).entries()) {
      const it = recordOf(entry);
      const name = textOf(it[`${kind}Name`]);
      if (name === undefined) continue;
      const principal = this.#of(kind, name, textOf(it["Arn"]));
      principal.lastUsed = textOf(recordOf(it["RoleLastUsed"])["LastUsedDate"]) ?? principal.lastUsed;
      principal.groups.push(...textsOf(it["GroupList"]));
      principal.attached.push(
        ...listOf(it["AttachedManagedPolicies"]).flatMap((at) => textOf(recordOf(at)["PolicyArn"]) ?? []),
      );
      const key = `${kind}PolicyList`;
      for (const [j, policy] of listOf(it[key]).entries()) {
        const { PolicyName, PolicyDocument } = recordOf(policy);
        const pointer = [`${kind}DetailList`, i, key, j, "PolicyDocument"];
        principal.policies.push({ file, pointer, document: PolicyDocument, name: textOf(PolicyName) ?? "" });
      }
    }
  }

  /** `aws iam get-role-policy` and its sisters. */
  #takeOne(file: ExportedFile, value: Values): boolean {
    const kind = (["Role", "User", "Group"] as const).find((it) => typeof value[`${it}Name`] === "string");
    if (kind === undefined || value["PolicyDocument"] === undefined) return false;
    const principal = this.#of(kind, textOf(value[`${kind}Name`]) ?? "", undefined);
    const name = textOf(value["PolicyName"]) ?? "";
    principal.policies.push({ file, pointer: ["PolicyDocument"], document: value["PolicyDocument"], name });
    return true;
  }

  #takeManaged(it: Values, index: number, file: ExportedFile): void {
    const arn = textOf(it["Arn"]);
    const versions = listOf(it["PolicyVersionList"]).map(recordOf);
    const at = versions.findIndex((version) => version["IsDefaultVersion"] === true);
    const document = versions[at]?.["Document"];
    if (arn === undefined || document === undefined) return;
    const pointer = ["Policies", index, "PolicyVersionList", at, "Document"];
    this.#managed.set(arn, { file, pointer, document, name: textOf(it["PolicyName"]) ?? arn, arn });
  }

  #of(kind: "Role" | "User" | "Group", name: string, arn: string | undefined): Principal {
    const key = `${kind}:${name}`;
    const lower = { Role: "role", User: "user", Group: "group" } as const;
    const known = this.#principals.get(key) ?? { kind: lower[kind], name, arn, policies: [], attached: [], groups: [] };
    this.#principals.set(key, known);
    return known;
  }

  find(register: readonly ModelEntry[], ways: Ways, now: number): void {
    if (this.#principals.size === 0) {
      for (const kind of ["iam-grant", "iam-unused"] as const) ways.missed(kind, "no roles and users were exported");
    }
    for (const it of this.#principals.values()) {
      if (it.kind === "group") continue;
      const held = this.#policiesOf(it, ways);
      const all = held.flatMap((policy) => statementsOf(policy.document));
      for (const model of register) {
        if (isDeclared(it, model.readers)) continue;
        for (const place of model.places.filter((address) => address.startsWith("s3://")))
          this.#grant(it, held, all, place, ways, now);
      }
    }
  }

  #policiesOf(it: Principal, ways: Ways): Held[] {
    const groups = it.groups.flatMap((name) => this.#principals.get(`Group:${name}`) ?? []);
    const arns = [...it.attached, ...groups.flatMap((group) => group.attached)];
    const managed = arns.flatMap((arn) => {
      const known = this.#managed.get(arn) ?? wellKnown(arn, it);
      if (!known) ways.missed("iam-grant", `the policy ${arn} was not exported`);
      return known ?? [];
    });
    return [...it.policies, ...groups.flatMap((group) => group.policies), ...managed];
  }

  #grant(
    it: Principal,
    held: readonly Held[],
    all: readonly Statement[],
    place: string,
    ways: Ways,
    now: number,
  ): void {
    const address = place.slice("s3://".length);
    if (isDenied(all, address, () => true)) return;
    for (const policy of held) {
      const statements = statementsOf(policy.document);
      const found = statements.find((statement) => statement.allows && readsBelow(statement, address));
      if (!found) continue;
      const used = usedBy(it, this.#used);
      if (used === undefined) ways.missed("iam-unused", `when ${it.kind} ${it.name} last used S3 was not exported`);
      const unused = unusedText(used, now);
      const { text, fix } = lineToRemove(it, policy, found, statements.length);
      ways.add({
        kind: unused === undefined ? "iam-grant" : "iam-unused",
        steps: [
          {
            from: `IAM ${it.kind} ${it.name}`,
            to: "",
            how: `may read objects${unused === undefined ? "" : `, and ${unused}`}${found.conditions.length > 0 ? `; if ${found.conditions.join(", ")} holds` : ""}`,
            basis: found.conditions.length > 0 ? "inferred" : "verified",
            proof: text,
            effort: "trick",
          },
        ],
        reaches: { at: "place", place },
        ...withFix(fix),
      });
      return;
    }
  }
}

/** Policies of AWS's own that let read everything, which exports of an account leave out unless they are asked for. */
function wellKnown(arn: string, { name }: Principal): Held | undefined {
  if (
    !/:aws:policy\/(?:AmazonS3(?:FullAccess|ReadOnlyAccess)|AdministratorAccess|PowerUserAccess|ReadOnlyAccess)$/.test(
      arn,
    )
  )
    return undefined;
  const document = { Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
  return { file: { path: `attached to ${name}`, text: "" }, pointer: [], document, name: arn, arn };
}

function usedBy({ name, lastUsed, kind }: Principal, used: Used): string | null | undefined {
  const s3 = used.get(name);
  if (s3 !== undefined) return s3;
  // A role that did nothing read nothing; one that did something may have read.
  return kind === "role" && lastUsed !== undefined ? lastUsed : undefined;
}

/** "did not for 120 days"; undefined if it did, or that is not known. */
function unusedText(used: string | null | undefined, now: number): string | undefined {
  if (used === undefined) return undefined;
  if (used === null) return "never used S3 in the time that AWS keeps";
  const days = Math.floor((now - Date.parse(used)) / 86_400_000);
  return days >= unusedDays ? `did not use S3 for ${days} days` : undefined;
}

/** The statement by file, line and pointer, and the command that takes it away. */
function lineToRemove(
  it: Principal,
  { file, pointer, document, name, arn }: Held,
  statement: Statement,
  count: number,
): { text: string; fix: string | undefined } {
  const inText = decoded(document) !== undefined;
  const whole: Pointer = [...pointer, "Statement", statement.index];
  const line =
    file.text === "" ? undefined : (lineOf(file.text, inText ? pointer : whole) ?? lineOf(file.text, pointer));
  const sid = statement.sid === undefined ? "" : ` (Sid ${statement.sid.slice(0, 80)})`;
  const actions = textsOf(statement.value["Action"]).slice(0, 3).join(", ") || "all but NotAction";
  const text = `remove ${file.path}${line === undefined ? "" : `:${line}`}#${pointerText(whole)}${sid}: Allow ${actions} in ${name}`;
  if (arn !== undefined)
    return {
      text,
      fix: commandOf`aws iam ${`detach-${it.kind}-policy`} ${`--${it.kind}-name`} ${it.name} --policy-arn ${arn}`,
    };
  if (count === 1)
    return {
      text,
      fix: commandOf`aws iam ${`delete-${it.kind}-policy`} ${`--${it.kind}-name`} ${it.name} --policy-name ${name}`,
    };
  const get = commandOf`aws iam ${`get-${it.kind}-policy`} ${`--${it.kind}-name`} ${it.name} --policy-name ${name} --query PolicyDocument`;
  const put = commandOf`aws iam ${`put-${it.kind}-policy`} ${`--${it.kind}-name`} ${it.name} --policy-name ${name} --policy-document file:///dev/stdin`;
  return { text, fix: get && put && `${get} | jq 'del(.Statement[${statement.index}])' | ${put}` };
}

/** Whether the register lets this principal read, by any of the names that sources give it. */
function isDeclared({ kind, name, arn }: Principal, readers: readonly string[]): boolean {
  const names = [name, `${kind}/${name}`, ...(arn === undefined ? [] : [arn, arn.replace(/^arn:[^:]*:/, "")])];
  const assumed = arn?.replace(/:iam:/, ":sts:").replace(/:role\/(?:.*\/)?/, ":assumed-role/");
  if (assumed !== undefined) names.push(`${assumed}/x`, assumed);
  return readers.some((reader) => names.some((it) => matches(reader, it)));
}

function stem(path: string): string {
  return (path.split("/").at(-1) ?? "").replace(/\.json$/, "");
}
