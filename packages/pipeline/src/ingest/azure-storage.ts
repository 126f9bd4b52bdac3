/** Blob Storage's own log: as a diagnostic setting writes it, and as Log Analytics names the same fields. */
import { azAddress, decodeOnce, looksLikeWeights } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { found, nameOf, numberOf, refuse, textOf } from "./json-records.ts";
import { activity, bytesOf, clientEndpoint, essentials, fileObject, idOf, portIn, timeOf } from "./ocsf.ts";
import { isRecord, printJson, quote, type Ingested, type Origin, type Raw } from "./source.ts";

/** One request, in names of our own. */
interface Request {
  readonly time: string;
  readonly operation: string;
  readonly status: number | undefined;
  readonly address: string | undefined;
  readonly port: number | undefined;
  readonly account: string | undefined;
  readonly key: string | undefined;
  readonly how: string | undefined;
  readonly token: string | undefined;
  readonly person: string | undefined;
  readonly application: string | undefined;
  readonly bytes: number | undefined;
  readonly agent: string | undefined;
  readonly source: string | undefined;
  readonly uid: string | undefined;
}

/** One line of StorageRead, StorageWrite or StorageDelete. */
export function azureStorage(value: Raw, from: Origin): Ingested {
  const it = requestOf(value);
  const time = timeOf(it.time);
  if (time === undefined) return refuse(`time: not a time: ${quote(it.time)}`);
  const raw = withoutSecrets(value);
  const text = printJson(raw) ?? "";
  const path = pathOf(it.key, it.account);
  const { operation, as } = meaningOf(it);
  const artifact = it.account === undefined ? undefined : azAddress(it.account, path);
  const name = path.length > 1 ? path.slice(1).join("/") : undefined;
  const failed = it.status !== undefined && it.status >= 400;
  const bytes = operation === "download" && !failed ? it.bytes : undefined;
  const from_ = operation === "copy" ? sourceOf(it.source) : undefined;
  const who = whoIs(it);
  return found(
    {
      ...essentials({
        // A correlation id is the request's own, and a client may send one of its choice beside it, which is not this.
        id: idOf("azure", from.source, it.uid, it.time, it.operation, it.key),
        from,
        time,
        activity: as,
        product: "Azure Storage",
        principal: who.principal,
        uid: it.uid,
        originalTime: it.time,
        raw: text,
      }),
      ...(it.status !== undefined && { status_id: failed ? 2 : 1, status_code: String(it.status) }),
      operation,
      ...((from_ ?? artifact) !== undefined && { artifact: from_ ?? artifact }),
      ...(name !== undefined && { weights: looksLikeWeights(from_ ?? name) }),
      ...(who.credential !== undefined && { credential: who.credential }),
      ...(bytes !== undefined && { bytes }),
      ...(bytes !== undefined && it.status === 200 && { range: { start: 0, end: bytes } }),
      actor: { user: { uid: who.principal, ...(who.credential !== undefined && { credential_uid: who.credential }) } },
      src_endpoint: clientEndpoint(it.address, it.port),
      api: { operation: it.operation, service: { name: "blob.core.windows.net" } },
      databucket: {
        name: path[0] ?? it.account ?? "unknown",
        type_id: 2,
        ...(artifact !== undefined && { uid: artifact }),
        ...(name !== undefined && { file: fileObject(name) }),
      },
      ...(it.agent !== undefined && { http_request: { user_agent: it.agent } }),
      ...(it.status !== undefined && { http_response: { code: it.status } }),
      unmapped: {
        auth_type: it.how ?? "unknown",
        ...(from_ !== undefined && artifact !== undefined && { copied_to: artifact }),
      },
    },
    raw,
  );
}

function requestOf(value: Raw): Request {
  const properties = value.properties;
  const text = (plain: string, table: string, from: unknown = value) => textOf(from, plain) ?? textOf(value, table);
  const address = text("callerIpAddress", "CallerIpAddress");
  const identity = value.identity;
  return {
    time: text("time", "TimeGenerated") ?? "",
    operation: text("operationName", "OperationName") ?? "unknown",
    status: numberOf(value, "statusCode") ?? numberOf(value, "StatusCode"),
    // `203.0.113.7:44321`, and `10.0.0.1` from a private endpoint.
    port: address === undefined ? undefined : portIn(address),
    address:
      address === undefined
        ? undefined
        : plainAddress(address.replace(/^([\d.]+):\d+$/, "$1").replace(/^\[(.+)\]:\d+$/, "$1")),
    account: text("accountName", "AccountName", properties),
    key: text("objectKey", "ObjectKey", properties),
    how: textOf(identity, "type") ?? textOf(value, "AuthenticationType"),
    token: textOf(identity, "tokenHash") ?? textOf(value, "AuthenticationHash"),
    person: textOf(identity, "requester", "upn") ?? textOf(value, "RequesterUpn"),
    application:
      textOf(identity, "requester", "objectId") ??
      textOf(identity, "requester", "appId") ??
      textOf(value, "RequesterObjectId") ??
      textOf(value, "RequesterAppId"),
    bytes: bytesOf(numberOf(properties, "responseBodySize") ?? numberOf(value, "ResponseBodySize")),
    agent: text("userAgentHeader", "UserAgentHeader", properties),
    source: text("sourceUri", "SourceUri", properties),
    uid: text("correlationId", "CorrelationId"),
  };
}

