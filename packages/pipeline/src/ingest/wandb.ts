import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { found, nameOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { repositoryEvent } from "./repository-events.ts";
import { quote, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One line of the audit log, as its documentation names the fields. */
const line = z.looseObject({
  timestamp: z.string().max(64),
  action: z.string().min(1).max(256),
  actor_user_id: z.union([z.string().max(256), z.int()]).nullish(),
  actor_email: z.string().max(256).nullish(),
  actor_ip: z.string().max(256).nullish(),
  response_code: z.int().nullish(),
});

export const wandb: Source = {
  id: "wandb",
  title: "Weights & Biases audit log",
  cannotSee: [
    "How many bytes were taken: a read of an artifact counts as at most all of it",
    "Whether an artifact's files were downloaded or only its page was looked at: both are `artifact:read`",
    "Files that are fetched from the bucket by a signed address, after it was handed out",
    "Artifacts that only refer to files elsewhere",
  ],
  requires: [
    "An Enterprise plan, a dedicated cloud or a server of one's own",
    "The files below wandb-audit-logs in the instance's bucket, or what /admin/audit_logs answers, with e-mail addresses",
  ],
  logsources: [{ product: "wandb", service: "audit" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = line.safeParse(value);
  if (!read.success) return problemOf(read.error, "line");
  const it = read.data;
  const time = timeOf(it.timestamp);
  if (time === undefined) return refuse(`timestamp: not a time: ${quote(it.timestamp)}`);
  const raw = JSON.stringify(value);
  const actor =
    nameOf(it.actor_email ?? undefined) ?? (it.actor_user_id == null ? undefined : String(it.actor_user_id));
  const address = it.actor_ip ? plainAddress(it.actor_ip) : undefined;
  const artifact = artifactOf(value);
  const code = it.response_code ?? undefined;
  return found(
    repositoryEvent({
      id: idOf("wandb", from.source, from.file, from.offset, raw),
      from,
      time,
      product: "Weights & Biases",
      principal: actor ?? `anonymous@${address ?? "unknown"}`,
      ...(actor === undefined && { vouched: false }),
      originalTime: it.timestamp,
      raw,
      operation: operationOf(it.action, artifact),
      call: it.action,
      service: "wandb",
      artifact,
      failed: code === undefined ? undefined : code >= 400,
      address,
      digest: hexDigest(textOf(value, "artifact_digest")),
      detail: { ...(textOf(value, "project_name") !== undefined && { project: textOf(value, "project_name") }) },
    }),
    value,
  );
}

/** `entity/project/name:v3` as an address whose last segment is the version, so that a place may name all of them. */
function artifactOf(value: Raw): string | undefined {
  const name = textOf(value, "artifact_qualified_name") ?? textOf(value, "artifact_sequence_name");
  if (name !== undefined && name.length <= 1024) return `wandb:${name.replace(/:([^/:]*)$/, "/$1")}`;
  const asset = textOf(value, "artifact_asset");
  return asset === undefined || asset.length > 1024 ? undefined : `wandb:artifacts/${asset}`;
}

function hexDigest(text: string | undefined): string | undefined {
  return text !== undefined && /^[0-9a-f]{64}$/i.test(text) ? text.toLowerCase() : undefined;
}

function operationOf(action: string, artifact: string | undefined): string {
  if (action === "artifact:read") return artifact === undefined ? "list" : "download";
  if (action === "artifact:create") return "upload";
  if (action === "artifact:delete") return "delete";
  if (action === "user:create_api_key" || action === "team:create_service_account") return "create-key";
  if (action === "user:login") return "logon";
  if (/^(project|run|report):read$/.test(action)) return "list";
  return /invite_user|add_user/.test(action) ? "grant" : "request";
}
