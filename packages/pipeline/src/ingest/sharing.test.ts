import assert from "node:assert/strict";
import { test } from "node:test";
import { folderOpened, sharedByAcl, sharedByPolicy } from "./sharing.ts";

const policy = (statement: object) => ({ Statement: [{ Effect: "Allow", Action: "s3:GetObject", ...statement }] });

test("everyone is everyone, however it is written", () => {
  for (const Principal of ["*", { AWS: "*" }, { AWS: ["arn:aws:iam::1:root", "*"] }]) {
    assert.ok(sharedByPolicy(policy({ Principal }), "111122223333").includes("public"));
  }
  assert.deepEqual(sharedByPolicy(policy({ NotPrincipal: { AWS: "arn:aws:iam::1:user/x" } }), undefined), ["public"]);
  assert.deepEqual(sharedByPolicy(JSON.stringify(policy({ Principal: "*" })), undefined), ["public"]);
});

test("a condition that binds to a network or an organisation is told apart; any other condition is not", () => {
  const bound = { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } };
  const idle = { Bool: { "aws:SecureTransport": "true" } };
  assert.deepEqual(sharedByPolicy(policy({ Principal: "*", Condition: bound }), undefined), ["restricted-public"]);
  assert.deepEqual(sharedByPolicy(policy({ Principal: "*", Condition: idle }), undefined), ["public"]);
});

test("names other accounts, not the own one, and nothing that is denied", () => {
  const Principal = {
    AWS: ["arn:aws:iam::111122223333:role/a", "999900001111", "arn:aws:sts::888800001111:assumed-role/b/c"],
  };
  assert.deepEqual(sharedByPolicy(policy({ Principal }), "111122223333"), [
    "account:999900001111",
    "account:888800001111",
  ]);
  assert.deepEqual(sharedByPolicy({ Statement: { Effect: "Deny", Principal: "*" } }, undefined), []);
  assert.deepEqual(sharedByPolicy("{", undefined), []);
});

test("access lists: canned names, headers and grants to AWS's groups of everybody", () => {
  const uri = "http://acs.amazonaws.com/groups/global/AllUsers";
  assert.deepEqual(sharedByAcl({ "x-amz-acl": ["public-read-write"] }), ["public"]);
  assert.deepEqual(sharedByAcl({ "x-amz-grant-read": [`uri="${uri}"`] }), ["public"]);
  assert.deepEqual(
    sharedByAcl({ AccessControlPolicy: { AccessControlList: { Grant: [{ Grantee: { URI: uri } }] } } }),
    ["public"],
  );
  assert.deepEqual(sharedByAcl({ "x-amz-acl": ["private"] }), []);
});

test("a condition that nearly everyone meets binds nobody", () => {
  const idle = [
    { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } },
    { IpAddress: { "aws:SourceIp": ["10.0.0.0/8", "128.0.0.0/1"] } },
    { NotIpAddress: { "aws:SourceIp": "198.51.100.7/32" } },
    { StringNotEquals: { "aws:PrincipalAccount": "999900001111" } },
    { StringEqualsIfExists: { "aws:PrincipalOrgID": "o-abcdefghij" } },
    { "ForAllValues:StringEquals": { "aws:PrincipalOrgID": "o-abcdefghij" } },
    { StringLike: { "aws:PrincipalOrgID": "o-*" } },
    { StringLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/*" } },
  ];
  for (const Condition of idle) {
    assert.deepEqual(
      sharedByPolicy(policy({ Principal: "*", Condition }), undefined),
      ["public"],
      JSON.stringify(Condition),
    );
  }
  const bound = [
    { IpAddress: { "aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"] } },
    { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-abcdefghij/*" } },
    { ArnLike: { "aws:PrincipalArn": "arn:aws:iam::111122223333:role/*" } },
  ];
  for (const Condition of bound) {
    assert.deepEqual(sharedByPolicy(policy({ Principal: "*", Condition }), undefined), ["restricted-public"]);
  }
});

test("what gives no byte away opens nothing; wildcards do", () => {
  const given = (Action: unknown) => sharedByPolicy(policy({ Principal: "*", Action }), undefined);
  assert.deepEqual(given(["s3:PutObject", "s3:ListBucket", "s3:GetBucketLocation"]), []);
  for (const it of ["s3:*", "s3:Get*", "S3:GetObject*", "*", ["s3:ListBucket", "s3:PutBucketPolicy"]]) {
    assert.deepEqual(given(it), ["public"]);
  }
});

test("a denial of all strangers closes what another statement opens", () => {
  const open = { Effect: "Allow", Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::b/*" };
  const deny = (over: object) => ({
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: ["arn:aws:s3:::b/*"],
    ...over,
  });
  const shared = (it: object) => sharedByPolicy({ Statement: [open, deny(it)] }, undefined);
  assert.deepEqual(shared({ Condition: { StringNotEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } } }), [
    "restricted-public",
  ]);
  assert.deepEqual(shared({ Condition: { NotIpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }), [
    "restricted-public",
  ]);
  assert.deepEqual(shared({ Condition: { Bool: { "aws:SecureTransport": "false" } } }), ["public"]);
  assert.deepEqual(shared({ Action: "s3:PutObject" }), ["public"]);
  assert.deepEqual(shared({ Resource: "arn:aws:s3:::b/secret/*" }), ["public"]);
});

test("the folder that is opened: all that is named, cut at whole segments", () => {
  const folder = (...keys: readonly string[]) =>
    folderOpened(
      policy({ Principal: "*", Resource: keys.map((it) => `arn:aws:s3:::acme.models/${it}`) }),
      "acme.models",
      undefined,
    );
  assert.equal(folder("*"), "");
  assert.equal(folder("docs/*"), "docs");
  assert.equal(folder("acme-13b/v2/*", "acme-13b/v1/model.safetensors"), "acme-13b");
  assert.equal(folder("docs/*", "acme-13b/*"), "");
  assert.equal(folder("acme-1?b/*"), "");
  assert.equal(folder("acme-13b/config.json"), "acme-13b/config.json");
  assert.equal(folderOpened(policy({ Principal: "*", Resource: "*" }), "acme.models", undefined), undefined);
  assert.equal(
    folderOpened(policy({ Principal: { AWS: "111122223333" }, Resource: "arn:aws:s3:::b/*" }), "b", "111122223333"),
    undefined,
  );
});

test("no policy takes long to read, however it is written", () => {
  const long = ":".repeat(60_000);
  const statement = {
    Effect: "Deny",
    Principal: "*",
    Action: "s3:*",
    Resource: long,
    Condition: { IpAddress: { "aws:SourceIp": long } },
  };
  assert.deepEqual(sharedByPolicy({ Statement: [statement, { ...statement, Effect: "Allow" }] }, undefined), [
    "restricted-public",
  ]);
  assert.equal(
    folderOpened(policy({ Principal: "*", Resource: `arn:aws:s3:::b/${"a/".repeat(30_000)}` }), "b", undefined)?.length,
    127,
  );
});