/** `/account/container/blob/path`, percent-encoded or not; the account's own name in front is left out. */
function pathOf(key: string | undefined, account: string | undefined): string[] {
  const parts = (key ?? "").split("/").filter((it, i) => i > 0 || it !== "");
  const rest = parts[0]?.toLowerCase() === account?.toLowerCase() ? parts.slice(1) : parts;
  return rest.map(decodeOnce);
}

/** The blob that a copy was made of: `https://account.blob.core.windows.net/container/blob?…`. */
function sourceOf(uri: string | undefined): string | undefined {
  const found = /^https:\/\/([^./]+)\.(?:blob|dfs)\.[^/]+\/([^?]+)/.exec(uri ?? "");
  return found ? azAddress(found[1] ?? "", (found[2] ?? "").split("/").map(decodeOnce)) : undefined;
}

/** Who the service vouches for: a person, an application, else whoever has the key or the signature. */
function whoIs({ how, token, person, application, account, address }: Request) {
  const hash = /SasSignature\(([^)]{1,128})\)/.exec(token ?? "")?.[1] ?? token;
  const name = nameOf(person) ?? application;
  if (name !== undefined) return { principal: name, credential: undefined };
  switch (how?.toLowerCase()) {
    case "sas":
      return { principal: `sas:${hash ?? account ?? "unknown"}`, credential: hash };
    case "accountkey":
      return { principal: `account-key:${account ?? "unknown"}`, credential: hash };
    case "anonymous":
      return { principal: `anonymous@${address ?? "unknown"}`, credential: undefined };
    default:
      return { principal: hash === undefined ? `anonymous@${address ?? "unknown"}` : `key:${hash}`, credential: hash };
  }
}

/** A log without the secrets in addresses: Azure blots signatures out itself, but not in every field of every version. */
function withoutSecrets(value: Raw): Raw {
  const clean = (it: unknown): unknown => {
    if (typeof it === "string") return it.replace(/([?&]sig=)[^&\s"]+/gi, "$1…");
    return isRecord(it) ? Object.fromEntries(Object.entries(it).map(([name, inner]) => [name, clean(inner)])) : it;
  };
  const cleaned = clean(value);
  return isRecord(cleaned) ? cleaned : {};
}

interface Meaning {
  readonly operation: string;
  readonly as: readonly [number, number];
}

function meaningOf({ operation, status, source }: Request): Meaning {
  const name = operation.toLowerCase();
  const known = meanings.get(name);
  if (known?.operation === "download" && status === 304) return { operation: "stat", as: activity.datastoreRead };
  if (known) return known;
  if (source !== undefined && /copy|fromurl/.test(name)) return { operation: "copy", as: activity.datastoreRead };
  if (name.startsWith("delete")) return { operation: "delete", as: activity.datastoreDelete };
  if (/^(put|append|create|undelete|rename)/.test(name)) return { operation: "upload", as: activity.datastoreWrite };
  if (/^get.*(properties|metadata|tags)$/.test(name)) return { operation: "stat", as: activity.datastoreRead };
  return { operation: "request", as: [6005, 99] };
}

/** The service's names of operations, which it writes in differing case. */
const meanings: ReadonlyMap<string, Meaning> = new Map<string, Meaning>([
  ["getblob", { operation: "download", as: activity.datastoreRead }],
  ["readfile", { operation: "download", as: activity.datastoreRead }],
  ["queryblobcontents", { operation: "download", as: activity.datastoreRead }],
  ["listblobs", { operation: "list", as: activity.datastoreList }],
  ["listfilesystemdir", { operation: "list", as: activity.datastoreList }],
  ["listcontainers", { operation: "catalog", as: activity.datastoreList }],
  ["listfilesystems", { operation: "catalog", as: activity.datastoreList }],
  ["setcontaineracl", { operation: "configure", as: activity.datastoreWrite }],
  ["getuserdelegationkey", { operation: "presign", as: [6005, 99] }],
]);
