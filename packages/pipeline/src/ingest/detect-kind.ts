/** Tells the kind of a record by its content, for logs that say nothing of themselves. */
import { auditLine } from "./audit-lines.ts";
import { httpAccess } from "./http-access.ts";
import { s3Access } from "./s3-access.ts";
import { isRecord, type Ingested, type Raw, type SourceKind } from "./source.ts";

/** Most records of a sample that are tried. */
const maxTried = 50;

/**
 * The kind of what starts with this sample, by content: one or more whole records, one a line, or a document's beginning.
 * Undefined when none of the sources recognises it: then it is not read at all, which is better than read as something else.
 */
export function detectKind(sample: string): SourceKind | undefined {
  const text = sample.replace(/^\ufeff/, "");
  for (const line of [text, ...text.split("\n", maxTried)]) {
    const kind = kindOf(line.trim());
    if (kind !== undefined) return kind;
  }
  return shapeOf(text);
}

const around = { trusts: () => false };
const nowhere = { source: "sample", offset: 0 };

function kindOf(record: string): SourceKind | undefined {
  if (record === "") return undefined;
  let value: unknown;
  try {
    value = /^[{[]/.test(record) ? JSON.parse(record) : undefined;
  } catch {
    value = undefined;
  }
  if (value === undefined) return record.startsWith("{") ? undefined : kindOfLine(record);
  // A list is of the kind of its first record.
  const [first] = [value].flat();
  return isRecord(first) ? kindOfObject(first, first === value ? record : JSON.stringify(first)) : undefined;
}

function kindOfLine(record: string): SourceKind | undefined {
  if (auditLine(record)) return "auditd";
  if (/^\[[A-Z] \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{1,6} \w*App\] /.test(record)) return "jupyter";
  const lines = [s3Access, httpAccess];
  return lines.find((it) => holdsEvent(it.read(record, nowhere, around)))?.id;
}

function holdsEvent(read: Ingested): boolean {
  return read.ok && read.events.length > 0;
}

function kindOfObject(value: Raw, record: string): SourceKind | undefined {
  const sure = signs.find((it) => it.of(value))?.kind;
  if (sure !== undefined) return sure;
  const list = [value.records, value.value].find((it) => Array.isArray(it));
  if (Array.isArray(list) && isRecord(list[0])) return signs.find((it) => it.of(list[0]))?.kind;
  const read = httpAccess.read(record, nowhere, around);
  return read.ok && (read.events.length > 0 || "http.request.method" in value) ? "http-access" : undefined;
}

/** Of a text; a record's own `toString` is never called. */
const begins = (value: unknown, start: string | RegExp) =>
  typeof value === "string" && (typeof start === "string" ? value.startsWith(start) : start.test(value));

const has = (value: Raw, ...fields: readonly string[]) => fields.every((it) => it in value);

/** What only one kind of record has. The first that applies tells, so the narrower stand first. */
const signs: readonly { readonly kind: SourceKind; of(value: Raw): boolean }[] = [
  {
    kind: "agent",
    of: (it) => has(it, "id", "host", "time") && ("activity" in it || "alive" in it || "refused" in it),
  },
  { kind: "gateway", of: (it) => has(it, "kind", "id", "time", "gateway") },
  { kind: "minio", of: (it) => it.eventSource === "minio:s3" || (has(it, "EventName", "Key") && "Records" in it) },
  { kind: "cloudtrail", of: (it) => has(it, "eventSource", "eventName") },
  {
    kind: "cloudtrail",
    of: (it) => "CloudTrailEvent" in it || Array.isArray(it.Records) || Array.isArray(it.Events),
  },
  { kind: "cloudtrail", of: (it) => isRecord(it.detail) && "eventSource" in it.detail },
  { kind: "oci-notification", of: (it) => Array.isArray(it.events) },
  { kind: "scan", of: (it) => Array.isArray(it.models) && "roots" in it },
  { kind: "kubernetes-audit", of: (it) => it.kind === "EventList" && Array.isArray(it.items) },
  {
    kind: "kubernetes-audit",
    of: (it) => begins(it.apiVersion, "audit.k8s.io/") || has(it, "auditID", "verb"),
  },
  { kind: "minio", of: (it) => isRecord(it.api) && ("deploymentid" in it || "remotehost" in it) },
  { kind: "okta", of: (it) => has(it, "eventType", "published") && ("actor" in it || "outcome" in it) },
  {
    kind: "okta",
    of: (it) =>
      it.eventType === "com.okta.event_hook" || (isRecord(it.detail) && has(it.detail, "eventType", "published")),
  },
  { kind: "entra", of: isEntra },
  { kind: "keycloak", of: (it) => has(it, "realmId", "type", "time") },
  {
    kind: "github-audit",
    of: (it) =>
      has(it, "action", "actor") &&
      (has(it, "_document_id") || has(it, "org") || has(it, "repo")) &&
      ("@timestamp" in it || "created_at" in it),
  },
  {
    kind: "gitlab-audit",
    of: (it) => has(it, "author_name", "entity_type") && ("target_type" in it || "event_type" in it),
  },
  { kind: "cloudwatch", of: (it) => has(it, "messageType", "logEvents") },
  {
    kind: "gcp-audit",
    of: (it) => isRecord(it.protoPayload) && ("methodName" in it.protoPayload || "timestamp" in it),
  },
  {
    kind: "gcp-audit",
    of: (it) => isRecord(it.message) && has(it.message, "data", "messageId") && "subscription" in it,
  },
  { kind: "wandb", of: (it) => has(it, "timestamp", "action") && ("actor_user_id" in it || "actor_email" in it) },
  { kind: "databricks", of: (it) => has(it, "serviceName", "actionName") || has(it, "service_name", "action_name") },
  {
    kind: "huggingface",
    of: (it) =>
      begins(it.type ?? it.event, /^(repo|org|team|user|billing|collection|resource_group)[._]/) &&
      ("author" in it || "repo" in it || "createdAt" in it),
  },
  { kind: "osquery", of: (it) => has(it, "hostIdentifier", "name") && ("columns" in it || "snapshot" in it) },
  { kind: "falco", of: (it) => has(it, "rule", "priority", "output_fields") },
  {
    kind: "zeek",
    of: (it) => ("_path" in it || "@stream" in it || "uid" in it) && ("id.orig_h" in it || "id_orig_h" in it),
  },
  { kind: "jupyter", of: (it) => has(it, "__timestamp__", "__schema__") },
  { kind: "slurm", of: (it) => Array.isArray(it.jobs) && isRecord(it.jobs[0]) && "job_id" in it.jobs[0] },
  {
    kind: "sysmon",
    of: (it) =>
      isRecord(it.Event)
        ? "System" in it.Event
        : isRecord(it.winlog) || (has(it, "EventID") && ("Computer" in it || "Hostname" in it)),
  },
  { kind: "bedrock", of: (it) => it.schemaType === "ModelInvocationLog" },
  {
    kind: "azure",
    of: (it) =>
      has(it, "resourceId", "operationName") ||
      has(it, "AccountName", "OperationName") ||
      has(it, "OperationNameValue", "Caller"),
  },
  { kind: "litellm", of: (it) => has(it, "call_type", "startTime") && ("model_parameters" in it || "metadata" in it) },
  { kind: "otel", of: (it) => Array.isArray(it.resourceSpans) || Array.isArray(it.resourceLogs) },
];

function isEntra(it: Raw): boolean {
  const inner = isRecord(it.properties) ? it.properties : it;
  const signIn = has(inner, "createdDateTime") && ("userPrincipalName" in inner || "servicePrincipalId" in inner);
  return signIn || has(inner, "activityDisplayName", "initiatedBy");
}

/** For documents longer than the sample, or printed over many lines: the names that only they have. */
function shapeOf(text: string): SourceKind | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  if (/"eventSource"\s*:\s*"minio:s3"/.test(text)) return "minio";
  if (/"eventSource"\s*:/.test(text) && /"eventName"\s*:/.test(text)) return "cloudtrail";
  if (/"(Records|CloudTrailEvent)"\s*:/.test(text)) return "cloudtrail";
  if (/"events"\s*:\s*\[/.test(text) && /"action"\s*:/.test(text) && /"repository"\s*:/.test(text))
    return "oci-notification";
  if (/"apiVersion"\s*:\s*"audit\.k8s\.io\//.test(text)) return "kubernetes-audit";
  if (/"deploymentid"\s*:/.test(text) && /"api"\s*:\s*\{/.test(text)) return "minio";
  if (/"protoPayload"\s*:/.test(text)) return "gcp-audit";
  if (/"messageType"\s*:\s*"DATA_MESSAGE"/.test(text)) return "cloudwatch";
  if (/"resourceId"\s*:\s*"\/(subscriptions|tenants)\//i.test(text)) return "azure";
  if (/"schemaType"\s*:\s*"ModelInvocationLog"/.test(text)) return "bedrock";
  if (/"(resourceSpans|resourceLogs)"\s*:\s*\[/.test(text)) return "otel";
  if (/"call_type"\s*:/.test(text) && /"startTime"\s*:/.test(text)) return "litellm";
  if (/"filesSeen"\s*:/.test(text) && /"roots"\s*:/.test(text)) return "scan";
  return undefined;
}
