/** What calls of Google Cloud mean for a model: which artifact, what was done to it, and whom it was opened to. */
import { gsAddress, looksLikeWeights, ociAddress } from "../artifact.ts";
import type { LogEntry } from "./gcp-audit.ts";
import { at, textOf } from "./json-records.ts";
import { activity } from "./ocsf.ts";
import { isRecord } from "./source.ts";

export interface GcpAction {
  readonly operation: string;
  readonly activity: readonly [number, number];
  readonly artifact?: string | undefined;
  readonly bucket?: string | undefined;
  readonly object?: string | undefined;
  readonly weights?: boolean | undefined;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** The meaning of a call; for what we do not know, its plain OCSF class. */
export function gcpActionOf(it: LogEntry): GcpAction {
  const { methodName, serviceName = "" } = it.protoPayload;
  // `google.storage.objects.get` is what some services write for `storage.objects.get`.
  const method = methodName.replace(/^google\.storage\./, "storage.");
  if (method.startsWith("storage.")) return storage(method, it);
  if (serviceName.startsWith("aiplatform.") || method.includes(".aiplatform.")) return vertex(method, it);
  const last = method.slice(method.lastIndexOf(".") + 1);
  return named.get(last)?.(it) ?? other(last);
}

function other(last: string): GcpAction {
  if (/^(get|list|search|fetch)/i.test(last)) return { operation: "request", activity: activity.apiRead };
  if (/^(create|insert)/i.test(last)) return { operation: "request", activity: activity.apiCreate };
  if (/^delete/i.test(last)) return { operation: "request", activity: activity.apiDelete };
  if (/^(update|patch|set)/i.test(last)) return { operation: "request", activity: activity.apiUpdate };
  return { operation: "request", activity: activity.apiOther };
}

/** `projects/_/buckets/models/objects/a/b.safetensors`. Names of objects may hold any character. */
function objectIn(name: string | undefined): { bucket: string; object: string | undefined } | undefined {
  const found = /^(?:\/\/storage\.googleapis\.com\/)?projects\/[^/]+\/buckets\/([^/]+)(?:\/objects\/(.+))?$/s.exec(
    name ?? "",
  );
  return found?.[1] === undefined ? undefined : { bucket: found[1], object: found[2] };
}

function storage(method: string, it: LogEntry): GcpAction {
  const named = objectIn(it.protoPayload.resourceName);
  const what = {
    ...named,
    artifact: named && gsAddress(named.bucket, named.object),
    ...(named?.object !== undefined && { weights: looksLikeWeights(named.object) }),
  };
  switch (method) {
    case "storage.objects.get":
      return { operation: "download", activity: activity.datastoreRead, ...what };
    case "storage.objects.list":
      return { operation: "list", activity: activity.datastoreList, ...what };
    case "storage.buckets.list":
      return { operation: "catalog", activity: activity.datastoreList };
    case "storage.objects.create":
    case "storage.objects.update":
      return { operation: "upload", activity: activity.datastoreWrite, ...what };
    case "storage.objects.delete":
      return { operation: "delete", activity: activity.datastoreDelete, ...what };
    case "storage.objects.rewrite":
    case "storage.objects.copy":
    case "storage.objects.compose":
      return { operation: "copy", activity: activity.datastoreRead, ...what, extra: copied(it) };
    case "storage.setIamPermissions":
    case "storage.objects.setIamPolicy":
    case "storage.buckets.update":
    case "storage.buckets.patch":
      return {
        operation: "configure",
        activity: activity.datastoreWrite,
        ...what,
        extra: { shared_with: sharedBy(it) },
      };
    default:
      return { operation: "request", activity: [6005, 99], ...what };
  }
}

/** Where a rewrite went: in the request, as a bucket with an object, or as a resource name. */
function copied({ protoPayload }: LogEntry): Record<string, unknown> {
  const request = protoPayload.request;
  const bucket = textOf(request, "destinationBucket") ?? textOf(request, "destination", "bucket");
  const object = textOf(request, "destinationObject") ?? textOf(request, "destination", "object");
  const target = objectIn(textOf(request, "destination"));
  if (bucket !== undefined) return { copied_to: gsAddress(bucket, object) };
  return target ? { copied_to: gsAddress(target.bucket, target.object) } : {};
}

/** Most grants of one change that are looked at: a policy holds 1,500 members. */
const maxGrants = 2000;

/** `public` for a grant to everyone; `block-lifted` for a bucket whose public access prevention ended. */
function sharedBy({ protoPayload }: LogEntry): string[] {
  const deltas = at(protoPayload, "serviceData", "policyDelta", "bindingDeltas");
  const added = Array.isArray(deltas)
    ? deltas.slice(0, maxGrants).filter((it) => textOf(it, "action") !== "REMOVE")
    : [];
  const everyone = added.some((it) => /^all(Authenticated)?Users$/.test(textOf(it, "member") ?? ""));
  const prevention = textOf(protoPayload, "request", "iamConfiguration", "publicAccessPrevention");
  return [
    ...(everyone ? ["public"] : []),
    ...(prevention !== undefined && /^(inherited|unspecified)$/i.test(prevention) ? ["block-lifted"] : []),
  ];
}

/** `projects/p/locations/l/models/123@2`: a model is one, whichever version of it. */
function vertex(method: string, it: LogEntry): GcpAction {
  const last = method.slice(method.lastIndexOf(".") + 1);
  const request = it.protoPayload.request;
  const name = [textOf(request, "name"), textOf(request, "sourceModel"), it.protoPayload.resourceName].find((text) =>
    text?.includes("/models/"),
  );
  const found = /projects\/([^/]+)\/locations\/[^/]+\/models\/([^/@]+)/.exec(name ?? "");
  const artifact = found ? `vertex:${found[1]}/${found[2]}` : undefined;
  const target = textOf(request, "outputConfig", "artifactDestination", "outputUriPrefix");
  const image = textOf(request, "outputConfig", "imageDestination", "outputUri");
  const parent = textOf(request, "parent");
  switch (last) {
    case "ExportModel":
    case "CopyModel":
      return {
        operation: "copy",
        activity: activity.apiCreate,
        artifact,
        extra: {
          ...(target !== undefined && { copied_to: target.replace(/\/$/, "") }),
          ...(target === undefined && image !== undefined && { copied_to: ociAddress(image) }),
          ...(target === undefined && image === undefined && parent !== undefined && { copied_to: `vertex:${parent}` }),
        },
      };
    case "GetModel":
    case "ListModelVersions":
      return { operation: "describe", activity: activity.apiRead, artifact };
    case "ListModels":
      return { operation: "catalog", activity: activity.apiRead };
    default:
      return { ...other(last), artifact };
  }
}

const stopped: GcpAction = { operation: "stop-logging", activity: activity.apiDelete };

/** Calls of other services that hand out access, by the last part of their name. */
const named: ReadonlyMap<string, (it: LogEntry) => GcpAction | undefined> = new Map<
  string,
  (it: LogEntry) => GcpAction | undefined
>([
  ["CreateServiceAccountKey", () => ({ operation: "create-key", activity: activity.apiCreate })],
  ["UploadServiceAccountKey", () => ({ operation: "create-key", activity: activity.apiCreate })],
  ["CreateHmacKey", () => ({ operation: "create-key", activity: activity.apiCreate })],
  ["SignBlob", () => ({ operation: "presign", activity: activity.apiCreate })],
  ["SignJwt", () => ({ operation: "presign", activity: activity.apiCreate })],
  ["GenerateAccessToken", () => ({ operation: "impersonate", activity: activity.apiCreate })],
  ["DeleteSink", () => stopped],
  ["UpdateSink", () => ({ operation: "change-logging", activity: activity.apiUpdate })],
  ["DeleteBucket", (it) => (it.protoPayload.serviceName === "logging.googleapis.com" ? stopped : undefined)],
  ["SetIamPolicy", (it) => (lessAudit(it) ? stopped : undefined)],
  ["SetIAMPolicy", (it) => (lessAudit(it) ? stopped : undefined)],
]);

/** Whether a change of a policy takes Data Access logs away, or exempts somebody from them. */
function lessAudit({ protoPayload }: LogEntry): boolean {
  const deltas = at(protoPayload, "serviceData", "policyDelta", "auditConfigDeltas");
  if (!Array.isArray(deltas)) return false;
  return deltas
    .slice(0, maxGrants)
    .some((it) => isRecord(it) && (it.action === "REMOVE" || textOf(it, "exemptedMember") !== undefined));
}
