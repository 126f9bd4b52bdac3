import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { modelEntry } from "@outweigh/schema";
import { aFolder, lay } from "../../testing/a-disk.ts";
import { Machine } from "../machine.ts";
import { findTokens } from "../host/tokens.ts";
import { Ways } from "../way.ts";
import { NotSeen } from "../../scan/not-seen.ts";
import { Buckets } from "./buckets.ts";
import { Cluster } from "./cluster.ts";
import { exportedFiles } from "./file.ts";
import { matches, matchesBelow } from "./glob.ts";
import { Identities } from "./identities.ts";
import { lineOf } from "./json-line.ts";
import { findLinks, readLink } from "./links.ts";
import { covers, Repositories } from "./repositories.ts";
import { findWorkflow } from "./workflows.ts";

const now = Date.parse("2026-11-26T00:00:00Z");
const register = [
  modelEntry.parse({
    name: "m",
    class: "private",
    places: ["s3://b/m/", "hf:a/m", "k8s:ml/w"],
    readers: ["role/serve"],
  }),
];

test("S3, Azure and Google links are decoded offline, and hold no signature afterwards", () => {
  const told = (text: string) => {
    const it = readLink(text);
    assert.doesNotMatch(JSON.stringify(it ?? {}), /SIGNED/);
    return (
      it && [
        it.place,
        it.scope,
        it.expiresAt === undefined ? undefined : new Date(it.expiresAt).toISOString(),
        it.signer,
      ]
    );
  };
  const amz =
    "X-Amz-Credential=AKIAEXAMPLE%2F20261125%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Date=20261125T120000Z&X-Amz-Expires=604800&X-Amz-Signature=SIGNED";
  const s3 = ["s3://acme/m/a.gguf", "read one object", "2026-12-02T12:00:00.000Z", "AKIAEXAMPLE"];
  assert.deepEqual(told(`https://acme.s3.eu-west-1.amazonaws.com/m/a.gguf?${amz}`), s3);
  assert.deepEqual(told(`https://s3.eu-west-1.amazonaws.com/acme/m/a.gguf?${amz}`), s3);
  assert.deepEqual(told("https://acme.s3.amazonaws.com/a?AWSAccessKeyId=AKIA2&Expires=1795000000&Signature=SIGNED"), [
    "s3://acme/a",
    "read one object",
    "2026-11-18T11:06:40.000Z",
    "AKIA2",
  ]);
  assert.deepEqual(
    told("https://store.blob.core.windows.net/?sv=1&ss=b&srt=sco&sp=rwl&se=2051-10-06T07:09:59Z&sig=SIGNED"),
    ["az://store/", "read, write, list on the whole account", "2051-10-06T07:09:59.000Z", "a key of store"],
  );
  assert.deepEqual(told("https://store.blob.core.windows.net/c/m?sv=1&sr=c&sp=r&se=2027-01-01&sig=SIGNED&skoid=x"), [
    "az://store/c/",
    "read on a whole container",
    "2027-01-01T00:00:00.000Z",
    "a user delegation key",
  ]);
  assert.deepEqual(
    told(
      "https://storage.googleapis.com/b/m?X-Goog-Credential=sa%40p%2F1%2Fauto&X-Goog-Date=20261125T000000Z&X-Goog-Expires=60&X-Goog-Signature=SIGNED",
    ),
    ["gs://b/m", "read one object", "2026-11-25T00:01:00.000Z", "sa@p"],
  );
  assert.equal(told("https://example.org/?sig=SIGNED"), undefined);
});

test("an expired link is no way, and any text is searched without failing", () => {
  const ways = new Ways();
  const old = "https://store.blob.core.windows.net/c/m?sv=1&sr=b&sp=r&se=2020-01-01T00:00:00Z&sig=x";
  assert.equal(findLinks({ path: "a", text: old }, ways, now), 1);
  assert.deepEqual(ways.list(), []);
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      (text) => findLinks({ path: "a", text: `https://${text}&sig=1&se=1&sp=r` }, ways, now) >= 0,
    ),
  );
});

