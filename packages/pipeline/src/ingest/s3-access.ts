import type { OcsfEvent } from "@outweigh/schema";
import { decodeOnce, looksLikeWeights, s3Address } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { activity, bytesOf, essentials, fileObject, idOf } from "./ocsf.ts";
import { clfTime, withoutSignatures } from "./s3-common.ts";
import { quote, skip, type Origin, type Source } from "./source.ts";

/** Longest line we read, in UTF-16 units: keys have at most 1024 bytes, heads of requests a few thousand. */
const maxLineLength = 64 * 1024;
/** Fields of the oldest form we know, and most we look at: AWS adds new ones at the end. */
const minFields = 18;
const maxFields = 40;

/** One line of the log, by the names that AWS gives its fields. `-` is absent. */
interface Access {
  readonly bucket: string;
  readonly time: number;
  readonly originalTime: string;
  readonly address: string | undefined;
  readonly requester: string | undefined;
  readonly requestId: string | undefined;
  readonly operation: string;
  readonly key: string | undefined;
  readonly uri: string | undefined;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly bytes: number | undefined;
  readonly size: number | undefined;
  readonly agent: string | undefined;
  /** Absent in lines from before 2019. */
  readonly auth: string | undefined;
  readonly host: string | undefined;
}

export const s3Access: Source = {
  id: "s3-access",
  title: "Amazon S3 server access log",
  cannotSee: [
    "Requests that AWS did not log: delivery is best effort, lines come hours late and some never",
    "Which bytes a partial answer held: the log has no Range, so such reads are upper bounds",
    "Who used a presigned link; the line names who signed it",
    "The path of a role, which its session's ARN lacks: a role with a path has another name in CloudTrail",
    "What a policy says that was put on the bucket",
  ],
  requires: [
    "Server access logging of each bucket that holds models, into another bucket",
    "A key prefix of its own for each source bucket, so that silence of one shows",
  ],
  logsources: [{ product: "aws", service: "s3_access" }],

  read(record, from) {
    if (record.length > maxLineLength) return { ok: false, reason: `longer than ${maxLineLength} characters` };
    const line = record.trim();
    if (line === "") return skip("an empty line");
    const it = accessOf(line);
    if (typeof it === "string") return { ok: false, reason: it };
    return { ok: true, events: [toEvent(it, line, from)], raw: [rawOf(it)] };
  },
};

/** The fields of a line, or why it is none. */
function accessOf(line: string): Access | string {
  const fields = fieldsOf(line);
  if (fields.length < minFields)
    return `not a line of the log: ${fields.length} fields, at least ${minFields} expected`;
  const at = (i: number) => (fields[i] === "-" || fields[i] === "" ? undefined : fields[i]);
  const [bucket, originalTime, operation] = [at(1), at(2), at(6)];
  const time = clfTime(originalTime ?? "");
  if (time === undefined) return `time: not a time: ${quote(originalTime ?? "-")}`;
  if (bucket === undefined) return "bucket: missing";
  if (operation === undefined || !/^[A-Z][A-Za-z0-9]*\.[A-Z0-9_.]+$/.test(operation))
    return `operation: not one of S3: ${quote(operation ?? "-")}`;
  const status = /^[1-5]\d\d$/.test(fields[9] ?? "") ? Number(fields[9]) : undefined;
  return {
    bucket,
    time,
    originalTime: originalTime ?? "",
    address: at(3),
    requester: at(4),
    requestId: at(5),
    operation,
    // S3 percent-encodes the key twice.
    key: at(7) === undefined ? undefined : decodeOnce(decodeOnce(at(7) ?? "")),
    uri: at(8),
    status,
    error: at(10),
    bytes: bytesOf(at(11)),
    size: bytesOf(at(12)),
    agent: at(16),
    auth: at(21),
    host: at(22),
  };
}

/**
 * Fields between blanks; in quotes or brackets with blanks inside. Whatever a client puts into its user agent can move only the
 * fields after it: who, what, status and bytes stand before.
 */
function fieldsOf(line: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at < line.length && fields.length < maxFields) {
    const close = line[at] === '"' ? '"' : line[at] === "[" ? "]" : "";
    const start = close === "" ? at : at + 1;
    const found = close === "" ? line.indexOf(" ", start) : endOfQuoted(line, start, close);
    const end = found < 0 ? line.length : found;
    fields.push(line.slice(start, end));
    at = end + (close === "" ? 1 : 2);
  }
  return fields;
}

/** Where a closing sign stands that is followed by a blank or the end. */
function endOfQuoted(line: string, start: number, close: string): number {
  let end = line.indexOf(close, start);
  while (end >= 0 && end + 1 < line.length && line[end + 1] !== " ") end = line.indexOf(close, end + 1);
  return end;
}

