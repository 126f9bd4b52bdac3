// Who may read buckets by IAM, and whether they ever did: granted against used, with the line to remove.
import type { ModelEntry } from "@outweigh/schema";
import { maxItems } from "../limits.ts";
import { isRecord, listOf, recordOf, textOf, textsOf, type Values } from "../values.ts";
import { commandOf, withFix, type Ways } from "../way.ts";
import type { ExportedFile } from "./file.ts";
import { matches } from "./glob.ts";
import { LastUse, useText } from "./last-use.ts";
import { lineFix, lineText, type Held } from "./policy-line.ts";
import { isDenied, readsBelow, statementsOf, type Statement } from "./policy.ts";

/** A policy, and who has it: the principal, or a group that it is in. */
interface Given {
  readonly policy: Held;
  readonly by: Principal;
}

interface Principal {
  readonly kind: "role" | "user" | "group";
  readonly name: string;
  readonly arn: string | undefined;
  readonly policies: Held[];
  readonly attached: string[];
  readonly groups: string[];
  /** The folder of the file that lists it. */
  folder: string;
  createdAt?: string | undefined;
  /** When a role last acted at all, null for never; undefined where the export does not say it. */
  lastUsed?: string | null | undefined;
  /** Its permission boundary, by ARN: it may do no more than that lets. */
  boundary?: string | undefined;
}

type Basis = "verified" | "inferred";

interface Task {
  readonly it: Principal;
  readonly held: readonly Given[];
  readonly all: readonly Statement[];
  readonly place: string;
  readonly ways: Ways;
  readonly now: number;
}

/**
 * Needs `aws iam get-account-authorization-details`, and for "unused" what LastUse reads.
 * Blind spot: policies of the organisation, sessions, conditions (which are named, not evaluated), and reads by whoever may take a role on.
 */
export class Identities {
  readonly #principals = new Map<string, Principal>();
  readonly #managed = new Map<string, Held>();
  readonly #used = new LastUse();

  take(file: ExportedFile): boolean {
    const { value } = file;
    if (!isRecord(value)) return false;
    if (this.#used.take(file, value)) return true;
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
      principal.folder = folderOf(file.path);
      principal.createdAt = textOf(it["CreateDate"]);
      if (isRecord(it["RoleLastUsed"])) principal.lastUsed = textOf(it["RoleLastUsed"]["LastUsedDate"]) ?? null;
      principal.boundary = textOf(recordOf(it["PermissionsBoundary"])["PermissionsBoundaryArn"]);
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
    const key = keyOf(kind, accountOf(arn), name);
    const lower = { Role: "role", User: "user", Group: "group" } as const;
    const known = this.#principals.get(key) ?? {
      kind: lower[kind],
      name,
      arn,
      policies: [],
      attached: [],
      groups: [],
      folder: "",
    };
    this.#principals.set(key, known);
    return known;
  }

  find(register: readonly ModelEntry[], ways: Ways, now: number): void {
    if (this.#principals.size === 0) {
      for (const kind of ["iam-grant", "iam-unused"] as const) ways.missed(kind, "no roles and users were exported");
    }
    this.#join();
    for (const it of this.#principals.values()) {
      if (it.kind === "group") continue;
      const held = this.#policiesOf(it, ways);
      const all = held.flatMap(({ policy }) => statementsOf(policy.document));
      for (const model of register) {
        if (isDeclared(it, model.readers)) continue;
        for (const place of model.places.filter((address) => address.startsWith("s3://")))
          this.#grant({ it, held, all, place, ways, now });
      }
    }
  }

