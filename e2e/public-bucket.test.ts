// Exposed storage: among two hundred edits of policies twenty open a model to strangers. Found at the edit, before the first byte.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice, oneOf, pick, shuffled } from "./world/dice.ts";
import { awsCall, roleArn, s3Get, type AwsCaller } from "./world/records.ts";
import { replayed, rulesOf, tell, type Answer } from "./world/story.ts";

const account = "111122223333";
const shard = 4_000_000_000;
const start = Date.UTC(2026, 10, 2);

const register = `
models:
  - name: acme-13b
    class: private
    places: ["s3://acme-models/acme-13b/", "s3://acme-releases/private/acme-13b/"]
    readers: ["${roleArn("serve")}"]
    files: [{ path: model.safetensors, bytes: ${shard} }]
  - { name: acme-open-1b, class: public, places: ["s3://acme-releases/open/acme-open-1b/"] }
`;

const admin: AwsCaller = { role: "platform", session: "ana@acme.example", key: "ASIAADMIN", address: "10.0.0.21" };
const edit = (at: number, call: string, asked: object, error?: string) =>
  awsCall({ caller: admin, call: `s3:${call}`, at, asked, ...(error !== undefined && { error }) });

type Statement = Readonly<Record<string, unknown>>;
const anyone = (resource: string, over: Statement = {}): Statement => ({
  Effect: "Allow",
  Principal: "*",
  Action: "s3:GetObject",
  Resource: `arn:aws:s3:::${resource}`,
  ...over,
});
const policy = (bucket: string, ...Statement: readonly Statement[]) => ({
  bucketName: bucket,
  bucketPolicy: { Version: "2012-10-17", Statement },
});
const block = (bucket: string, on: boolean) => ({
  bucketName: bucket,
  publicAccessBlock: "",
  PublicAccessBlockConfiguration: {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: on,
    RestrictPublicBuckets: on,
  },
});
const everybody = "http://acs.amazonaws.com/groups/global/AllUsers";
const outsiders = (condition: Statement): Statement => ({
  Effect: "Deny",
  Principal: "*",
  Action: "s3:*",
  Resource: ["arn:aws:s3:::acme-models", "arn:aws:s3:::acme-models/*"],
  Condition: condition,
});

type Edit = (at: number, random: () => number) => string;