function toEvent(it: Access, line: string, from: Origin): OcsfEvent {
  const { operation, as } = meaningOf(it);
  const ok = it.status === undefined ? undefined : it.status < 400;
  const read = operation === "download" || operation === "copy";
  const bytes = read && ok !== false ? it.bytes : undefined;
  const address = it.address === undefined ? undefined : plainAddress(it.address);
  const principal = principalOf(it.requester, address);
  return {
    ...essentials({
      id: idOf("s3", from.source, line),
      from,
      time: it.time,
      activity: as,
      product: "S3 server access log",
      principal,
      uid: it.requestId,
      originalTime: it.originalTime,
      raw: withoutSignatures(line),
    }),
    ...(ok !== undefined && { status_id: ok ? 1 : 2, status_code: it.error ?? String(it.status) }),
    operation,
    artifact: s3Address(it.bucket, it.key),
    ...(it.key !== undefined && { weights: looksLikeWeights(it.key) }),
    ...(bytes !== undefined && { bytes }),
    ...rangeOf(it, bytes),
    actor: { user: { uid: it.requester ?? principal } },
    src_endpoint: address === undefined ? { svc_name: "unknown" } : { ip: address },
    databucket: {
      name: it.bucket,
      type_id: 1,
      uid: s3Address(it.bucket, it.key),
      ...(it.key !== undefined && { file: fileObject(it.key, { size: it.size }) }),
    },
    http_request: {
      ...(it.agent !== undefined && { user_agent: it.agent }),
      ...(it.uri !== undefined && { http_method: it.uri.split(" ", 1)[0] }),
      ...(it.requestId !== undefined && { uid: it.requestId }),
    },
    ...(it.status !== undefined && { http_response: { code: it.status } }),
    api: { operation: it.operation, service: { name: "s3.amazonaws.com" } },
    cloud: { provider: "AWS" },
    unmapped: { ...(it.auth !== undefined && { auth_type: it.auth }), ...(it.host !== undefined && { host: it.host }) },
  };
}

/** A whole answer starts at byte 0, however soon it broke off; of a partial one only its length is known, unless it was all. */
function rangeOf(it: Access, bytes: number | undefined): { range?: { start: number; end: number } } {
  if (bytes === undefined) return {};
  return it.status === 200 || bytes === it.size ? { range: { start: 0, end: bytes } } : {};
}

/** A role by its own name, so that its sessions are one principal, the same as in CloudTrail; nobody by address. */
function principalOf(requester: string | undefined, address: string | undefined): string {
  if (requester === undefined || requester.startsWith("anonymous@")) return `anonymous@${address ?? "unknown"}`;
  const [, partition, account, role] = /^arn:(aws[\w-]*):sts::(\d*):assumed-role\/([^/]+)\//.exec(requester) ?? [];
  return role === undefined ? requester : `arn:${partition}:iam::${account}:role/${role}`;
}

interface Meaning {
  readonly operation: string;
  readonly as: readonly [number, number];
}

/** What S3's own name of the request means, e.g. `REST.GET.OBJECT`. Copies are reads of the object they take from. */
function meaningOf({ operation, status, key }: Access): Meaning {
  const [, verb = "", ...rest] = operation.split(".");
  const on = rest.join(".");
  if (verb === "COPY") return copyOf(on);
  if (on === "OBJECT" && verb === "GET" && key !== undefined) {
    return { operation: status === 304 ? "stat" : "download", as: activity.datastoreRead };
  }
  if (on === "OBJECT" && verb === "HEAD") return { operation: "stat", as: activity.datastoreRead };
  if (verb === "DELETE" || verb === "EXPIRE") return { operation: "delete", as: activity.datastoreDelete };
  if (["OBJECT", "PART", "UPLOAD", "UPLOADS"].includes(on) && (verb === "PUT" || verb === "POST")) {
    return { operation: "upload", as: activity.datastoreWrite };
  }
  if (verb === "GET" && (on === "BUCKET" || on === "BUCKETVERSIONS"))
    return { operation: "list", as: activity.datastoreList };
  if (verb === "GET" && on === "SERVICE") return { operation: "catalog", as: activity.datastoreList };
  if (on === "OBJECT_TORRENT" && verb === "GET") return { operation: "download", as: activity.datastoreRead };
  return { operation: verb === "GET" ? "read" : "request", as: [6005, 99] };
}

/** S3 writes two lines for a copy: `…_GET` at the source, whose bytes it takes, and one at the target. */
function copyOf(on: string): Meaning {
  return on.endsWith("_GET")
    ? { operation: "copy", as: activity.datastoreRead }
    : { operation: "upload", as: activity.datastoreWrite };
}

/** For rules on the log's own fields. */
function rawOf(it: Access): Readonly<Record<string, unknown>> {
  return {
    bucket: it.bucket,
    remote_ip: it.address,
    requester: it.requester,
    request_id: it.requestId,
    operation_name: it.operation,
    key: it.key,
    request_uri: it.uri === undefined ? undefined : withoutSignatures(it.uri),
    http_status: it.status,
    error_code: it.error,
    bytes_sent: it.bytes,
    object_size: it.size,
    user_agent: it.agent,
    authentication_type: it.auth,
    host_header: it.host,
  };
}