  /** Policies that were exported one by one say no account: they are of whoever has that name. */
  #join(): void {
    for (const [key, single] of this.#principals) {
      if (accountOf(single.arn) !== "") continue;
      const named = [...this.#principals.values()].filter(
        (it) => it !== single && it.kind === single.kind && it.name === single.name,
      );
      for (const it of named) it.policies.push(...single.policies);
      if (named.length > 0) this.#principals.delete(key);
    }
  }

  #policiesOf(it: Principal, ways: Ways): Given[] {
    const groups = it.groups.flatMap((name) => this.#principals.get(keyOf("Group", accountOf(it.arn), name)) ?? []);
    const holders = [it, ...groups];
    const own = holders.flatMap((by) => by.policies.map((policy) => ({ policy, by })));
    const managed = holders.flatMap((by) =>
      by.attached.flatMap((arn) => {
        const policy = this.#managed.get(arn) ?? wellKnown(arn, by);
        if (!policy) ways.missed("iam-grant", `the policy ${arn} was not exported`);
        return policy ? [{ policy, by }] : [];
      }),
    );
    return [...own, ...managed];
  }

  #grant({ it, held, all, place, ways, now }: Task): void {
    const address = place.slice("s3://".length);
    if (isDenied(all, address, () => true)) return;
    const bound = this.#boundOf(it, address);
    if (bound === "shut") return;
    for (const { policy, by } of held) {
      const statements = statementsOf(policy.document);
      const found = statements.find((statement) => statement.allows && readsBelow(statement, address));
      if (!found) continue;
      const used = this.#used.of(it);
      if (used === undefined) ways.missed("iam-unused", `when ${it.kind} ${it.name} last used S3 was not exported`);
      const unused = useText(used, it.createdAt, now);
      const ifs = [...(found.conditions.length > 0 ? [`${found.conditions.join(", ")} holds`] : []), ...bound];
      const through = by === it ? "" : ` through group ${by.name}`;
      const how = `may read objects${through}${unused === undefined ? "" : `, and ${unused}`}${ifs.length > 0 ? `; if ${ifs.join(" and ")}` : ""}`;
      const basis = ifs.length > 0 ? "inferred" : "verified";
      ways.add({
        kind: unused === undefined ? "iam-grant" : "iam-unused",
        steps: [
          { from: `IAM ${it.kind} ${it.name}`, to: "", how, basis, proof: lineText(policy, found), effort: "trick" },
        ],
        reaches: { at: "place", place },
        ...withFix(lineFix(by, policy, found, statements.length)),
      });
      // Who leaves with a key that nobody misses is not noticed.
      if (unused === undefined && it.kind === "user") this.#keys(it, { place, basis, ways, now });
      return;
    }
  }

  /** Keys of a user who may read, that nobody uses: each opens what the user opens. */
  #keys(it: Principal, { place, basis, ways, now }: Pick<Task, "place" | "ways" | "now"> & { basis: Basis }): void {
    for (const key of this.#used.keysOf(it)) {
      const unused = key.isActive ? useText(key.used, key.createdAt, now, "was not used") : undefined;
      if (unused === undefined) continue;
      const how = `is an active key of a user that may read objects, and ${unused}`;
      const proof = `${key.at}: Status Active`;
      ways.add({
        kind: "iam-unused",
        steps: [{ from: `access key ${key.id} of IAM user ${it.name}`, to: "", how, basis, proof, effort: "trick" }],
        reaches: { at: "place", place },
        ...withFix(
          commandOf`aws iam update-access-key --user-name ${it.name} --access-key-id ${key.id} --status Inactive`,
        ),
      });
    }
  }

  /** What else must hold because of a permission boundary; "shut" if it lets no reading there. */
  #boundOf({ boundary }: Principal, address: string): readonly string[] | "shut" {
    if (boundary === undefined) return [];
    const known = this.#managed.get(boundary);
    if (!known) return [`the permission boundary ${boundary}, which was not exported, lets it`];
    const statements = statementsOf(known.document);
    const found = statements.filter((it) => it.allows && readsBelow(it, address));
    if (found.length === 0 || isDenied(statements, address, () => true)) return "shut";
    return found.some((it) => it.conditions.length === 0) ? [] : [`the permission boundary ${boundary} lets it`];
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

/** Whether the register lets this principal read, by any of the names that sources give it. */
function isDeclared({ kind, name, arn }: Principal, readers: readonly string[]): boolean {
  const names = [name, `${kind}/${name}`, ...(arn === undefined ? [] : [arn, arn.replace(/^arn:[^:]*:/, "")])];
  const assumed = arn?.replace(/:iam:/, ":sts:").replace(/:role\/(?:.*\/)?/, ":assumed-role/");
  if (assumed !== undefined) names.push(`${assumed}/x`, assumed);
  return readers.some((reader) => names.some((it) => matches(reader, it)));
}

function keyOf(kind: "Role" | "User" | "Group", account: string, name: string): string {
  return JSON.stringify([kind, account, name]);
}

/** The account in an ARN, "" where there is none. */
function accountOf(arn: string | undefined): string {
  return arn?.split(":")[4] ?? "";
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
}
