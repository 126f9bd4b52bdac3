import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { at, found, nameOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { repositoryEvent } from "./repository-events.ts";
import { isRecord, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One entry: as delivered to a bucket (camelCase, ms since 1970), or a row of `system.access.audit` (snake_case). */
const entry = z.looseObject({
  timestamp: z.int().nonnegative(),
  serviceName: z.string().min(1).max(256),
  actionName: z.string().min(1).max(256),
});

export const databricks: Source = {
  id: "databricks",
  title: "Databricks audit log (MLflow model registry, Unity Catalog)",
  cannotSee: [
    "What is read with a temporary credential after it was handed out: the bucket's own log has it",
    "How many bytes were taken: a grant to read a version counts as at most all of it",
    "What a notebook or cluster does with files it has mounted, unless verbose audit logs are on",
    "Azure's own envelope of these entries, in which requests are text: they are read as Azure's",
  ],
  requires: [
    "Audit log delivery to a bucket, or rows of system.access.audit as JSON",
    "Models in Unity Catalog, or the workspace's registry; verbose audit logs for notebooks",
  ],
  logsources: [{ product: "databricks", service: "audit" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(camel(value), from),
    ),
};

/** A row of the system table under the names of the delivered log. */
function camel(value: Raw): Raw {
  if (!("service_name" in value)) return value;
  const stamp = textOf(value, "event_time") ?? "";
  return {
    ...value,
    timestamp: timeOf(stamp) ?? stamp,
    serviceName: value.service_name,
    actionName: value.action_name,
    userIdentity: value.user_identity,
    requestParams: value.request_params,
    requestId: value.request_id,
    sourceIPAddress: value.source_ip_address,
    userAgent: value.user_agent,
    response: { statusCode: at(value, "response", "status_code") },
  };
}

function one(value: Raw, from: Origin): Ingested {
  const read = entry.safeParse(value);
  if (!read.success) return problemOf(read.error, "entry");
  const { timestamp, serviceName, actionName } = read.data;
  if (timestamp > 8.64e15) return refuse("timestamp: not a time");
  const identity = value.userIdentity;
  const actor = nameOf(
    textOf(identity, "email") ?? textOf(identity, "subjectName") ?? textOf(identity, "subject_name"),
  );
  const client = textOf(value, "sourceIPAddress");
  const address = client === undefined ? undefined : plainAddress(client);
  const status = textOf(value, "response", "statusCode");
  const asked = isRecord(value.requestParams) ? value.requestParams : {};
  const request = textOf(value, "requestId");
  const raw = JSON.stringify(value);
  return found(
    repositoryEvent({
      id: idOf("databricks", from.source, request ?? raw, timestamp, actionName),
      from,
      time: timestamp,
      product: "Databricks",
      principal: actor ?? `anonymous@${address ?? "unknown"}`,
      ...(actor === undefined && { vouched: false }),
      uid: request,
      originalTime: String(timestamp),
      raw,
      operation: operationOf(actionName, asked),
      call: `${serviceName}/${actionName}`,
      service: serviceName,
      artifact: artifactOf(asked),
      failed: status === undefined ? undefined : !status.startsWith("2"),
      address,
      agent: textOf(value, "userAgent"),
      detail: { service: serviceName },
    }),
    value,
  );
}

/** The model and version that a request names, else the path or volume. */
function artifactOf(asked: Raw): string | undefined {
  const name = ["full_name_arg", "full_name", "model_name", "registered_model_name", "name"]
    .map((it) => textOf(asked, it))
    .find((it) => it !== undefined);
  const version = textOf(asked, "version_arg") ?? textOf(asked, "version") ?? textOf(asked, "model_version");
  if (name !== undefined && name.length <= 512)
    return `databricks:${name}${version === undefined ? "" : `/${version.slice(0, 64)}`}`;
  const path = textOf(asked, "url") ?? textOf(asked, "path");
  if (path === undefined || path.length > 2048) return undefined;
  // Paths of Unity Catalog are those of the cloud below it.
  const blob = /^abfss:\/\/([^@/]+)@([^./]+)\.[^/]+\/?(.*)$/.exec(path);
  if (blob) return `az://${blob[2]?.toLowerCase()}/${blob[1]}/${blob[3]}`;
  if (/^s3a?:\/\//.test(path)) return path.replace(/^s3a:/, "s3:");
  return path.startsWith("gs://") ? path : `databricks:${path.replace(/^dbfs:/, "")}`;
}

function operationOf(action: string, asked: Raw): string {
  if (/^generateTemporary(ModelVersion|Volume|Path)Credential$/i.test(action)) {
    return /WRITE/i.test(textOf(asked, "operation") ?? "") ? "upload" : "download";
  }
  if (/^getModelVersion(Signed)?Download(Uri|Url)$/i.test(action)) return "download";
  if (/^(search|list)(RegisteredModels|ModelVersions)$/i.test(action)) return "catalog";
  if (/^(generateDbToken|createToken|createServicePrincipalSecret|createAccessToken)$/i.test(action))
    return "create-key";
  if (/^(login|tokenLogin|oidcBrowserLogin|samlLogin|aadBrowserLogin|jwtLogin)$/i.test(action)) return "logon";
  if (/permission|acl|grant/i.test(action)) return "grant";
  return /^delete/i.test(action) ? "delete" : "request";
}
