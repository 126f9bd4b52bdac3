/** The activity log of a subscription: who changed what, and who took keys. */
import { azAddress } from "../artifact.ts";
import { plainAddress } from "../networks.ts";
import { at, found, nameOf, refuse, textOf } from "./json-records.ts";
import { activity, clientEndpoint, essentials, idOf, portIn, timeOf } from "./ocsf.ts";
import { isRecord, parseJson, quote, skip, type Ingested, type Origin, type Raw } from "./source.ts";

/** One entry, as a diagnostic setting writes it, or with the names of Log Analytics. */
export function azureActivity(value: Raw, from: Origin): Ingested {
  const stamp = textOf(value, "time") ?? textOf(value, "TimeGenerated") ?? textOf(value, "eventTimestamp") ?? "";
  const time = timeOf(stamp);
  if (time === undefined) return refuse(`time: not a time: ${quote(stamp)}`);
  const result = (
    textOf(value, "resultType") ??
    textOf(value, "ActivityStatusValue") ??
    textOf(value, "status", "value") ??
    ""
  ).toLowerCase();
  if (/^(start|started|accept|accepted)$/.test(result))
    return skip("an operation that only began; another record says how it ended");
  const call = operationName(value);
  const who = whoIs(value);
  const text = textOf(value, "callerIpAddress") ?? textOf(value, "CallerIpAddress");
  const address = text === undefined ? undefined : plainAddress(text.replace(/^([\d.]+):\d+$/, "$1"));
  const action = actionOf(call.toLowerCase(), value);
  const raw = JSON.stringify(value);
  return found(
    {
      ...essentials({
        id: idOf("azure", from.source, raw),
        from,
        time,
        activity: action.as,
        product: "Azure",
        principal: who ?? `anonymous@${address ?? "unknown"}`,
        uid: textOf(value, "correlationId") ?? textOf(value, "CorrelationId"),
        originalTime: stamp,
        raw,
      }),
      ...(result !== "" && { status_id: /^(succe|0$)/.test(result) ? 1 : 2, status_code: result.slice(0, 64) }),
      operation: action.operation,
      ...(action.artifact !== undefined && { artifact: action.artifact }),
      ...(who === undefined && { vouched: false }),
      actor: { user: { uid: who ?? `anonymous@${address ?? "unknown"}` } },
      src_endpoint: clientEndpoint(address, portIn(text ?? "")),
      api: { operation: call, service: { name: call.split("/")[0] || "Azure" } },
      cloud: { provider: "Azure" },
      unmapped: { ...action.extra, resource: resourceOf(value) ?? "" },
    },
    // SigmaHQ's rules name the operation so.
    { ...value, operationName: call, "properties.message": call.toUpperCase(), OperationName: call },
  );
}

/** A text, or an object with it. */
function operationName(value: Raw): string {
  const found = [value.operationName, value.OperationNameValue, value.OperationName].map((it) =>
    isRecord(it) ? it.value : it,
  );
  return found.find((it): it is string => typeof it === "string" && it !== "") ?? "unknown";
}

function resourceOf(value: Raw): string | undefined {
  return textOf(value, "resourceId") ?? textOf(value, "_ResourceId") ?? textOf(value, "ResourceId");
}

const claimNames = [
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "appid",
  "http://schemas.microsoft.com/identity/claims/objectidentifier",
];

function whoIs(value: Raw): string | undefined {
  const claims = at(value, "identity", "claims");
  const claimed = claimNames.map((it) => textOf(claims, it)).find((it) => it !== undefined);
  return nameOf(
    textOf(value, "caller") ??
      textOf(value, "Caller") ??
      claimed ??
      textOf(value, "identity", "authorization", "evidence", "principalId"),
  );
}

interface Action {
  readonly operation: string;
  readonly as: readonly [number, number];
  readonly artifact?: string | undefined;
  readonly extra?: Readonly<Record<string, unknown>>;
}

function actionOf(call: string, value: Raw): Action {
  const artifact = storageOf(resourceOf(value));
  if (/\/(listkeys|regeneratekey|listaccountsas|listservicesas|listsecrets|gettoken)\/action$/.test(call)) {
    return { operation: "create-key", as: activity.apiCreate, artifact };
  }
  if (/\/(begingetaccess|getsasuri)\/action$/.test(call))
    return { operation: "presign", as: activity.apiCreate, artifact };
  if (call === "microsoft.insights/diagnosticsettings/delete")
    return { operation: "stop-logging", as: activity.apiDelete, artifact };
  if (/storageaccounts(\/blobservices\/containers)?\/write$/.test(call)) {
    return { operation: "configure", as: activity.apiUpdate, artifact, extra: { shared_with: sharedBy(value) } };
  }
  if (call.endsWith("/delete")) return { operation: "request", as: activity.apiDelete, artifact };
  if (call.endsWith("/write")) return { operation: "request", as: activity.apiUpdate, artifact };
  return { operation: "request", as: activity.apiOther, artifact };
}

/** `az://account/container` of a resource id that is one, or below one. */
function storageOf(resource: string | undefined): string | undefined {
  const found = /\/storageaccounts\/([^/]+)(?:\/blobservices\/[^/]+\/containers\/([^/]+))?/i.exec(resource ?? "");
  return found?.[1] === undefined ? undefined : azAddress(found[1], found[2] === undefined ? [] : [found[2]]);
}

/** `public` for a container that everyone may read, `block-lifted` for an account that now allows such containers. */
function sharedBy(value: Raw): string[] {
  const text = textOf(value, "properties", "requestbody") ?? textOf(value, "properties", "requestBody");
  const parsed = text === undefined ? undefined : parseJson(text);
  const asked = parsed && "value" in parsed ? at(parsed.value, "properties") : undefined;
  const access = textOf(asked, "publicAccess")?.toLowerCase();
  return [
    ...(access === "blob" || access === "container" ? ["public"] : []),
    ...(at(asked, "allowBlobPublicAccess") === true ? ["block-lifted"] : []),
  ];
}
