import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { actionOf, type Action } from "./cloudtrail-actions.ts";
import { activity, bytesOf, essentials, idOf, timeOf } from "./ocsf.ts";
import { rangeOf } from "./range.ts";
import {
  isRecord,
  isShallow,
  maxDepth,
  maxRecordLength,
  parseJson,
  printJson,
  quote,
  skip,
  textAt,
  type Origin,
  type Raw,
  type Source,
} from "./source.ts";

/** Most records in one document: a CloudTrail file of 50 MB holds about 40,000. */
const maxRecords = 100_000;

/** A record, as far as we use it. Everything else stays in `raw_data` and in the raw view. */
const record = z.looseObject({
  eventID: z.string().min(1).max(128).optional(),
  eventTime: z.string(),
  eventSource: z.string().min(1).max(256),
  eventName: z.string().min(1).max(256),
  sourceIPAddress: z.string().max(256).nullish(),
  userAgent: z.string().nullish(),
  errorCode: z.string().nullish(),
  errorMessage: z.string().nullish(),
  recipientAccountId: z.string().nullish(),
  vpcEndpointId: z.string().max(256).nullish(),
  awsRegion: z.string().nullish(),
  requestID: z.string().nullish(),
  userIdentity: z.looseObject({}).nullish(),
  requestParameters: z.unknown().optional(),
  additionalEventData: z.unknown().optional(),
});
export type TrailRecord = z.infer<typeof record>;

export const cloudtrail: Source = {
  id: "cloudtrail",
  title: "AWS CloudTrail",
  cannotSee: [
    "Reads of objects, unless data events are switched on for the buckets that hold models",
    "Which bytes of an object a ranged read took, unless the Range header is in the record: such reads are upper bounds",
    "The making of a presigned link; only its use shows, as the principal that signed it",
    "Bytes of layers pulled from ECR, calls of SageMaker endpoints, prompts and tokens",
    "What happens in the first minutes: records arrive about 5 minutes late, without a guarantee",
  ],
  requires: [
    "An event selector with eventCategory = Data and resources.type = AWS::S3::Object for the buckets that hold models",
    "Management events of all regions, read and write",
  ],
  logsources: [{ product: "aws", service: "cloudtrail" }],

  read(text, from) {
    if (text.length > maxRecordLength) return { ok: false, reason: `longer than ${maxRecordLength} characters` };
    const parsed = parseJson(text);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    const found = unwrap(parsed.value);
    if (typeof found === "string") return { ok: false, reason: found };
    if (found.length === 0) return skip("a CloudTrail document without records");

    const events: OcsfEvent[] = [];
    const raw: Raw[] = [];
    const refused: string[] = [];
    for (const it of found) {
      const own = found.length === 1 && it === parsed.value ? text : printJson(it);
      const read = own === undefined ? { reason: tooDeep } : readOne(it, from, own);
      if ("reason" in read) refused.push(read.reason);
      else {
        events.push(read.event);
        raw.push(read.raw);
      }
    }
    const [only] = refused;
    if (found.length === 1 && only !== undefined) return { ok: false, reason: only };
    return { ok: true, events, raw, ...(refused.length > 0 && { refused }) };
  },
};

const tooDeep = `record: nested deeper than ${maxDepth}`;

function readOne(it: unknown, from: Origin, text: string): { event: OcsfEvent; raw: Raw } | { reason: string } {
  const inner = unwrapOne(it);
  if (typeof inner === "string") return { reason: inner };
  const read = record.safeParse(inner);
  if (!read.success) return { reason: problem(read.error) };
  if (!isShallow(read.data.requestParameters) || !isShallow(read.data.additionalEventData)) return { reason: tooDeep };
  const time = timeOf(read.data.eventTime);
  if (time === undefined) return { reason: `eventTime: not a time: ${quote(read.data.eventTime)}` };
  return { event: toEvent(read.data, time, from, text), raw: read.data };
}

