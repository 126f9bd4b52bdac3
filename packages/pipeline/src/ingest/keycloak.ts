import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { deeds, identityEvent, type Deed } from "./identity.ts";
import { found, nameOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import type { Ingested, Origin, Raw, Source } from "./source.ts";

/** One user event of Keycloak, as its REST interface and its webhooks give it. */
const userEvent = z.looseObject({
  id: z.string().max(256).nullish(),
  time: z.union([z.int().nonnegative(), z.string().max(64)]),
  type: z.string().min(1).max(128),
  realmId: z.string().max(256).nullish(),
  clientId: z.string().max(256).nullish(),
  userId: z.string().max(256).nullish(),
  sessionId: z.string().max(256).nullish(),
  ipAddress: z.string().max(256).nullish(),
  error: z.string().max(1024).nullish(),
});

export const keycloak: Source = {
  id: "keycloak",
  title: "OpenID Connect provider: Keycloak user events",
  cannotSee: [
    "What a token is used for after it was issued",
    "Whether a second factor was asked for and denied, unless the flow reports it as an error",
    "Where a client is: Keycloak tells its address, and behind a proxy only if it is told to trust it",
    "What administrators do: that is its other log",
  ],
  requires: [
    "Save events switched on in the realm, for logins, tokens and credentials",
    "An event listener that posts them as JSON, or a copy of what GET /admin/realms/{realm}/events answers",
  ],
  logsources: [{ product: "keycloak", service: "event" }, { category: "identity" }],

  read: (record, from) =>
    readJson(
      record,
      () => undefined,
      (value) => one(value, from),
    ),
};

function one(value: Raw, from: Origin): Ingested {
  const read = userEvent.safeParse(value);
  if (!read.success) return problemOf(read.error, "event");
  const it = read.data;
  const time = typeof it.time === "number" ? it.time : timeOf(it.time);
  if (time === undefined) return refuse("time: not a time");
  const details = value.details;
  const name = nameOf(textOf(details, "username") ?? it.userId ?? undefined);
  const client = it.clientId ? `client:${it.clientId}` : undefined;
  const failed = it.error != null || it.type.endsWith("_ERROR");
  const raw = JSON.stringify(value);
  return found(
    identityEvent({
      id: it.id ? idOf("keycloak", it.id) : idOf("keycloak", from.source, raw),
      from,
      time,
      product: "Keycloak",
      principal: name ?? client ?? "unknown",
      ...((name ?? client) === undefined && { vouched: false }),
      uid: it.id ?? undefined,
      originalTime: String(it.time),
      raw,
      deed: deedOf(it.type.replace(/_ERROR$/, ""), textOf(details, "credential_type")),
      call: it.type,
      failed,
      service: it.clientId || "Keycloak",
      address: it.ipAddress ? plainAddress(it.ipAddress) : undefined,
      detail: {
        ...(it.realmId && { realm: it.realmId }),
        ...(it.sessionId && { session: it.sessionId }),
        ...(it.error && { reason: it.error }),
      },
    }),
    value,
  );
}

function deedOf(type: string, credential: string | undefined): Deed {
  switch (type) {
    case "LOGIN":
    case "CLIENT_LOGIN":
    case "CODE_TO_TOKEN":
    case "TOKEN_EXCHANGE":
    case "IMPERSONATE":
      return deeds.signIn;
    case "LOGOUT":
      return deeds.signOut;
    case "REMOVE_TOTP":
      return deeds.mfaDisable;
    case "UPDATE_TOTP":
      return deeds.mfaEnable;
    case "UPDATE_PASSWORD":
    case "RESET_PASSWORD":
      return deeds.passwordChange;
    case "REMOVE_CREDENTIAL":
      return credential === "password" ? deeds.passwordChange : deeds.mfaDisable;
    case "UPDATE_CREDENTIAL":
      return credential === "password" ? deeds.passwordChange : deeds.mfaEnable;
    case "REGISTER":
      return deeds.accountCreate;
    default:
      return deeds.account;
  }
}
