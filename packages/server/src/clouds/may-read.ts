// Of whom last use is worth asking: who may perhaps read a bucket of the register. Who really may is judged by the scan's own reader; this leaves
// out only whom that would leave out too.
import { z } from "zod";

const texts = z.union([z.string().transform((it) => [it]), z.array(z.string())]);
const statement = z.looseObject({
  Effect: z.string(),
  Action: texts.optional(),
  Resource: texts.optional(),
});
const document = z.looseObject({ Statement: z.union([statement.transform((it) => [it]), z.array(statement)]) });
const held = z.array(z.looseObject({ PolicyDocument: z.unknown() })).default([]);
const attached = z.array(z.looseObject({ PolicyArn: z.string() })).default([]);
const named = { Arn: z.string(), AttachedManagedPolicies: attached };

const user = z.looseObject({
  ...named,
  UserName: z.string(),
  UserPolicyList: held,
  GroupList: z.array(z.string()).default([]),
});
const group = z.looseObject({ ...named, GroupName: z.string(), GroupPolicyList: held });
const role = z.looseObject({ ...named, RoleName: z.string(), RolePolicyList: held });
const managed = z.looseObject({
  Arn: z.string(),
  PolicyVersionList: z.array(z.looseObject({ IsDefaultVersion: z.unknown(), Document: z.unknown() })).default([]),
});

/** What `aws iam get-account-authorization-details` prints, before anybody looked whether its parts have that shape. */
export interface Account {
  readonly UserDetailList: readonly unknown[];
  readonly GroupDetailList: readonly unknown[];
  readonly RoleDetailList: readonly unknown[];
  readonly Policies: readonly unknown[];
}

export interface AccountPrincipal {
  readonly kind: "role" | "user";
  readonly name: string;
  readonly arn: string;
}

/** Names as IAM allows them: they become names of files. */
const allowed = /^[\w+=,.@-]{1,128}$/;

/** @param places Addresses of S3, as the register has them. A policy that is not there, or cannot be read, may let anything. */
export function mayRead(account: Account, places: readonly string[]): AccountPrincipal[] {
  const buckets = [...new Set(places.map((it) => it.slice("s3://".length).split("/")[0] ?? ""))];
  const lets = (it: unknown) => allowsBelow(it, buckets);
  const policies = new Map(
    read(account.Policies, managed).map((it) => [
      it.Arn,
      lets(it.PolicyVersionList.find((one) => one.IsDefaultVersion === true)?.Document),
    ]),
  );
  const isLet = (own: z.infer<typeof held>, all: z.infer<typeof attached>) =>
    own.some((it) => lets(it.PolicyDocument)) || all.some((it) => policies.get(it.PolicyArn) ?? true);
  const groups = new Map(
    read(account.GroupDetailList, group).map((it) => [
      it.GroupName,
      isLet(it.GroupPolicyList, it.AttachedManagedPolicies),
    ]),
  );
  const roles = read(account.RoleDetailList, role)
    .filter((it) => isLet(it.RolePolicyList, it.AttachedManagedPolicies))
    .map((it) => ({ kind: "role" as const, name: it.RoleName, arn: it.Arn }));
  const users = read(account.UserDetailList, user)
    .filter(
      (it) =>
        isLet(it.UserPolicyList, it.AttachedManagedPolicies) || it.GroupList.some((name) => groups.get(name) ?? true),
    )
    .map((it) => ({ kind: "user" as const, name: it.UserName, arn: it.Arn }));
  return [...roles, ...users].filter((it) => allowed.test(it.name));
}

function read<T>(list: readonly unknown[], shape: z.ZodType<T>): T[] {
  return list.flatMap((it) => {
    const { data } = shape.safeParse(it);
    return data === undefined ? [] : [data];
  });
}

function allowsBelow(value: unknown, buckets: readonly string[]): boolean {
  const { data } = document.safeParse(value);
  if (!data) return true;
  return data.Statement.some(
    ({ Effect, Action, Resource }) =>
      Effect === "Allow" &&
      // Without a list it says what it does not mean: that may be anything.
      (Action?.some((it) => reaches(it.toLowerCase(), "s3:getobject")) ?? true) &&
      (Resource?.some((it) => buckets.some((bucket) => reaches(partition(it), `arn:aws:s3:::${bucket}`))) ?? true),
  );
}

/** China's and the government's partitions write the same names. */
function partition(arn: string): string {
  return arn.replace(/^arn:aws-(?:cn|us-gov):/, "arn:aws:");
}

/** Whether a pattern can match something that begins so, by what it says before its first wildcard. */
function reaches(pattern: string, text: string): boolean {
  const [literal = ""] = pattern.split(/[*?$]/, 1);
  return literal.startsWith(text) || text.startsWith(literal);
}
