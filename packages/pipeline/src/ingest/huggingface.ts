import { hfAddress } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { at, found, nameOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { repositoryEvent } from "./repository-events.ts";
import { isRecord, quote, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** Longest name of an event, and longest description that is read, in UTF-16 units. */
const maxName = 256;
const maxText = 4096;

/**
 * An organisation's audit log on the Hugging Face hub. Its documentation names what is logged and not the fields of the JSON file, so
 * several spellings are accepted: the shape is unverified.
 */
export const huggingface: Source = {
  id: "huggingface",
  title: "Hugging Face organisation audit log (shape unverified)",
  cannotSee: [
    "Downloads: the hub logs changes of repositories, members and tokens, and no reads at all",
    "Where somebody was: addresses are shortened by the hub",
    "What a member does outside the organisation's repositories",
    "Fields that the documentation does not name: a record that cannot be understood is rejected and counted",
  ],
  requires: [
    "A Team or Enterprise plan, and the log's JSON file, downloaded from the organisation's settings",
    "Reads must be seen elsewhere: at the client, by a proxy, or by the agent",
  ],
  logsources: [{ product: "huggingface", service: "audit" }],

  read: (record, from) =>
    readJson(
      record,
      (it) => [it.logs, it.events, it.items].find(Array.isArray),
      (value) => one(value, from),
    ),
};

function first(value: Raw, ...names: readonly string[]): string | undefined {
  return names.map((it) => textOf(value, it)).find((it) => it !== undefined);
}

function one(value: Raw, from: Origin): Ingested {
  const type = first(value, "type", "event", "action", "eventType");
  if (type === undefined || type.length > maxName) return refuse("type: expected the name of an event");
  const stamp = first(value, "createdAt", "created_at", "timestamp", "date", "time") ?? "";
  const epoch = /^\d{13}$/.test(stamp) ? Number(stamp) : undefined;
  const time = epoch ?? timeOf(stamp);
  if (time === undefined) return refuse(`createdAt: not a time: ${quote(stamp)}`);
  const who = [value.author, value.user, value.actor].find((it) => it !== undefined);
  const actor = nameOf(
    typeof who === "string"
      ? who
      : (textOf(who, "name") ?? textOf(who, "user") ?? textOf(who, "username") ?? textOf(who, "email")),
  );
  const place = [value.ip, value.ipAddress, at(value, "location", "ip")].find((it) => typeof it === "string");
  const text = (first(value, "message", "description", "details") ?? "").slice(0, maxText);
  const repository = repositoryOf(value);
  const raw = JSON.stringify(value);
  const opened = opens(type, value, text) ? ["public"] : undefined;
  return found(
    repositoryEvent({
      id: idOf("huggingface", from.source, first(value, "id", "_id") ?? raw),
      from,
      time,
      product: "Hugging Face hub",
      principal: actor ?? "unknown",
      ...(actor === undefined && { vouched: false }),
      uid: first(value, "id", "_id"),
      originalTime: stamp,
      raw,
      operation: opened ? "configure" : operationOf(type),
      call: type,
      service: "huggingface.co",
      artifact: repository === undefined ? undefined : hfAddress(repository.split("/"), []),
      failed: false,
      address: typeof place === "string" ? plainAddress(place) : undefined,
      detail: { ...(opened && { shared_with: opened }), ...(text !== "" && { description: text }) },
    }),
    value,
  );
}

/** `acme/acme-13b`, given as text or as an object with a name; data sets and spaces keep their prefix. */
function repositoryOf(value: Raw): string | undefined {
  const given = [value.repo, value.repository, value.resource, value.target].find((it) => it !== undefined);
  const name = typeof given === "string" ? given : (textOf(given, "name") ?? textOf(given, "id"));
  if (name === undefined || !/^[\w./-]{1,300}$/.test(name)) return undefined;
  const kind = isRecord(given) ? textOf(given, "type") : undefined;
  return kind === "dataset" || kind === "space" ? `${kind}s/${name}` : name;
}

/** Whether a repository became public: by a field of the change, else by the words that describe it. */
function opens(type: string, value: Raw, text: string): boolean {
  if (!/^repo/i.test(type)) return false;
  const changed = [value, value.changes, value.params, value.data].some(
    (it) => at(it, "private") === false || textOf(it, "visibility") === "public" || textOf(it, "to") === "public",
  );
  return changed || /\b(visibility|made)\b[^.]{0,80}\bpublic\b/i.test(text);
}

function operationOf(type: string): string {
  const name = type.toLowerCase();
  if (/token.*(creat|authori|approv|rotat)|(creat|rotat|approv).*token/.test(name)) return "create-key";
  if (/^repo.*(duplicat)/.test(name)) return "copy";
  if (/^repo.*(delet)/.test(name)) return "delete";
  if (/(member|user|invite|join|role)/.test(name)) return "grant";
  return "request";
}
