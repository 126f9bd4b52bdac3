import { z } from "zod";
import { gitAddress } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { at, found, nameOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { repositoryEvent } from "./repository-events.ts";
import type { Ingested, Origin, Raw, Source } from "./source.ts";

/** One audit event: streamed (`event_type`, `created_at`) or a line of `audit_json.log` (`change`, `time`). */
const auditEvent = z.looseObject({
  id: z.union([z.int(), z.string().max(128)]).nullish(),
  event_type: z.string().max(256).nullish(),
  created_at: z.string().max(64).nullish(),
  time: z.string().max(64).nullish(),
  author_name: z.string().max(256).nullish(),
  ip_address: z.string().max(256).nullish(),
  entity_path: z.string().max(1024).nullish(),
  target_details: z.unknown().optional(),
});

export const gitlabAudit: Source = {
  id: "gitlab-audit",
  title: "GitLab audit events",
  cannotSee: [
    "Clones and downloads, unless audit events are streamed, which needs GitLab Ultimate",
    "Whether a git-upload-pack was a clone or only an update: both are counted as a read of unknown size",
    "Objects of Git LFS and of the package and model registries",
    "Who uses a deploy token that several share",
  ],
  requires: [
    "Audit event streaming of the group or instance to an HTTP destination, with its verification token",
    "Else audit_json.log, which holds changes of visibility, members and tokens, and no reads",
  ],
  logsources: [{ product: "gitlab", service: "audit" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = auditEvent.safeParse(value);
  if (!read.success) return problemOf(read.error, "event");
  const it = read.data;
  const stamp = it.created_at ?? it.time ?? "";
  const time = timeOf(stamp);
  if (time === undefined) return refuse("created_at: not a time");
  const details = value.details;
  const author = nameOf(it.author_name ?? textOf(details, "author_name"));
  const text = it.ip_address || textOf(details, "ip_address");
  const address = text ? plainAddress(text) : undefined;
  const path =
    it.entity_path ||
    (textOf(value, "target_type") === "Project" || textOf(value, "entity_type") === "Project"
      ? textOf(value, "target_details")
      : undefined);
  const { operation, call } = meaningOf(value);
  const opened = sharedWith(value);
  const raw = JSON.stringify(value);
  return found(
    repositoryEvent({
      id: idOf("gitlab", from.source, it.id ?? raw, stamp),
      from,
      time,
      product: "GitLab",
      principal: author ?? `anonymous@${address ?? "unknown"}`,
      ...(author === undefined && { vouched: false }),
      uid: it.id == null ? undefined : String(it.id),
      originalTime: stamp,
      raw,
      operation,
      call,
      service: "gitlab",
      artifact: path ? gitAddress("gitlab.com", path) : undefined,
      failed: false,
      address,
      detail: {
        ...(opened && { shared_with: opened }),
        ...(textOf(details, "custom_message", "protocol") !== undefined && {
          protocol: textOf(details, "custom_message", "protocol"),
        }),
      },
    }),
    value,
  );
}

function meaningOf(value: Raw): { operation: string; call: string } {
  const type = textOf(value, "event_type") ?? textOf(value, "change") ?? textOf(value, "add") ?? "unknown";
  const git = textOf(value, "details", "custom_message", "action");
  if (type === "repository_git_operation") {
    return { operation: git === "git-receive-pack" ? "upload" : "download", call: git ?? type };
  }
  if (/repository_download_operation|project_export/.test(type)) return { operation: "download", call: type };
  if (/visibility/.test(type) || textOf(value, "details", "change") === "visibility") {
    return { operation: "configure", call: type };
  }
  if (
    /(token|deploy_key|ssh_key|access_token).*(create|add)|(create|add).*(token|deploy_key|ssh_key)|_token_created$/.test(
      type,
    )
  ) {
    return { operation: "create-key", call: type };
  }
  return { operation: /member.*(add|create)|user_access/.test(type) ? "grant" : "request", call: type };
}

/** `public` when a project was opened: a streamed event has the change in `details`, a line of the log in itself. */
function sharedWith(value: Raw): string[] | undefined {
  const changes = [value, at(value, "details")];
  const visible = changes.some(
    (it) => textOf(it, "change") === "visibility" && textOf(it, "to")?.toLowerCase() === "public",
  );
  return visible ? ["public"] : undefined;
}
