import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { ociAddress } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { activity, clientEndpoint, essentials, fileObject, idOf, portIn, timeOf } from "./ocsf.ts";
import { parseJson, printJson, quote, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** Longest envelope we read, in UTF-16 units: the registry puts one event into most, a few hundred after an outage. */
const maxEnvelopeLength = 4 * 1024 * 1024;
/** Most events in one envelope. */
const maxEvents = 10_000;
/** Smallest blob that may hold weights, in bytes: manifests and configurations are kilobytes, adapters megabytes. */
const minBlobBytes = 256 * 1024;

/** One notification, as far as we use it (distribution, `notifications.Event`). */
const notification = z.looseObject({
  id: z.string().min(1).max(200).optional(),
  timestamp: z.string(),
  action: z.string().min(1).max(64),
  target: z.looseObject({
    mediaType: z.string().max(256).optional(),
    size: z.int().nonnegative().optional(),
    digest: z.string().max(256).optional(),
    repository: z.string().min(1).max(1024),
    tag: z.string().max(256).optional(),
  }),
  request: z
    .looseObject({
      id: z.string().optional(),
      addr: z.string().max(256).optional(),
      host: z.string().optional(),
      method: z.string().max(32).optional(),
      useragent: z.string().optional(),
    })
    .prefault({}),
  actor: z.looseObject({ name: z.string().max(512).optional() }).prefault({}),
});
type Notification = z.infer<typeof notification>;

const eventList = z.looseObject({ events: z.array(z.unknown()).max(maxEvents) });

export const ociNotification: Source = {
  id: "oci-notification",
  title: "OCI registry notifications",
  cannotSee: [
    "Who listed the catalogue or tags: only the access line has these, and it names no user",
    "Which bytes of a blob a ranged or broken pull took: a pull counts as the whole blob, an upper bound",
    "Pulls from a mirror or cache in front of the registry, and pulls answered by a redirect to a bucket",
    "Who pulled, when the registry runs without authentication",
  ],
  requires: [
    "notifications.endpoints in the registry's configuration, pointing here",
    "Authentication at the registry: without it every actor is empty",
  ],
  logsources: [{ product: "oci_registry", service: "notification" }],

  read(record, from) {
    if (record.length > maxEnvelopeLength) return { ok: false, reason: `longer than ${maxEnvelopeLength} characters` };
    const parsed = parseJson(record);
    if ("reason" in parsed) return { ok: false, reason: parsed.reason };
    const envelope = eventList.safeParse(parsed.value);
    if (!envelope.success) return { ok: false, reason: "not an envelope: expected { events: [...] }" };
    if (envelope.data.events.length === 0) return skip("an envelope without events");
    return readAll(envelope.data.events, from);
  },
};

function readAll(list: readonly unknown[], from: Origin): Ingested {
  const events: OcsfEvent[] = [];
  const raw: Raw[] = [];
  const refused: string[] = [];
  for (const it of list) {
    const read = notification.safeParse(it);
    const time = read.success ? timeOf(read.data.timestamp) : undefined;
    if (!read.success) {
      const [issue] = read.error.issues;
      refused.push(`${issue?.path.join(".") || "event"}: ${issue?.message ?? "not a notification"}`);
    } else if (time === undefined) refused.push(`timestamp: not a time: ${quote(read.data.timestamp)}`);
    else {
      events.push(toEvent(read.data, time, from, printJson(it) ?? ""));
      raw.push(read.data);
    }
  }
  const [only] = refused;
  if (list.length === 1 && only !== undefined) return { ok: false, reason: only };
  return { ok: true, events, raw, ...(refused.length > 0 && { refused }) };
}

function toEvent(it: Notification, time: number, from: Origin, raw: string): OcsfEvent {
  const { target, request, actor } = it;
  const address = request.addr === undefined ? undefined : plainAddress(request.addr.replace(/:\d{1,5}$/, ""));
  const manifest = /\.manifest\.|image\.index|manifest\.list/.test(target.mediaType ?? "");
  const operation = operationOf(it, manifest);
  const reference = manifest && target.tag !== undefined && target.digest === undefined ? target.tag : target.digest;
  const principal = actor.name === undefined || actor.name === "" ? `anonymous@${address ?? "unknown"}` : actor.name;
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(target.digest ?? "")?.[1];
  return {
    ...essentials({
      id: it.id === undefined ? idOf("oci", raw) : `oci:${it.id}`,
      from,
      time,
      activity: activities[operation] ?? activity.fileDownload,
      product: "OCI registry",
      principal: principal.startsWith("anonymous@") && actor.name ? `user:${actor.name}` : principal,
      uid: it.id,
      originalTime: it.timestamp,
      raw,
    }),
    // A registry notifies of what it did; refusals are only in its access log.
    status_id: 1,
    operation,
    artifact: ociAddress(target.repository, reference),
    // The size is the blob's, not what was sent: a pull that broke off notifies just the same. So no `bytes`.
    ...(operation === "download" && target.size !== undefined && { weights: target.size >= minBlobBytes }),
    actor: { user: { name: principal } },
    src_endpoint: clientEndpoint(address, portIn(request.addr ?? "")),
    http_request: {
      ...(request.method !== undefined && { http_method: request.method }),
      ...(request.useragent !== undefined && { user_agent: request.useragent }),
      ...(request.id !== undefined && { uid: request.id }),
    },
    file: fileObject(`${target.repository}${target.tag === undefined ? "" : `:${target.tag}`}`, {
      size: target.size,
      sha256,
    }),
    api: { operation: `oci.${operation}`, service: { name: "oci" } },
    unmapped: {
      dialect: "oci",
      ...(target.mediaType !== undefined && { media_type: target.mediaType }),
      ...(target.tag !== undefined && { tag: target.tag }),
    },
  };
}

const activities: Readonly<Record<string, readonly [number, number]>> = {
  upload: activity.fileUpload,
  delete: activity.fileDelete,
  download: activity.fileDownload,
  manifest: activity.fileDownload,
};

/** `HEAD` also notifies of a pull, although nothing was sent. */
function operationOf({ action, request }: Notification, manifest: boolean): string {
  switch (action) {
    case "push":
    case "mount":
      return "upload";
    case "delete":
      return "delete";
    case "pull":
      if (request.method === "HEAD") return "stat";
      return manifest ? "manifest" : "download";
    default:
      return "request";
  }
}