function problem(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join(".") || "record"}: ${issue?.message ?? "not a CloudTrail record"}`;
}

/** The records of a delivered file, an EventBridge message, an answer of LookupEvents, or one record alone; else why there are none. */
function unwrap(value: unknown): readonly unknown[] | string {
  if (!isRecord(value)) return "not a JSON object";
  const list = value.Records ?? value.Events;
  if (!Array.isArray(list)) return [value];
  return list.length <= maxRecords ? list : `${list.length} records in one document, at most ${maxRecords} are read`;
}

function unwrapOne(value: unknown): Raw | string {
  if (!isRecord(value)) return "not a JSON object";
  if (typeof value.CloudTrailEvent === "string") {
    const inner = parseJson(value.CloudTrailEvent);
    if ("reason" in inner) return `CloudTrailEvent: ${inner.reason}`;
    return isRecord(inner.value) ? inner.value : "CloudTrailEvent: not a JSON object";
  }
  if (isRecord(value.detail) && "detail-type" in value) return value.detail;
  return value;
}

function toEvent(it: TrailRecord, time: number, from: Origin, raw: string): OcsfEvent {
  const identity = identityOf(it);
  const action = actionOf(it);
  const bytes =
    action.operation === "download" ? bytesOf(fieldOf(it.additionalEventData, "bytesTransferredOut")) : undefined;
  const range = action.range === undefined ? undefined : rangeOf(action.range, bytes);
  const address = it.sourceIPAddress ?? undefined;
  return {
    ...essentials({
      // Prefixed, so that one source cannot take an id of another and make its events look like repeats.
      id: it.eventID === undefined ? idOf("cloudtrail", raw) : `cloudtrail:${it.eventID}`,
      from,
      time,
      activity: action.activity,
      product: "CloudTrail",
      principal: identity.principal,
      uid: it.eventID,
      originalTime: it.eventTime,
      raw,
    }),
    ...(it.errorCode ? { status_id: 2, status_code: it.errorCode } : { status_id: 1 }),
    operation: action.operation,
    ...(action.artifact !== undefined && { artifact: action.artifact }),
    ...(identity.credential !== undefined && { credential: identity.credential }),
    ...(bytes !== undefined && { bytes }),
    ...(range && { range }),
    actor: identity.actor,
    api: {
      operation: it.eventName,
      service: { name: it.eventSource },
      ...(it.requestID ? { request: { uid: it.requestID } } : {}),
    },
    src_endpoint: endpointOf(address),
    ...(it.userAgent ? { http_request: { user_agent: it.userAgent } } : {}),
    cloud: {
      provider: "AWS",
      ...(it.awsRegion ? { region: it.awsRegion } : {}),
      ...(it.recipientAccountId ? { account: { uid: it.recipientAccountId } } : {}),
    },
    ...objectOf(action),
    ...(action.activity[0] === activity.logon[0] && {
      user: { uid: identity.principal },
      service: { name: it.eventSource },
    }),
    unmapped: {
      requestParameters: it.requestParameters ?? null,
      additionalEventData: it.additionalEventData ?? null,
      ...(it.vpcEndpointId ? { vpc_endpoint: it.vpcEndpointId } : {}),
      ...action.extra,
    },
  };
}

/** The object that the event's OCSF class requires. */
function objectOf({ activity: [classUid], artifact, bucket }: Action): object {
  if (classUid === activity.datastoreRead[0]) {
    return { databucket: { name: bucket ?? artifact ?? "unknown", type_id: 1, ...(artifact && { uid: artifact }) } };
  }
  return {};
}

function endpointOf(address: string | undefined): object {
  if (address === undefined) return { svc_name: "unknown" };
  const plain = plainAddress(address);
  return /^[\d.]+$|:/.test(plain) ? { ip: plain } : { svc_name: plain };
}

function fieldOf(from: unknown, field: string): unknown {
  return isRecord(from) ? from[field] : undefined;
}

/**
 * Who CloudTrail vouches for: a role by the role's own ARN, so that its sessions are one principal; a user by ARN;
 * a service by its name; a caller without credentials as `anonymous@<address>`.
 */
function identityOf(it: TrailRecord): { principal: string; credential: string | undefined; actor: object } {
  const identity = it.userIdentity ?? {};
  const type = textAt(identity, "type");
  const arn = textAt(identity, "arn");
  const context = fieldOf(identity, "sessionContext");
  const issuer = textAt(fieldOf(context, "sessionIssuer"), "arn");
  const service = textAt(identity, "invokedBy");
  const credential = textAt(identity, "accessKeyId");
  // `anonymous` for some services, `ANONYMOUS_PRINCIPAL` for reads of open buckets.
  const anonymous = /^anonymous(_principal)?$/i.test(textAt(identity, "accountId") ?? "");
  const named =
    (type === "AssumedRole" ? issuer : undefined) ??
    arn ??
    (type === "AWSService" ? service : undefined) ??
    textAt(fieldOf(identity, "onBehalfOf"), "userId") ??
    textAt(identity, "principalId") ??
    textAt(identity, "userName") ??
    (type === "AWSAccount" ? textAt(identity, "accountId") : undefined) ??
    service;
  const principal =
    anonymous || named === undefined ? `anonymous@${plainAddress(it.sourceIPAddress ?? "unknown")}` : named;
  return {
    principal,
    credential,
    actor: {
      user: {
        uid: arn ?? principal,
        ...(type !== undefined && { type }),
        ...(textAt(identity, "userName") !== undefined && { name: textAt(identity, "userName") }),
        ...(credential !== undefined && { credential_uid: credential }),
      },
      ...(service !== undefined && { invoked_by: service }),
      ...(type === "AssumedRole" && arn !== undefined && { session: { uid: arn, ...(issuer && { issuer }) } }),
    },
  };
}
