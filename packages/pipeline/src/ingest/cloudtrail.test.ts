import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { event as eventSchema, type OcsfEvent } from "@outweigh/schema";
import { cloudtrail } from "./cloudtrail.ts";

const from = { source: "cloudtrail", file: "trail.json", offset: 0 };
const around = { trusts: () => false };
const read = (value: unknown) => cloudtrail.read(JSON.stringify(value), from, around);

const record = (over: object = {}) => ({
  eventID: "77aa",
  eventTime: "2026-03-02T09:15:00Z",
  eventSource: "s3.amazonaws.com",
  eventName: "GetObject",
  sourceIPAddress: "203.0.113.9",
  userAgent: "curl/8.5.0",
  userIdentity: {
    type: "AssumedRole",
    arn: "arn:aws:sts::1112:assumed-role/serve/i-0abc12",
    accessKeyId: "ASIAX",
    sessionContext: { sessionIssuer: { arn: "arn:aws:iam::1112:role/serve" } },
  },
  requestParameters: { bucketName: "models", key: "ft/model.safetensors" },
  additionalEventData: { bytesTransferredOut: 4.9e9 },
  ...over,
});

function only(value: unknown): OcsfEvent {
  const it = read(value);
  assert.ok(it.ok, it.ok ? "" : it.reason);
  const [first] = it.events;
  assert.ok(first);
  return eventSchema.parse(first);
}

test("a read of an object names role, key, object, bytes and time", () => {
  const it = only(record());
  assert.equal(it.id, "cloudtrail:77aa");
  assert.equal(it.principal, "arn:aws:iam::1112:role/serve");
  assert.equal(it.credential, "ASIAX");
  assert.equal(it.artifact, "s3://models/ft/model.safetensors");
  assert.equal(it.bytes, 4_900_000_000);
  assert.equal(it.time, Date.UTC(2026, 2, 2, 9, 15));
  assert.deepEqual([it.class_uid, it.activity_id, it.type_uid, it.status_id], [6005, 1, 600501, 1]);
  assert.equal(it.range, undefined);
});

test("the Range header, where the record has it, says which bytes", () => {
  const it = only(
    record({
      requestParameters: { bucketName: "models", key: "m.bin", Range: "bytes=100-199" },
      additionalEventData: { bytesTransferredOut: 100 },
    }),
  );
  assert.deepEqual(it.range, { start: 100, end: 200 });
});

test("reads delivered files, EventBridge's messages and LookupEvents' strings alike", () => {
  const shapes = [
    { Records: [record()] },
    { version: "0", "detail-type": "AWS API Call via CloudTrail", source: "aws.s3", detail: record() },
    { EventId: "x", CloudTrailEvent: JSON.stringify(record()) },
    { Events: [{ EventId: "x", CloudTrailEvent: JSON.stringify(record()) }] },
  ];
  for (const it of shapes) assert.equal(only(it).artifact, "s3://models/ft/model.safetensors");
});

test("a refused call is an attempt, not a read", () => {
  const it = only(record({ errorCode: "AccessDenied" }));
  assert.deepEqual([it.status_id, it.status_code], [2, "AccessDenied"]);
});

