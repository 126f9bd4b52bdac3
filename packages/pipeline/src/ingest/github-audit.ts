import { z } from "zod";
import { gitAddress } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { found, nameOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { repositoryEvent } from "./repository-events.ts";
import type { Ingested, Origin, Raw, Source } from "./source.ts";

/** One entry, as far as we use it. Times are ms since 1970; exports of others write text. */
const entry = z.looseObject({
  action: z.string().min(1).max(256),
  _document_id: z.string().max(256).nullish(),
  "@timestamp": z.union([z.int().nonnegative(), z.string().max(64)]).nullish(),
  created_at: z.union([z.int().nonnegative(), z.string().max(64)]).nullish(),
  actor: z.string().max(256).nullish(),
  actor_ip: z.string().max(256).nullish(),
  repo: z.union([z.string().max(512), z.array(z.string().max(512)).max(100)]).nullish(),
  user_agent: z.string().nullish(),
});

export const githubAudit: Source = {
  id: "github-audit",
  title: "GitHub audit log",
  cannotSee: [
    "Clones, fetches and downloads of archives, unless git events are streamed: the plain log leaves them out",
    "Objects of Git LFS, where weights usually lie: a clone's record says nothing of their bytes",
    "Where the actor was, unless the organisation has switched on the display of addresses",
    "Who uses a deploy key or a token that several share",
  ],
  requires: [
    "GitHub Enterprise Cloud with audit log streaming, which carries git events; by the API they need `include=git` and last 7 days",
    "Source address disclosure, in the organisation's audit log settings",
  ],
  logsources: [{ product: "github", service: "audit" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = entry.safeParse(value);
  if (!read.success) return problemOf(read.error, "entry");
  const it = read.data;
  const stamp = it["@timestamp"] ?? it.created_at;
  const time = typeof stamp === "number" ? stamp : timeOf(stamp ?? "");
  if (time === undefined) return refuse("@timestamp: not a time");
  const raw = JSON.stringify(value);
  const repository = [it.repo ?? textOf(value, "repository")].flat()[0];
  const actor = nameOf(it.actor ?? undefined);
  const address = it.actor_ip ? plainAddress(it.actor_ip) : undefined;
  const person = nameOf(textOf(value, "external_identity_nameid"));
  const opened = sharedWith(it.action, value);
  return found(
    repositoryEvent({
      id: it._document_id ? idOf("github", it._document_id) : idOf("github", from.source, raw),
      from,
      time,
      product: "GitHub",
      principal: actor ?? `anonymous@${address ?? "unknown"}`,
      ...(actor === undefined && { vouched: false }),
      uid: it._document_id ?? undefined,
      originalTime: String(stamp),
      raw,
      operation: operationOf(it.action),
      call: it.action,
      service: "github",
      artifact: repository ? gitAddress("github.com", repository) : undefined,
      // The log holds what was done; what was refused is not in it.
      failed: false,
      credential: textOf(value, "hashed_token") ?? textOf(value, "token_id"),
      address,
      agent: it.user_agent ?? undefined,
      detail: {
        ...(opened && { shared_with: opened }),
        ...(person !== undefined && { person }),
        ...(textOf(value, "visibility") !== undefined && { visibility: textOf(value, "visibility") }),
        ...(textOf(value, "user") !== undefined && { subject: textOf(value, "user") }),
        ...(textOf(value, "actor_location", "country_code") !== undefined && {
          country: textOf(value, "actor_location", "country_code"),
        }),
        ...(textOf(value, "programmatic_access_type") !== undefined && {
          access: textOf(value, "programmatic_access_type"),
        }),
      },
    }),
    value,
  );
}

/** `public`, or `account:<name>` where a repository moves to another owner or a stranger is let in. */
function sharedWith(action: string, value: Raw): string[] | undefined {
  const visible = textOf(value, "visibility")?.toLowerCase();
  const before = textOf(value, "previous_visibility")?.toLowerCase();
  if (action === "repo.access" || action === "repo.change_visibility" || action === "repo.create") {
    return visible === "public" && before !== "public" ? ["public"] : undefined;
  }
  if (action.startsWith("repo.transfer")) return [`account:${textOf(value, "new_owner") ?? "unknown"}`];
  if (action === "org.add_outside_collaborator") return [`account:${textOf(value, "user") ?? "unknown"}`];
  if (action === "private_repository_forking.enable") return ["account:members"];
  return undefined;
}

function operationOf(action: string): string {
  const known = operations.get(action);
  if (known !== undefined) return known;
  if (
    /^(personal_access_token\.(access_granted|create)|deploy_key\.create|public_key\.create|oauth_application\.(create|generate_client_secret)|integration\.generate_client_secret|integration_installation\.create)$/.test(
      action,
    )
  ) {
    return "create-key";
  }
  return "request";
}

const operations: ReadonlyMap<string, string> = new Map([
  ["git.clone", "download"],
  ["git.fetch", "fetch"],
  ["git.push", "upload"],
  ["repo.download_zip", "download"],
  ["repo.access", "configure"],
  ["repo.change_visibility", "configure"],
  ["repo.transfer", "configure"],
  ["repo.transfer_start", "configure"],
  ["repo.transfer_outgoing", "configure"],
  ["private_repository_forking.enable", "configure"],
  ["org.add_outside_collaborator", "configure"],
  ["repo.add_member", "grant"],
  ["repo.destroy", "delete"],
  ["org.remove_member", "offboard"],
  ["org.remove_outside_collaborator", "offboard"],
  ["business.remove_member", "offboard"],
  ["org.add_member", "reinstate"],
]);
