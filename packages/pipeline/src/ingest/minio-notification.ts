/** Bucket notifications of MinIO, in the shape of S3's: what happened to which object, and who asked. */
import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { decodeOnce, looksLikeWeights, s3Address } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { activity, essentials, fileObject, idOf, timeOf } from "./ocsf.ts";
import { found, problemOf, refuse } from "./json-records.ts";
import { printJson, quote, skip, type Ingested, type Origin, type Raw } from "./source.ts";

const short = z.string().max(512);

/** One record of a notification, as far as we use it. Its key is escaped as in an address. */
const notification = z.looseObject({
  eventTime: z.string().max(64),
  eventName: z.string().min(1).max(128),
  userIdentity: z.looseObject({ principalId: short.optional() }).optional(),
  requestParameters: z.looseObject({ principalId: short.optional(), sourceIPAddress: short.optional() }).optional(),
  responseElements: z.looseObject({ "x-amz-request-id": short.optional() }).optional(),
  s3: z.looseObject({
    bucket: z.looseObject({ name: z.string().min(1).max(256) }),
    object: z.looseObject({ key: z.string().max(4096), size: z.number().nonnegative().optional() }),
  }),
  source: z.looseObject({ host: short.optional(), userAgent: z.string().max(2048).optional() }).optional(),
});
type Notification = z.infer<typeof notification>;

/** Whether a record of a document is one, and no audit entry. */
export function isNotification(value: Raw): boolean {
  return typeof value.eventName === "string" && value.eventName.startsWith("s3:") && "s3" in value;
}

export function readNotification(value: Raw, from: Origin): Ingested {
  const read = notification.safeParse(value);
  if (!read.success) return problemOf(read.error, "notification");
  const it = read.data;
  const time = timeOf(it.eventTime);
  if (time === undefined) return refuse(`eventTime: not a time: ${quote(it.eventTime)}`);
  const meaning = meaningOf(it.eventName);
  return meaning
    ? found(toEvent(it, time, meaning, from), it)
    : skip("a notification of something else than a request");
}

interface Meaning {
  readonly operation: string;
  readonly as: readonly [number, number];
}

/** MinIO's names of events. A copy names its target alone. */
function meaningOf(name: string): Meaning | undefined {
  if (name === "s3:ObjectAccessed:Get") return { operation: "download", as: activity.datastoreRead };
  if (name.startsWith("s3:ObjectAccessed:")) return { operation: "stat", as: activity.datastoreRead };
  if (name.startsWith("s3:ObjectCreated:")) return { operation: "upload", as: activity.datastoreWrite };
  if (name.startsWith("s3:ObjectRemoved:")) return { operation: "delete", as: activity.datastoreDelete };
  return undefined;
}

function toEvent(it: Notification, time: number, { operation, as }: Meaning, from: Origin): OcsfEvent {
  const { bucket, object } = it.s3;
  const key = decodeOnce(object.key.replaceAll("+", " "));
  const host = it.requestParameters?.sourceIPAddress ?? it.source?.host;
  const address = host === undefined ? undefined : plainAddress(host);
  const credential = it.requestParameters?.principalId || it.userIdentity?.principalId || undefined;
  const named = credential?.startsWith("anonymous@") ? `user:${credential}` : credential;
  const principal = named ?? `anonymous@${address ?? "unknown"}`;
  const artifact = s3Address(bucket.name, key);
  const uid = it.responseElements?.["x-amz-request-id"];
  const raw = printJson(it) ?? "";
  return {
    ...essentials({
      id: idOf("minio", from.source, raw),
      from,
      time,
      activity: as,
      product: "MinIO",
      principal,
      uid,
      originalTime: it.eventTime,
      raw,
    }),
    // MinIO notifies of what it did; refusals are only in its audit log. The size is the object's, not what was sent: so no `bytes`.
    status_id: 1,
    operation,
    artifact,
    weights: looksLikeWeights(key),
    ...(credential !== undefined && { credential }),
    actor: { user: { uid: principal, ...(credential !== undefined && { credential_uid: credential }) } },
    src_endpoint: address === undefined ? { svc_name: "unknown" } : { ip: address },
    databucket: {
      name: bucket.name,
      type_id: 99,
      type: "MinIO",
      uid: artifact,
      file: fileObject(key, { size: object.size }),
    },
    http_request: {
      ...(it.source?.userAgent && { user_agent: it.source.userAgent }),
      ...(uid !== undefined && { uid }),
    },
    api: { operation: it.eventName, service: { name: "minio" } },
    unmapped: {},
  };
}
