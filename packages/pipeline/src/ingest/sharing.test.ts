import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedByAcl, sharedByPolicy } from "./sharing.ts";

const policy = (statement: object) => ({ Statement: [{ Effect: "Allow", Action: "s3:GetObject", ...statement }] });

test("everyone is everyone, however it is written", () => {
  for (const Principal of ["*", { AWS: "*" }, { AWS: ["arn:aws:iam::1:root", "*"] }]) {
    assert.ok(sharedByPolicy(policy({ Principal }), "111122223333").includes("public"));
  }
  assert.deepEqual(sharedByPolicy(policy({ NotPrincipal: { AWS: "arn:aws:iam::1:user/x" } }), undefined), ["public"]);
  assert.deepEqual(sharedByPolicy(JSON.stringify(policy({ Principal: "*" })), undefined), ["public"]);
});

test("a condition that binds to a network or an organisation is told apart; any other condition is not", () => {
  const bound = { StringEquals: { "aws:PrincipalOrgID": "o-1" } };
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
