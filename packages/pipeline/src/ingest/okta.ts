import { z } from "zod";
import { plainAddress } from "../networks.ts";
import { degrees, deeds, identityEvent, type Deed, type Location } from "./identity.ts";
import { at, found, nameOf, numberOf, problemOf, readJson, refuse, textOf } from "./json-records.ts";
import { idOf, timeOf } from "./ocsf.ts";
import { isRecord, quote, type Ingested, type Origin, type Raw, type Source } from "./source.ts";

/** One `LogEvent` of Okta's System Log, as far as we use it. */
const logEvent = z.looseObject({
  uuid: z.string().min(1).max(256).optional(),
  published: z.string().max(64),
  eventType: z.string().min(1).max(256),
});

export const okta: Source = {
  id: "okta",
  title: "Okta System Log",
  cannotSee: [
    "What a session is used for after the sign-in: Okta sees no bucket, registry or cluster",
    "Sign-ins that do not go through Okta: local accounts, keys, VPNs",
    "A stolen session cookie: its use looks like its owner's",
    "Where a client really is: country and place are guessed from its address",
  ],
  requires: [
    "An API token or a log stream (EventBridge, event hooks) that reads the System Log",
    "Behaviour detection for new devices and places, where the plan has it",
  ],
  logsources: [{ product: "okta", service: "okta" }, { category: "identity" }],

  read: (record, from) => readJson(record, unwrap, (value) => one(value, from)),
};

/** An event hook's batch; a stream's record stands in `detail`. */
function unwrap(value: Raw): readonly unknown[] | undefined {
  const events = at(value, "data", "events");
  if (Array.isArray(events)) return events;
  return isRecord(value.detail) && "detail-type" in value ? [value.detail] : undefined;
}

function one(value: Raw, from: Origin): Ingested {
  const read = logEvent.safeParse(value);
  if (!read.success) return problemOf(read.error, "event");
  const { uuid, published, eventType } = read.data;
  const time = timeOf(published);
  if (time === undefined) return refuse(`published: not a time: ${quote(published)}`);
  const text = JSON.stringify(value);
  const address = textOf(value, "client", "ipAddress");
  const target = targets(value);
  const user = target.find((it) => textOf(it, "type") === "User");
  const actor = nameOf(textOf(value, "actor", "alternateId") ?? textOf(value, "actor", "id"));
  return found(
    identityEvent({
      id: uuid === undefined ? idOf("okta", from.source, text) : idOf("okta", uuid),
      from,
      time,
      product: "Okta",
      principal: actor ?? "unknown",
      ...(actor === undefined && { vouched: false }),
      uid: uuid,
      originalTime: published,
      raw: text,
      deed: deedOf(eventType, value),
      call: eventType,
      failed: failedOf(textOf(value, "outcome", "result")),
      subject: nameOf(textOf(user, "alternateId")),
      service:
        textOf(
          target.find((it) => textOf(it, "type") === "AppInstance"),
          "displayName",
        ) ?? "Okta",
      credential: textOf(value, "transaction", "detail", "requestApiTokenId"),
      address: address === undefined ? undefined : plainAddress(address),
      agent: textOf(value, "client", "userAgent", "rawUserAgent"),
      location: locationOf(at(value, "client", "geographicalContext")),
      granted: textOf(value, "debugContext", "debugData", "privilegeGranted") ?? textOf(groupOf(target), "displayName"),
      detail: detailOf(value),
    }),
    value,
  );
}

function targets(value: Raw): Raw[] {
  return Array.isArray(value.target) ? value.target.filter(isRecord).slice(0, 100) : [];
}

function groupOf(target: readonly Raw[]): Raw | undefined {
  return target.find((it) => textOf(it, "type") === "UserGroup");
}

function failedOf(result: string | undefined): boolean | undefined {
  if (result === "FAILURE" || result === "DENY") return true;
  return result === "SUCCESS" || result === "ALLOW" || result === "CHALLENGE" ? false : undefined;
}

function locationOf(from: unknown): Location {
  return {
    country: textOf(from, "country"),
    city: textOf(from, "city"),
    latitude: degrees(numberOf(from, "geolocation", "lat"), 90),
    longitude: degrees(numberOf(from, "geolocation", "lon"), 180),
  };
}

/** What Okta's own judgement says: text such as `{New Device=POSITIVE, New Country=NEGATIVE}`. */
function detailOf(value: Raw): Record<string, unknown> {
  const debug = at(value, "debugContext", "debugData");
  const behaviours = textOf(debug, "behaviors") ?? "";
  const session = textOf(value, "authenticationContext", "externalSessionId");
  return {
    ...(/New Device=POSITIVE/.test(behaviours) && { new_device: true }),
    ...(/New (Country|Geo-Location|City|State)=POSITIVE/.test(behaviours) && { new_place: true }),
    ...(textOf(debug, "threatSuspected") === "true" && { threat_suspected: true }),
    ...(at(value, "securityContext", "isProxy") === true && { proxy: true }),
    ...(session !== undefined && { session }),
    ...(textOf(value, "outcome", "reason") !== undefined && { reason: textOf(value, "outcome", "reason") }),
  };
}

/** By Okta's catalogue of event types. */
function deedOf(type: string, value: Raw): Deed {
  const known = deedsByType.get(type);
  if (known) return known;
  if (type.startsWith("user.authentication.")) {
    const refused = /REJECTED|DENIED|DECLINED/i.test(textOf(value, "outcome", "reason") ?? "");
    return refused && type === "user.authentication.auth_via_mfa" ? deeds.mfaRefuse : deeds.signIn;
  }
  if (type.startsWith("user.mfa.factor.")) return deeds.mfaEnable;
  if (type.startsWith("user.account.") || type.startsWith("user.lifecycle.")) return deeds.account;
  return deeds.request;
}

const deedsByType: ReadonlyMap<string, Deed> = new Map<string, Deed>([
  ["user.session.start", deeds.signIn],
  ["user.session.end", deeds.signOut],
  ["user.mfa.okta_verify.deny_push", deeds.mfaRefuse],
  ["user.mfa.factor.deactivate", deeds.mfaDisable],
  ["user.mfa.factor.reset_all", deeds.mfaDisable],
  ["user.mfa.factor.suspend", deeds.mfaDisable],
  ["user.account.reset_password", deeds.passwordChange],
  ["user.account.update_password", deeds.passwordChange],
  ["user.account.privilege.grant", deeds.grant],
  ["user.account.report_suspicious_activity_by_enduser", deeds.threat],
  ["user.lifecycle.create", deeds.accountCreate],
  ["user.lifecycle.deactivate", deeds.accountDisable],
  ["user.lifecycle.suspend", deeds.accountDisable],
  ["user.lifecycle.delete.initiated", deeds.accountDelete],
  ["user.lifecycle.activate", deeds.accountEnable],
  ["user.lifecycle.reactivate", deeds.accountEnable],
  ["user.lifecycle.unsuspend", deeds.accountEnable],
  ["group.user_membership.add", deeds.group],
  ["system.api_token.create", deeds.createKey],
  ["app.oauth2.credentials.lifecycle.create", deeds.createKey],
  ["security.threat.detected", deeds.threat],
  ["user.risk.detect", deeds.threat],
]);
