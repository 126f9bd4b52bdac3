import { auditLine } from "./audit-lines.ts";
import { auditd } from "./auditd.ts";
import { cloudtrail } from "./cloudtrail.ts";
import { httpAccess } from "./http-access.ts";
import { kubernetesAudit } from "./kubernetes-audit.ts";
import { minio } from "./minio.ts";
import { ociNotification } from "./oci-notification.ts";
import { s3Access } from "./s3-access.ts";
import { scan } from "./scan.ts";
import { isRecord, type Ingested, type Source, type SourceKind } from "./source.ts";

/** Everything we can read, one entry for each kind. */
export const sources: readonly Source[] = [
  auditd,
  cloudtrail,
  httpAccess,
  kubernetesAudit,
  minio,
  ociNotification,
  s3Access,
  scan,
];

/** The reader of a kind. */
export function sourceOf(kind: SourceKind): Source {
  const found = sources.find((it) => it.id === kind);
  if (!found) throw new Error(`no source reads ${kind}`);
  return found;
}

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
  if (!record.startsWith("{")) {
    if (auditLine(record)) return "auditd";
    const lines = [s3Access, httpAccess];
    return lines.find((it) => holdsEvent(it.read(record, nowhere, around)))?.id;
  }
  let value: unknown;
  try {
    value = JSON.parse(record);
  } catch {
    return undefined;
  }
  return isRecord(value) ? kindOfObject(value, record) : undefined;
}

function holdsEvent(read: Ingested): boolean {
  return read.ok && read.events.length > 0;
}

function kindOfObject(value: Readonly<Record<string, unknown>>, record: string): SourceKind | undefined {
  if ("eventSource" in value && "eventName" in value) return "cloudtrail";
  if ("CloudTrailEvent" in value || Array.isArray(value.Records) || Array.isArray(value.Events)) return "cloudtrail";
  if (isRecord(value.detail) && "eventSource" in value.detail) return "cloudtrail";
  if (Array.isArray(value.events)) return "oci-notification";
  if (Array.isArray(value.models) && "roots" in value) return "scan";
  if (value.kind === "EventList" && Array.isArray(value.items)) return "kubernetes-audit";
  if (String(value.apiVersion).startsWith("audit.k8s.io/") || ("auditID" in value && "verb" in value))
    return "kubernetes-audit";
  if (isRecord(value.api) && ("deploymentid" in value || "remotehost" in value)) return "minio";
  const read = httpAccess.read(record, nowhere, around);
  return read.ok && (read.events.length > 0 || "http.request.method" in value) ? "http-access" : undefined;
}

/** For documents longer than the sample, or printed over many lines: the names that only they have. */
function shapeOf(text: string): SourceKind | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  if (/"eventSource"\s*:/.test(text) && /"eventName"\s*:/.test(text)) return "cloudtrail";
  if (/"(Records|CloudTrailEvent)"\s*:/.test(text)) return "cloudtrail";
  if (/"events"\s*:\s*\[/.test(text) && /"action"\s*:/.test(text) && /"repository"\s*:/.test(text))
    return "oci-notification";
  if (/"apiVersion"\s*:\s*"audit\.k8s\.io\//.test(text)) return "kubernetes-audit";
  if (/"deploymentid"\s*:/.test(text) && /"api"\s*:\s*\{/.test(text)) return "minio";
  if (/"filesSeen"\s*:/.test(text) && /"roots"\s*:/.test(text)) return "scan";
  return undefined;
}