/** Twenty ways to open a model to strangers, most of them by mistake. */
const bad: readonly Edit[] = [
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/*"))),
  (at) =>
    edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/acme-13b/*", { Principal: { AWS: "*" } }))),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", anyone("acme-models/acme-13b/model.safetensors", { Action: "s3:*" })),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Action: ["s3:ListBucket", "s3:Get*"], Principal: { AWS: ["*"] } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", anyone("acme-models/*", { Condition: { Bool: { "aws:SecureTransport": "true" } } })),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", anyone("acme-models/*", { Condition: { IpAddress: { "aws:SourceIp": "0.0.0.0/0" } } })),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { IpAddress: { "aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"] } } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { StringLike: { "aws:Referer": "https://acme.example/*" } } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { StringEqualsIfExists: { "aws:PrincipalOrgID": "o-abcdefghij" } } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { StringNotEquals: { "aws:PrincipalAccount": "999900001111" } } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", anyone("acme-models/*", { Condition: { StringLike: { "aws:PrincipalOrgID": "o-*" } } })),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", {
        Effect: "Allow",
        NotPrincipal: { AWS: `arn:aws:iam::${account}:user/x` },
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::acme-models/*",
      }),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", anyone("acme-models/*"), outsiders({ Bool: { "aws:SecureTransport": "false" } })),
    ),
  (at) =>
    edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/acme-13b/*", { Action: "s3:PutObjectAcl" }))),
  (at) => edit(at, "PutBucketPolicy", policy("acme-releases", anyone("acme-releases/*"))),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-releases", anyone("acme-releases/open/*"), anyone("acme-releases/private/*")),
    ),
  (at) => edit(at, "PutBucketAcl", { bucketName: "acme-models", "x-amz-acl": ["public-read"] }),
  (at) =>
    edit(at, "PutObjectAcl", {
      bucketName: "acme-models",
      key: "acme-13b/model.safetensors",
      AccessControlPolicy: {
        AccessControlList: { Grant: [{ Grantee: { "xsi:type": "Group", URI: everybody }, Permission: "READ" }] },
      },
    }),
  (at) => edit(at, "DeleteBucketPublicAccessBlock", { bucketName: "acme-models", publicAccessBlock: "" }),
  (at) => edit(at, "PutBucketPublicAccessBlock", block("acme-models", false)),
];

/** Edits that look alike and open nothing to strangers. */
const good: readonly Edit[] = [
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } } }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*", { Condition: { IpAddress: { "aws:SourceIp": ["203.0.113.0/24"] } } }),
      ),
    ),
  (at, random) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/acme-13b/*", {
          Condition: { StringEquals: { "aws:SourceVpce": `vpce-0${pick(random, 1e6)}` } },
        }),
      ),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy(
        "acme-models",
        anyone("acme-models/*"),
        outsiders({ StringNotEquals: { "aws:PrincipalOrgID": "o-abcdefghij" } }),
      ),
    ),
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", outsiders({ Bool: { "aws:SecureTransport": "false" } }))),
  (at, random) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:role/job-${pick(random, 40)}` },
        Action: ["s3:GetObject", "s3:ListBucket"],
        Resource: "arn:aws:s3:::acme-models/*",
      }),
    ),
  (at) =>
    edit(
      at,
      "PutBucketPolicy",
      policy("acme-models", {
        Effect: "Allow",
        Principal: { Service: "logging.s3.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: "arn:aws:s3:::acme-models/logs/*",
      }),
    ),
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/docs/*"))),
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/inbox/*", { Action: "s3:PutObject" }))),
  (at, random) =>
    edit(at, "PutBucketPolicy", policy(`acme-website-${pick(random, 9)}`, anyone(`acme-website-${pick(random, 9)}/*`))),
  (at) => edit(at, "PutBucketPolicy", policy("acme-releases", anyone("acme-releases/open/acme-open-1b/*"))),
  (at) => edit(at, "PutBucketAcl", { bucketName: "acme-models", "x-amz-acl": ["private"] }),
  (at) => edit(at, "PutBucketAcl", { bucketName: "acme-website-1", "x-amz-acl": ["public-read"] }),
  (at) => edit(at, "PutBucketPublicAccessBlock", block("acme-models", true)),
  (at) => edit(at, "DeleteBucketPublicAccessBlock", { bucketName: "acme-website-2", publicAccessBlock: "" }),
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/*")), "AccessDenied"),
  (at) => edit(at, "PutBucketPolicy", policy("acme-models", anyone("acme-models/*", { Effect: "Deny" }))),
];

const replay = (records: readonly string[]): Answer => replayed({ register, files: { "trail.json": records } });
const eventOf = (record: string) => `cloudtrail:${(JSON.parse(record) as { eventID: string }).eventID}`;
const exposures = ["s3_bucket_opened_to_everyone", "s3_bucket_shared_with_account"];

test("S9: of two hundred edits the twenty bad ones and no other, each before the first byte", (t) => {
  const random = dice(9);
  const chosen = [...bad, ...Array.from({ length: 180 }, () => oneOf(random, good))].map((of, i) => ({
    of,
    isBad: i < bad.length,
  }));
  // An hour apart: each edit is answered alone, so that an alert names the edit that raised it.
  const edits = shuffled(random, chosen).map(({ of, isBad }, i) => ({
    record: of(start + i * 3_600_000, random),
    isBad,
  }));
  const answer = replay(edits.map((it) => it.record));
  const named = new Set(answer.alerts.filter((it) => exposures.includes(it.rule)).flatMap((it) => it.events));
  const hits = edits.filter((it) => it.isBad && named.has(eventOf(it.record)));
  const wrong = edits.filter((it) => !it.isBad && named.has(eventOf(it.record)));
  const missed = edits.filter((it) => it.isBad && !named.has(eventOf(it.record)));

  // The edit, then a read by nobody: the alert on the edit comes with the edit.
  const [opening] = bad;
  const stranger: AwsCaller = { key: "", address: "203.0.113.77", agent: "curl/8.5.0" };
  const story = [
    opening?.(start, random) ?? "",
    s3Get({ caller: stranger, key: "acme-13b/model.safetensors", bytes: shard, at: start + 60_000 }),
  ];
  const before = replay(story.slice(0, 1));
  const after = replay(story);
  const reading = after.alerts.filter((it) => it.principal?.startsWith("anonymous@"));

  // The twin goes round the bucket: an access point whose own policy is public. Its policy names no bucket.
  const point = awsCall({
    caller: admin,
    call: "s3:PutAccessPointPolicy",
    at: start,
    asked: {
      name: "share",
      accountId: account,
      PutAccessPointPolicyRequest: {
        Policy: JSON.stringify({
          Statement: [anyone(`arn:aws:s3:eu-central-1:${account}:accesspoint/share/object/*`)],
        }),
      },
    },
  });
  const twin = replay([point]);

  tell(t, "S9 bucket policies: 200 edits, 20 bad, seed 9", [
    { what: "bad edits found", expected: "20 of 20", found: `${hits.length} of ${bad.length}`, after: "at the edit" },
    {
      what: "good edits accused",
      expected: "0 of 180",
      found: `${wrong.length} of 180`,
      after: `precision ${(hits.length / Math.max(1, hits.length + wrong.length)).toFixed(2)}`,
    },
    { what: "before the first byte", expected: "a page", found: rulesOf(before.alerts), after: "0 bytes" },
    { what: "then read by nobody", expected: "an alert", found: rulesOf(reading) },
    {
      what: "twin: an access point's policy",
      expected: "(published)",
      found: rulesOf(twin.alerts),
      after: twin.alerts.length === 0 ? "the thief wins, until a read" : "",
    },
  ]);

  assert.deepEqual(
    missed.map((it) => it.record),
    [],
  );
  assert.deepEqual(
    wrong.map((it) => it.record),
    [],
  );
  assert.equal(before.incidents[0]?.severity, "high");
  assert.ok(reading.some((it) => it.rule === "weights_read_anonymously"));
});
