/** What the logs of identity providers share: a sign-in, a changed factor, a new key, a warning; and the objects OCSF wants for each. */
import type { OcsfEvent } from "@outweigh/schema";
import { activity, clientEndpoint, essentials, type Essentials } from "./ocsf.ts";

/** What was done, and as which class and activity of OCSF. */
export interface Deed {
  readonly as: readonly [number, number];
  /**
   * `logon`, `logoff`, `mfa-refuse` (a prompt that was denied), `mfa-change`, `password-change`, `create-key`, `grant`,
   * `threat` (the provider's own warning), `offboard` (an account was closed), `reinstate`, `request` for the rest.
   */
  readonly operation: string;
}

export const deeds = {
  signIn: { as: activity.logon, operation: "logon" },
  signOut: { as: activity.logoff, operation: "logoff" },
  mfaRefuse: { as: activity.authenticationOther, operation: "mfa-refuse" },
  mfaEnable: { as: activity.accountMfaEnable, operation: "mfa-change" },
  mfaDisable: { as: activity.accountMfaDisable, operation: "mfa-change" },
  passwordChange: { as: activity.accountPasswordReset, operation: "password-change" },
  accountCreate: { as: activity.accountCreate, operation: "request" },
  account: { as: activity.accountOther, operation: "request" },
  accountDisable: { as: activity.accountDisable, operation: "offboard" },
  accountDelete: { as: activity.accountDelete, operation: "offboard" },
  accountEnable: { as: activity.accountEnable, operation: "reinstate" },
  createKey: { as: activity.apiCreate, operation: "create-key" },
  grant: { as: activity.privilegesAssign, operation: "grant" },
  group: { as: activity.groupAddUser, operation: "request" },
  threat: { as: activity.apiOther, operation: "threat" },
  request: { as: activity.apiOther, operation: "request" },
} as const satisfies Record<string, Deed>;

/** Where a client was, as the provider guesses from its address. Degrees; `country` as the provider writes it. */
export interface Location {
  readonly country?: string | undefined;
  readonly city?: string | undefined;
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
}

interface IdentityRecord extends Omit<Essentials, "activity"> {
  readonly deed: Deed;
  /** The provider's own name of what happened. */
  readonly call: string;
  readonly failed: boolean | undefined;
  /** Whose account it is about, if that is not who acted. */
  readonly subject?: string | undefined;
  /** What was signed in to. */
  readonly service: string;
  readonly vouched?: boolean;
  readonly credential?: string | undefined;
  readonly address?: string | undefined;
  readonly agent?: string | undefined;
  readonly location?: Location | undefined;
  /** A role or group that was granted. */
  readonly granted?: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One event of an identity provider. */
export function identityEvent(it: IdentityRecord): OcsfEvent {
  const { deed, call, failed, subject, service, credential, address, agent, location, detail, ...rest } = it;
  // OCSF knows no place by its degrees alone; those stand under `unmapped`.
  const isNamed = location?.country !== undefined || location?.city !== undefined;
  return {
    ...essentials({ ...rest, activity: deed.as }),
    ...(failed !== undefined && { status_id: failed ? 2 : 1 }),
    operation: deed.operation,
    ...(credential !== undefined && { credential }),
    ...(it.vouched === false && { vouched: false }),
    actor: {
      user: { uid: it.principal, ...(credential !== undefined && { credential_uid: credential }) },
      ...(typeof detail.session === "string" && { session: { uid: detail.session } }),
    },
    src_endpoint: { ...clientEndpoint(address), ...(isNamed && { location: place(location) }) },
    api: { operation: call, service: { name: service } },
    ...(agent !== undefined && { http_request: { user_agent: agent } }),
    ...objectsOf(it),
    unmapped: {
      ...detail,
      subject: subject ?? it.principal,
      ...(location?.country !== undefined && { country: location.country }),
      ...(location?.latitude !== undefined && { latitude: location.latitude }),
      ...(location?.longitude !== undefined && { longitude: location.longitude }),
    },
  };
}

/** What the event's class requires beside what all have. */
function objectsOf({ deed, principal, subject, service, granted }: IdentityRecord): object {
  const user = { uid: subject ?? principal };
  switch (deed.as[0]) {
    case 3001:
      return { user };
    case 3002:
      return { user, service: { name: service } };
    case 3005:
      return { user, privileges: [granted ?? "unknown"] };
    case 3006:
      return { user, group: { name: granted ?? "unknown" } };
    default:
      return {};
  }
}

/** OCSF `location`. */
function place({ country, city, latitude, longitude }: Location): object {
  return {
    ...(country !== undefined && { country }),
    ...(city !== undefined && { city }),
    ...(latitude !== undefined && { lat: latitude }),
    ...(longitude !== undefined && { long: longitude }),
  };
}

/** A number of degrees, if it is one. */
export function degrees(value: number | undefined, most: 90 | 180): number | undefined {
  return value === undefined || Math.abs(value) > most ? undefined : value;
}
