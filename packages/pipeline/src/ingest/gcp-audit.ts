import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { gcpActionOf, type GcpAction } from "./gcp-actions.ts";
import { gkeEvent } from "./gke.ts";
import { at, found, nameOf, numberOf, problemOf, readAs, readJson, refuse, textOf } from "./json-records.ts";
import { auditRecord } from "./kubernetes-audit.ts";
import { activity, essentials, fileObject, idOf, timeOf } from "./ocsf.ts";
import { isRecord, parseJson, quote, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One `LogEntry` that holds an `AuditLog`, as far as we use it. */
const logEntry = z.looseObject({
  insertId: z.string().max(256).optional(),
  timestamp: z.string().max(64),
  receiveTimestamp: z.string().max(64).optional(),
  protoPayload: z.looseObject({
    serviceName: z.string().max(256).optional(),
    methodName: z.string().min(1).max(512),
    resourceName: z.string().max(4096).optional(),
  }),
});
export type LogEntry = z.infer<typeof logEntry>;

export const gcpAudit: Source = {
  id: "gcp-audit",
  title: "Google Cloud Audit Logs",
  cannotSee: [
    "Reads of objects, and calls of models, while Data Access logs of the type DATA_READ are off, as they are by default",
    "How many bytes a read of an object sent: such reads are upper bounds",
    "Reads of objects that everyone may read, and downloads by a signed-in browser, which are not logged at all",
    "That a signed address was made outside of Google, with a key of a service account",
  ],
  requires: [
    "Data Access audit logs of Cloud Storage (DATA_READ, DATA_WRITE), and of Vertex AI and IAM",
    "A log sink to a bucket or to Pub/Sub with a push subscription",
  ],
  logsources: [{ product: "gcp", service: "gcp.audit" }],

  read: (record, from) => readJson(record, unwrap, (value) => one(value, from)),
};

/** Pub/Sub pushes one entry, in base64. */
function unwrap(value: Raw): readonly unknown[] | undefined {
  const data = textOf(value, "message", "data");
  if (data === undefined || !("subscription" in value)) return undefined;
  const parsed = parseJson(Buffer.from(data, "base64").toString());
  return ["value" in parsed ? parsed.value : undefined];
}

function one(value: Raw, from: Origin): Ingested {
  if (!isRecord(value.protoPayload)) return skip("an entry of something else than the audit log");
  const read = logEntry.safeParse(value);
  if (!read.success) return problemOf(read.error, "entry");
  const it = read.data;
  const time = timeOf(it.timestamp);
  if (time === undefined) return refuse(`timestamp: not a time: ${quote(it.timestamp)}`);
  if (it.protoPayload.serviceName === "k8s.io") return readAs(auditRecord(gkeEvent(it), from), "kubernetes-audit");
  // SigmaHQ's rules use both spellings.
  const { methodName, serviceName = "" } = it.protoPayload;
  const raw = { ...value, data: value, "gcp.audit.method_name": methodName, "gcp.audit.service_name": serviceName };
  return found(toEvent(it, time, from, JSON.stringify(value)), raw);
}

function toEvent(it: LogEntry, time: number, from: Origin, raw: string): OcsfLike {
  const payload = it.protoPayload;
  const { methodName, serviceName = "unknown" } = payload;
  const action = gcpActionOf(it);
  const who = whoIs(payload);
  const code = numberOf(payload, "status", "code") ?? 0;
  const refused = code !== 0 || grantedNothing(payload);
  const agent = textOf(payload, "requestMetadata", "callerSuppliedUserAgent");
  return {
    ...essentials({
      // An insert id is unique within a project and second.
      id:
        it.insertId === undefined ? idOf("gcp", from.source, raw) : idOf("gcp", it.insertId, it.timestamp, methodName),
      from,
      time,
      activity: action.activity,
      product: "Google Cloud",
      principal: who.principal,
      uid: it.insertId,
      originalTime: it.timestamp,
      raw,
    }),
    status_id: refused ? 2 : 1,
    ...(code !== 0 && { status_code: String(code) }),
    operation: action.operation,
    ...(action.artifact !== undefined && { artifact: action.artifact }),
    ...(action.weights !== undefined && { weights: action.weights }),
    ...(who.credential !== undefined && { credential: who.credential }),
    actor: { user: { uid: who.principal, ...(who.credential !== undefined && { credential_uid: who.credential }) } },
    src_endpoint: who.endpoint,
    api: { operation: methodName, service: { name: serviceName } },
    cloud: { provider: "GCP", ...(projectOf(it) !== undefined && { project_uid: projectOf(it) }) },
    ...objectOf(action),
    ...(agent !== undefined && { http_request: { user_agent: agent } }),
    unmapped: {
      ...action.extra,
      ...(who.person !== undefined && { person: who.person }),
      ...(payload.resourceName !== undefined && { resource: payload.resourceName }),
    },
  };
}

type OcsfLike = Parameters<typeof found>[0];

function objectOf({ activity: [classUid], artifact, bucket, object }: GcpAction): object {
  if (classUid !== activity.datastoreRead[0]) return {};
  return {
    databucket: {
      name: bucket ?? "unknown",
      type_id: 3,
      ...(artifact !== undefined && { uid: artifact }),
      ...(object !== undefined && { file: fileObject(object) }),
    },
  };
}

/** Asked for and not granted: `authorizationInfo` says so where the status does not. */
function grantedNothing(payload: Raw): boolean {
  const list = payload.authorizationInfo;
  return Array.isArray(list) && list.length > 0 && list.every((it) => at(it, "granted") !== true);
}

/** Who Google vouches for. A service account that somebody impersonates acts for them; who they are stands beside it. */
function whoIs(payload: Raw) {
  const info = payload.authenticationInfo;
  const text = textOf(payload, "requestMetadata", "callerIp") ?? textOf(payload, "requestMetadata", "callerIP");
  const address = text === undefined ? undefined : plainAddress(text);
  const isAddress = address !== undefined && /^[\d.]+$|:/.test(address);
  const name = nameOf(textOf(info, "principalEmail")) ?? textOf(info, "principalSubject");
  const delegated = at(info, "serviceAccountDelegationInfo");
  const first = Array.isArray(delegated) ? textOf(delegated[0], "firstPartyPrincipal", "principalEmail") : undefined;
  return {
    principal: name ?? `anonymous@${isAddress ? address : "unknown"}`,
    credential: textOf(info, "serviceAccountKeyName"),
    person: nameOf(first),
    // `private` and `gce-internal-ip` are no addresses.
    endpoint: isAddress ? { ip: address } : { svc_name: text ?? "unknown" },
  };
}

function projectOf(it: LogEntry): string | undefined {
  return /^(?:projects)\/([^/]+)\/logs\//.exec(textOf(it, "logName") ?? "")?.[1];
}
