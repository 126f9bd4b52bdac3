import { plainAddress } from "../networks.ts";
import { degrees, deeds, identityEvent, type Deed, type Location } from "./identity.ts";
import { at, found, nameOf, numberOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { isRecord, quote, skip, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

export const entra: Source = {
  id: "entra",
  title: "Microsoft Entra ID: sign-ins and audit",
  cannotSee: [
    "What a token is used for after the sign-in",
    "Sign-ins of applications and of silent refreshes, unless their own categories are exported too",
    "A stolen token: its use looks like its owner's, save for the address",
    "Where a client really is: country and place are guessed from its address",
  ],
  requires: [
    "A diagnostic setting that exports SignInLogs, NonInteractiveUserSignInLogs, ServicePrincipalSignInLogs and AuditLogs",
    "A licence (P1 or P2): without it sign-ins are not exported, and risk is not told",
  ],
  logsources: [
    { product: "azure", service: "signinlogs" },
    { product: "azure", service: "auditlogs" },
    { category: "identity" },
  ],

  read: (record, from) => readJson(record, unwrapAzure, (value) => entraRecord(value, from)),
};

/** `{"records":[…]}` of an event hub, or `{"value":[…]}` of Microsoft Graph. */
export function unwrapAzure(value: Raw): readonly unknown[] | undefined {
  if (Array.isArray(value.records)) return value.records;
  return Array.isArray(value.value) ? value.value : undefined;
}

/** One sign-in or audit entry, in Azure Monitor's envelope or as Graph gives it. */
export function entraRecord(value: Raw, from: Origin): Ingested {
  const properties = isRecord(value.properties) ? value.properties : value;
  const signIn =
    "userPrincipalName" in properties || "servicePrincipalName" in properties || "servicePrincipalId" in properties;
  const audit = "activityDisplayName" in properties || "initiatedBy" in properties;
  if (!signIn && !audit) return skip("neither a sign-in nor an audit entry");
  const stamp =
    textOf(properties, "createdDateTime") ?? textOf(properties, "activityDateTime") ?? textOf(value, "time") ?? "";
  const time = timeOf(stamp);
  if (time === undefined) return refuse(`createdDateTime: not a time: ${quote(stamp)}`);
  return signIn && !audit
    ? signedIn({ value, properties, time, stamp, from })
    : audited({ value, properties, time, stamp, from });
}

interface Parts {
  readonly value: Raw;
  readonly properties: Raw;
  readonly time: number;
  readonly stamp: string;
  readonly from: Origin;
}

function essentialsOf({ value, properties, time, stamp, from }: Parts) {
  const uid = textOf(properties, "id") ?? textOf(value, "correlationId");
  const raw = JSON.stringify(value);
  // An id of their own have these records in Graph alone; a correlation id is shared by all steps of one sign-in.
  const own = textOf(properties, "id");
  return {
    id: own === undefined ? idOf("entra", from.source, raw) : idOf("entra", own),
    from,
    time,
    product: "Entra ID",
    uid,
    originalTime: stamp,
    raw,
  };
}

function signedIn(parts: Parts): Ingested {
  const { value, properties } = parts;
  const code = numberOf(properties, "status", "errorCode") ?? numberOf(value, "resultType") ?? 0;
  const application = textOf(properties, "servicePrincipalName") ?? textOf(properties, "servicePrincipalId");
  const name = nameOf(textOf(properties, "userPrincipalName") ?? textOf(properties, "userId")) ?? application;
  const address = textOf(properties, "ipAddress") ?? textOf(value, "callerIpAddress");
  return found(
    identityEvent({
      ...essentialsOf(parts),
      principal: name ?? "unknown",
      ...(name === undefined && { vouched: false }),
      deed: signInDeed(code, properties),
      call: "Sign-in activity",
      failed: code !== 0,
      service: textOf(properties, "resourceDisplayName") ?? textOf(properties, "appDisplayName") ?? "Entra ID",
      credential: textOf(properties, "servicePrincipalCredentialKeyId"),
      address: address === undefined ? undefined : plainAddress(address),
      agent: textOf(properties, "userAgent"),
      location: locationOf(properties.location),
      detail: {
        error: code,
        ...(textOf(properties, "riskLevelDuringSignIn") !== undefined && {
          risk: textOf(properties, "riskLevelDuringSignIn"),
        }),
        ...(textOf(properties, "appDisplayName") !== undefined && { app: textOf(properties, "appDisplayName") }),
        ...(textOf(properties, "sessionId") !== undefined && { session: textOf(properties, "sessionId") }),
        ...(at(properties, "deviceDetail", "deviceId") === "" && { unknown_device: true }),
      },
    }),
    value,
  );
}

/** 500121: the second factor was not given, e.g. a prompt denied. 50074 and 50076 only ask for one. */
function signInDeed(code: number, properties: Raw): Deed {
  const risk = textOf(properties, "riskLevelDuringSignIn");
  if (code === 500121) return deeds.mfaRefuse;
  return code === 0 && risk === "high" ? { ...deeds.signIn, operation: "threat" } : deeds.signIn;
}

function locationOf(from: unknown): Location {
  return {
    country: textOf(from, "countryOrRegion"),
    city: textOf(from, "city"),
    latitude: degrees(numberOf(from, "geoCoordinates", "latitude"), 90),
    longitude: degrees(numberOf(from, "geoCoordinates", "longitude"), 180),
  };
}

function audited(parts: Parts): Ingested {
  const { value, properties } = parts;
  const call = textOf(properties, "activityDisplayName") ?? textOf(value, "operationName") ?? "unknown";
  const by = at(properties, "initiatedBy");
  const name =
    nameOf(textOf(by, "user", "userPrincipalName")) ?? textOf(by, "app", "displayName") ?? textOf(by, "user", "id");
  const list = Array.isArray(properties.targetResources) ? properties.targetResources.filter(isRecord) : [];
  const user = list.find((it) => textOf(it, "userPrincipalName") !== undefined);
  const address = textOf(by, "user", "ipAddress") ?? textOf(value, "callerIpAddress");
  return found(
    identityEvent({
      ...essentialsOf(parts),
      principal: name ?? "unknown",
      ...(name === undefined && { vouched: false }),
      deed: auditDeed(call),
      call,
      failed: textOf(properties, "result")?.toLowerCase() === "failure",
      subject: nameOf(textOf(user, "userPrincipalName")),
      service: textOf(properties, "loggedByService") ?? "Entra ID",
      address: address === undefined ? undefined : plainAddress(address),
      granted: textOf(list[0], "displayName"),
      detail: { ...(textOf(list[0], "displayName") !== undefined && { target: textOf(list[0], "displayName") }) },
    }),
    value,
  );
}

function auditDeed(call: string): Deed {
  const name = call.toLowerCase();
  if (/(deleted|removed|disable).*(security info|authentication|strong)/.test(name)) return deeds.mfaDisable;
  if (/security info|strong authentication|authentication method/.test(name)) return deeds.mfaEnable;
  if (/password/.test(name)) return deeds.passwordChange;
  if (/(add|update).*(credential|secret|certificate)/.test(name)) return deeds.createKey;
  if (/^disable account$/.test(name)) return deeds.accountDisable;
  if (/^(hard )?delete user$/.test(name)) return deeds.accountDelete;
  if (/^(enable account|restore user)$/.test(name)) return deeds.accountEnable;
  if (/add (eligible )?member to role/.test(name)) return deeds.grant;
  if (/add member to group/.test(name)) return deeds.group;
  return deeds.request;
}