test("who did it: a user, a service, the root, nobody", () => {
  const who = (userIdentity: object) => only(record({ userIdentity })).principal;
  assert.equal(who({ type: "IAMUser", arn: "arn:aws:iam::1:user/ana", userName: "ana" }), "arn:aws:iam::1:user/ana");
  assert.equal(who({ type: "AWSService", invokedBy: "ecs.amazonaws.com" }), "ecs.amazonaws.com");
  assert.equal(who({ type: "AWSAccount", principalId: "", accountId: "anonymous" }), "anonymous@203.0.113.9");
  assert.equal(who({ type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" }), "anonymous@203.0.113.9");
  assert.equal(who({}), "anonymous@203.0.113.9");
});

test("keys and users that are taken away, and those that come back, are named", () => {
  const iam = (eventName: string, requestParameters: object) => {
    const it = only(
      record({ eventSource: "iam.amazonaws.com", eventName, requestParameters, recipientAccountId: "111122223333" }),
    );
    const { retired, subject } = it.unmapped as { retired?: string; subject?: string };
    return [it.operation, retired ?? subject];
  };
  assert.deepEqual(iam("DeleteAccessKey", { userName: "ana", accessKeyId: "AKIA1" }), ["retire-key", "AKIA1"]);
  assert.deepEqual(iam("UpdateAccessKey", { accessKeyId: "AKIA1", status: "Inactive" }), ["retire-key", "AKIA1"]);
  assert.deepEqual(iam("UpdateAccessKey", { accessKeyId: "AKIA1", status: "Active" }), ["reinstate", "AKIA1"]);
  assert.deepEqual(iam("DeleteUser", { userName: "ana" }), ["offboard", "arn:aws:iam::111122223333:user/ana"]);
  assert.deepEqual(iam("CreateUser", { userName: "ana" }), ["reinstate", "arn:aws:iam::111122223333:user/ana"]);
});

test("an endpoint of a private network is told, where the call came through one", () => {
  assert.equal(
    (only(record({ vpcEndpointId: "vpce-0abc" })).unmapped as { vpc_endpoint?: string }).vpc_endpoint,
    "vpce-0abc",
  );
});

test("addresses that are none, and zero-padded ones, are neither rejects nor other addresses", () => {
  assert.deepEqual(only(record({ sourceIPAddress: "AWS Internal" })).src_endpoint, { svc_name: "AWS Internal" });
  assert.deepEqual(only(record({ sourceIPAddress: "035.249.1.2" })).src_endpoint, { ip: "35.249.1.2" });
});

test("a copy inside S3 is of its source, and says where it went", () => {
  const it = only(
    record({
      eventName: "CopyObject",
      requestParameters: {
        bucketName: "scratch",
        key: "h.bin",
        "x-amz-copy-source": "/models/ft%2Fmodel.safetensors?versionId=3",
      },
    }),
  );
  assert.equal(it.artifact, "s3://models/ft/model.safetensors");
  assert.equal(it.operation, "copy");
  assert.equal((it.unmapped as { copied_to?: string }).copied_to, "s3://scratch/h.bin");
});

test("one bad record of a document is refused with its reason, the others are read", () => {
  const it = read({ Records: [record(), record({ eventTime: "yesterday" }), 7] });
  assert.ok(it.ok);
  assert.equal(it.events.length, 1);
  assert.equal(it.refused?.length, 2);
  assert.match(it.refused?.[0] ?? "", /^eventTime: not a time: "yesterday"$/);
});

test("says what is wrong with a record it can't use", () => {
  const reason = (value: unknown) => {
    const it = read(value);
    return it.ok ? "" : it.reason;
  };
  assert.match(reason(record({ eventName: 7 })), /^eventName: /);
  assert.match(reason(record({ eventTime: "0001-01-01T00:00:00Z" })), /^eventTime/);
  assert.match(reason([]), /not a JSON object/);
  assert.match(reason({ CloudTrailEvent: "{" }), /^CloudTrailEvent: not JSON/);
});

test("a value that says how it is to be written is not asked", () => {
  const hostile = { toString: 0 };
  for (const asked of [
    { "x-amz-acl": hostile },
    { "x-amz-grant-read": hostile },
    { AccessControlPolicy: { AccessControlList: { Grant: { Grantee: { URI: hostile } } } } },
  ])
    assert.ok(read(record({ eventName: "PutBucketAcl", requestParameters: { bucketName: "models", ...asked } })).ok);
});

test("never throws, and every event it gives is one", () => {
  const any = (text: string) => {
    const it = cloudtrail.read(text, from, around);
    if (it.ok) for (const event of it.events) eventSchema.parse(event);
  };
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), any));
  const fields = [...Object.keys(record()), "errorCode", "recipientAccountId"];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...fields), fc.jsonValue()), (over) => any(JSON.stringify(record(over)))),
  );
  const names = [
    "PutBucketPolicy",
    "PutBucketAcl",
    "PutBucketReplication",
    "CopyObject",
    "PutAccountPublicAccessBlock",
  ];
  const keys = [
    "bucketPolicy",
    "AccessControlPolicy",
    "ReplicationConfiguration",
    "x-amz-acl",
    "x-amz-copy-source",
    "PublicAccessBlockConfiguration",
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...keys), fc.jsonValue()),
      (eventName, asked) =>
        any(JSON.stringify(record({ eventName, requestParameters: { bucketName: "models", ...asked } }))),
    ),
  );
});