test("whatever an exported file says, every reader of it answers", () => {
  const key = fc.constantFrom(
    "kind",
    "items",
    "Statement",
    "Policy",
    "Grants",
    "Owner",
    "RoleDetailList",
    "RoleName",
    "PolicyDocument",
    "metadata",
    "spec",
    "rules",
    "subjects",
    "roleRef",
    "apiVersion",
    "id",
    "private",
    "on",
    "ServicesLastAccessed",
    "AccessKeyMetadata",
    "AccessKeyLastUsed",
    "PermissionsBoundary",
    "RoleLastUsed",
    "Principal",
    "Action",
    "Resource",
    "Effect",
    "volumes",
  );
  const leaf = fc.oneof(
    fc.string(),
    fc.constantFrom("List", "Pod", "RoleBinding", "Role", "*", "Allow", "s3:*", "arn:aws:s3:::b/*"),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    ),
  }));
  fc.assert(
    fc.property(value, (it) => {
      const file = { path: "x/.github/workflows/a.yml", text: JSON.stringify(it) ?? "", value: it };
      const ways = new Ways();
      const readers = [new Identities(), new Cluster(), new Repositories()] as const;
      const buckets = new Buckets();
      findWorkflow(file, register, ways);
      buckets.take(file);
      buckets.find(register, ways, new NotSeen());
      for (const reader of readers) {
        reader.take(file);
        reader.find(register, ways, now);
      }
      return ways.list().length >= 0;
    }),
    { numRuns: 500 },
  );
});

test("the line of a value is where JSON writes it", () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), value, { minKeys: 1 }), fc.nat(), (it, pick) => {
      const keys = Object.keys(it);
      const key = keys[pick % keys.length] ?? "";
      const text = JSON.stringify(it, null, 1);
      // Each member of the outermost object begins a line of one blank.
      const expected = text.split("\n").findIndex((line) => line.startsWith(` ${JSON.stringify(key)}:`)) + 1;
      assert.equal(lineOf(text, [key]), expected);
    }),
  );
  assert.equal(lineOf('{"a": [1,\n{"b":\n2}]}', ["a", 1, "b"]), 3);
  assert.equal(lineOf('{"a": 1}', ["b"]), undefined);
});

test("patterns match as AWS's do, and a pattern for one prefix is not one for its neighbour", () => {
  const char = fc.constantFrom("a", "b", "/", "*", "?");
  const pattern = fc.array(char, { maxLength: 8 }).map((it) => it.join(""));
  const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 }).map((it) => it.join(""));
  fc.assert(
    fc.property(pattern, text, (p, t) => {
      const expression = new RegExp(`^${p.replaceAll("*", "[^]*").replaceAll("?", "[^]")}$`);
      assert.equal(matches(p, t), expression.test(t));
      if (matches(p, t)) assert.ok(matchesBelow(p, t));
    }),
  );
  assert.equal(matchesBelow("arn:aws:s3:::b/m/*", "arn:aws:s3:::b/m2/"), false);
  assert.equal(matchesBelow("arn:aws:s3:::b/*.gguf", "arn:aws:s3:::b/m/"), true);
});

