import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { decodeOnce, looksLikeWeights, s3Address } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { joined } from "./json-records.ts";
import { isNotification, readNotification } from "./minio-notification.ts";
import { activity, bytesOf, essentials, fileObject, idOf, timeOf } from "./ocsf.ts";
import { rangeOf } from "./range.ts";
import { withoutSignatures } from "./s3-common.ts";
import { isRecord, isShallow, maxDepth, parseJson, quote, skip, textAt, type Origin, type Source } from "./source.ts";

/** Longest entry we read, in UTF-16 units: MinIO puts all headers of a request into it. */
const maxEntryLength = 1024 * 1024;

/** Most notifications of one document: MinIO sends one. */
const maxNotifications = 1000;

/** One entry, as far as we use it (minio/pkg, `logger/message/audit`). Old servers lack `accessKey`, `rx`, `tx`. */
const entry = z.looseObject({
  time: z.string(),
  deploymentid: z.string().optional(),
  api: z.looseObject({
    name: z.string().max(128).optional(),
    bucket: z.string().max(256).optional(),
    object: z.string().max(4096).optional(),
    status: z.string().optional(),
    statusCode: z.int().min(100).max(599).optional(),
    tx: z.unknown().optional(),
  }),
  remotehost: z.string().max(256).optional(),
  requestID: z.string().max(256).optional(),
  userAgent: z.string().optional(),
  accessKey: z.string().max(512).optional(),
  parentUser: z.string().max(512).optional(),
  requestQuery: z.unknown().optional(),
  requestHeader: z.unknown().optional(),
  error: z.unknown().optional(),
});
type Entry = z.infer<typeof entry>;

export const minio: Source = {
  id: "minio",
  title: "MinIO audit log and bucket notifications",
  cannotSee: [
    "Anything while no audit webhook is configured: MinIO is silent by default",
    "Who used a presigned link; the entry names whose key signed it",
    "Entries that were lost while the receiver was down and the server's queue was full",
    "How many bytes a read took, and the account behind a service account's key, where only bucket notifications are sent",
    "Reads of the disks below MinIO",
  ],
  requires: [
    "audit_webhook with an endpoint here, and queue_dir so that entries survive a restart",
    "A key of its own for each reader: a shared root key names nobody",
  ],
  logsources: [{ product: "minio", service: "audit" }],

  read(record, from) {
    if (record.length > maxEntryLength) return { ok: false, reason: `longer than ${maxEntryLength} characters` };
    const parsed = parseJson(record);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    if (!isShallow(parsed.value)) return { ok: false, reason: `entry: nested deeper than ${maxDepth}` };
    // Some set-ups ask with it whether we are there.
    if (isRecord(parsed.value) && Object.keys(parsed.value).length === 0) return skip("an empty object");
    // A notification comes in an envelope; the splitter may have opened it.
    const told = isRecord(parsed.value) ? (parsed.value.Records ?? [parsed.value]) : [];
    const notifications = Array.isArray(told) ? told.filter((it) => isRecord(it) && isNotification(it)) : [];
    if (notifications.length > maxNotifications)
      return { ok: false, reason: `${notifications.length} notifications, at most ${maxNotifications} are read` };
    if (notifications.length > 0) return joined(notifications.map((it) => readNotification(it, from)));
    const read = entry.safeParse(parsed.value);
    if (!read.success) {
      const [issue] = read.error.issues;
      return { ok: false, reason: `${issue?.path.join(".") || "entry"}: ${issue?.message ?? "not an audit entry"}` };
    }
    const time = timeOf(read.data.time);
    if (time === undefined) return { ok: false, reason: `time: not a time: ${quote(read.data.time)}` };
    if (read.data.api.name === undefined) return skip("an entry of the server itself, which no request caused");
    return { ok: true, events: [toEvent(read.data, time, record, from)], raw: [read.data] };
  },
};

function toEvent(it: Entry, time: number, record: string, from: Origin): OcsfEvent {
  const { api } = it;
  const { operation, as } = meaningOf(api.name ?? "", api.statusCode);
  const address = it.remotehost === undefined ? undefined : plainAddress(withoutPort(it.remotehost));
  const credential = it.accessKey || keyOf(it);
  const principal = principalOf(it.parentUser || credential, address);
  const failed = (api.statusCode ?? 200) >= 400;
  const source = operation === "copy" ? sourceOf(it) : { bucket: api.bucket, object: api.object };
  const bytes = operation === "download" && !failed ? bytesOf(api.tx) : undefined;
  const artifact = source.bucket ? s3Address(source.bucket, source.object) : undefined;
  return {
    ...essentials({
      id: idOf("minio", from.source, record),
      from,
      time,
      activity: as,
      product: "MinIO",
      principal,
      uid: it.requestID,
      originalTime: it.time,
      raw: withoutSignatures(record),
    }),
    ...(api.statusCode !== undefined && { status_id: failed ? 2 : 1, status_code: api.status ?? `${api.statusCode}` }),
    operation,
    ...(artifact !== undefined && { artifact }),
    ...(source.object && { weights: looksLikeWeights(source.object) }),
    ...(credential && { credential }),
    ...(bytes !== undefined && { bytes }),
    ...sent(it, bytes),
    actor: { user: { uid: principal, ...(credential && { credential_uid: credential }) } },
    src_endpoint: address === undefined ? { svc_name: "unknown" } : { ip: address },
    databucket: {
      name: source.bucket || "all",
      type_id: 99,
      type: "MinIO",
      ...(artifact && { uid: artifact }),
      ...(source.object && { file: fileObject(source.object) }),
    },
    http_request: {
      ...(it.userAgent && { user_agent: it.userAgent }),
      ...(it.requestID && { uid: it.requestID }),
    },
    ...(api.statusCode !== undefined && { http_response: { code: api.statusCode } }),
    api: { operation: api.name, service: { name: "minio" } },
    unmapped: {
      presigned:
        textAt(it.requestQuery, "X-Amz-Signature") !== undefined || textAt(it.requestQuery, "Signature") !== undefined,
      ...(it.deploymentid !== undefined && { deployment: it.deploymentid }),
      ...(operation === "copy" && api.bucket && { copied_to: s3Address(api.bucket, api.object) }),
    },
  };
}

/** A whole answer starts at byte 0; a partial one holds what its Range asked for, where the entry has the header. */
function sent(it: Entry, bytes: number | undefined): { range?: { start: number; end: number } } {
  if (bytes === undefined) return {};
  if (it.api.statusCode === 200) return { range: { start: 0, end: bytes } };
  const asked = textAt(it.requestHeader, "Range");
  const range = asked === undefined ? undefined : rangeOf(asked, bytes);
  return range ? { range } : {};
}

function principalOf(name: string | undefined, address: string | undefined): string {
  if (!name) return `anonymous@${address ?? "unknown"}`;
  return name.startsWith("anonymous@") ? `user:${name}` : name;
}

/** The key's id, which old servers write only where the client put it: in the header or the address. */
function keyOf({ requestHeader, requestQuery }: Entry): string | undefined {
  const header = /\bCredential=([^/,\s]{1,256})\//.exec(textAt(requestHeader, "Authorization") ?? "")?.[1];
  const query = /^([^/]{1,256})\//.exec(textAt(requestQuery, "X-Amz-Credential") ?? "")?.[1];
  return header ?? query ?? textAt(requestQuery, "AWSAccessKeyId");
}

/** Of a copy the entry names the target; the object whose bytes are taken stands in a header. */
function sourceOf({ requestHeader }: Entry): { bucket?: string | undefined; object?: string | undefined } {
  const text = isRecord(requestHeader) ? textAt(requestHeader, "X-Amz-Copy-Source") : undefined;
  const path = decodeOnce((text ?? "").replace(/\?versionId=.*$/, "")).replace(/^\//, "");
  const slash = path.indexOf("/");
  return slash < 1 ? {} : { bucket: path.slice(0, slash), object: path.slice(slash + 1) };
}

function withoutPort(host: string): string {
  const [, inner] = /^\[([^\]]+)\](?::\d+)?$/.exec(host) ?? [];
  return inner ?? (/^[^:]+:\d{1,5}$/.test(host) ? host.slice(0, host.indexOf(":")) : host);
}

interface Meaning {
  readonly operation: string;
  readonly as: readonly [number, number];
}

function meaningOf(name: string, status: number | undefined): Meaning {
  const known = meanings.get(name);
  if (known) return known.operation === "download" && status === 304 ? { ...known, operation: "stat" } : known;
  if (name.startsWith("Delete")) return { operation: "delete", as: activity.datastoreDelete };
  return { operation: "request", as: [6005, 99] };
}

const read = activity.datastoreRead;
const write = activity.datastoreWrite;

/** MinIO's names of requests (`cmd/api-router.go`). */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["GetObject", { operation: "download", as: read }],
  ["GetObjectLambda", { operation: "download", as: read }],
  ["SelectObjectContent", { operation: "download", as: read }],
  ["HeadObject", { operation: "stat", as: read }],
  ["GetObjectAttributes", { operation: "stat", as: read }],
  ["CopyObject", { operation: "copy", as: read }],
  ["CopyObjectPart", { operation: "copy", as: read }],
  ["PutObject", { operation: "upload", as: write }],
  ["PutObjectPart", { operation: "upload", as: write }],
  ["CompleteMultipartUpload", { operation: "upload", as: write }],
  ["PostPolicyBucket", { operation: "upload", as: write }],
  ["ListBuckets", { operation: "catalog", as: activity.datastoreList }],
  ["ListObjectsV1", { operation: "list", as: activity.datastoreList }],
  ["ListObjectsV2", { operation: "list", as: activity.datastoreList }],
  ["ListObjectsV2M", { operation: "list", as: activity.datastoreList }],
  ["ListObjectVersions", { operation: "list", as: activity.datastoreList }],
]);