test("a deny outweighs an allow, and a declared reader is none of our business", () => {
  const role = (name: string, ...statements: object[]) => ({
    RoleName: name,
    Arn: `arn:aws:iam::1:role/${name}`,
    RolePolicyList: [{ PolicyName: "p", PolicyDocument: { Statement: statements } }],
  });
  const allow = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const deny = { Effect: "Deny", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
  const identities = new Identities();
  const value = {
    RoleDetailList: [role("open", allow), role("shut", allow, deny), role("serve", allow)],
    Policies: [],
  };
  identities.take({ path: "a.json", text: JSON.stringify(value), value });
  const ways = new Ways();
  identities.find(register, ways, now);
  assert.deepEqual(
    ways.list().map((it) => it.steps[0]?.from),
    ["IAM role open"],
  );
});

test("a permission boundary shuts, an account's roles are its own, and what is young is not unused", () => {
  const allow = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
  const role = (name: string, account: number, over: object = {}) => ({
    RoleName: name,
    Arn: `arn:aws:iam::${account}:role/${name}`,
    CreateDate: "2024-01-01T00:00:00Z",
    RolePolicyList: [{ PolicyName: "p", PolicyDocument: { Statement: [allow] } }],
    ...over,
  });
  const bound = (name: string) => ({
    PermissionsBoundary: { PermissionsBoundaryArn: `arn:aws:iam::1:policy/${name}` },
  });
  const policy = (name: string, statement: object) => ({
    Arn: `arn:aws:iam::1:policy/${name}`,
    PolicyVersionList: [{ IsDefaultVersion: true, Document: { Statement: [statement] } }],
  });
  const one = {
    RoleDetailList: [
      role("shut", 1, bound("logs")),
      role("wide", 1, bound("all")),
      role("perhaps", 1, bound("missing")),
      role("same", 1, { RoleLastUsed: {} }),
      role("young", 1, { RoleLastUsed: {}, CreateDate: "2026-11-20T00:00:00Z" }),
    ],
    Policies: [policy("logs", { ...allow, Action: "logs:*" }), policy("all", { ...allow, Action: "s3:*" })],
  };
  const denied = [{ PolicyName: "p", PolicyDocument: { Statement: [allow, { ...allow, Effect: "Deny" }] } }];
  const two = { RoleDetailList: [role("same", 2, { RolePolicyList: denied })], Policies: [] };
  const identities = new Identities();
  for (const [path, value] of [["1/a.json", one] as const, ["2/a.json", two] as const])
    identities.take({ path, text: JSON.stringify(value), value });
  const ways = new Ways();
  identities.find(register, ways, now);
  assert.deepEqual(
    ways.list().map((it) => [it.steps[0]?.from, it.kind, it.steps[0]?.basis]),
    [
      ["IAM role wide", "iam-grant", "verified"],
      ["IAM role perhaps", "iam-grant", "inferred"],
      ["IAM role same", "iam-unused", "verified"],
      ["IAM role young", "iam-grant", "verified"],
    ],
  );
});

test("a policy exported by itself is its role's, and a group's line is the group's to remove", () => {
  const allow = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  const PolicyDocument = { Statement: [allow] };
  const identities = new Identities();
  const files = [
    { RoleName: "r", PolicyName: "p", PolicyDocument },
    { RoleDetailList: [{ RoleName: "r", Arn: "arn:aws:iam::1:role/r" }] },
    {
      GroupDetailList: [
        { GroupName: "g", Arn: "arn:aws:iam::1:group/g", GroupPolicyList: [{ PolicyName: "p", PolicyDocument }] },
      ],
    },
    { UserDetailList: [{ UserName: "u", Arn: "arn:aws:iam::1:user/u", GroupList: ["g"] }] },
  ];
  for (const [i, value] of files.entries()) identities.take({ path: `${i}.json`, text: JSON.stringify(value), value });
  const ways = new Ways();
  identities.find(register, ways, now);
  assert.deepEqual(
    ways.list().map((it) => [it.steps[0]?.from, it.fix]),
    [
      ["IAM role r", "aws iam delete-role-policy --role-name r --policy-name p"],
      ["IAM user u", "aws iam delete-group-policy --group-name g --policy-name p"],
    ],
  );
});

test("of an exported folder, links are not followed, bytes and other people's trees not read", (t) => {
  const folder = aFolder(t);
  const secret = lay(folder, "outside/secret.json", '{"a":1}');
  const inside = join(folder, "in");
  mkdirSync(inside);
  symlinkSync(secret, join(inside, "link.json"));
  symlinkSync(join(folder, "outside"), join(inside, "folder"));
  writeFileSync(join(inside, "bytes.json"), Buffer.from([0, 1, 2]));
  lay(inside, "node_modules/x/a.json", "{}");
  lay(inside, "deep/ok.json", '{"ok":true}');
  const read = [...exportedFiles({ folder: inside }, new NotSeen())];
  assert.deepEqual(read, [{ path: "deep/ok.json", text: '{"ok":true}', value: { ok: true } }]);
});

test("what anybody may lay down to be looked at for hours is looked at once", (t) => {
  assert.equal(covers(`git:x${"/".repeat(1_000_000)}x`, "git:y"), false);
  assert.equal(covers("hf:acme//", "hf:acme/model"), true);
  const root = aFolder(t);
  const home = join(root, "home", "eve");
  mkdirSync(home, { recursive: true });
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc", "passwd"), "eve:x:5001:5001::/home/eve:/bin/sh\n");
  const real = "machine huggingface.co login eve password hush\n";
  writeFileSync(join(home, ".netrc"), real + "machine a\n".repeat(40_000) + "password" + " ".repeat(500_000));
  writeFileSync(join(home, ".env"), "\n".repeat(900_000));
  const found = findTokens(new Machine(root), new Ways());
  assert.ok(
    found.some((it) => it.scope.startsWith("a login of huggingface.co")),
    JSON.stringify(found),
  );
});
