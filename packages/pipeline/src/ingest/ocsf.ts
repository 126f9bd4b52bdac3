/** The attributes that OCSF requires of every event, and the objects that several of our sources fill. */
import { hash } from "node:crypto";
import { ocsfVersion, type OcsfEvent } from "@outweigh/schema";
import { maxRawLength, type Origin } from "./source.ts";

/** OCSF 1.8.0: class uid and activity id of what we write. */
export const activity = {
  fileUpload: [6006, 1],
  fileDownload: [6006, 2],
  fileDelete: [6006, 4],
  fileCopy: [6006, 6],
  fileSync: [6006, 15],
  datastoreRead: [6005, 1],
  datastoreWrite: [6005, 5],
  datastoreDelete: [6005, 7],
  datastoreList: [6005, 8],
  datastoreDecrypt: [6005, 10],
  apiCreate: [6003, 1],
  apiRead: [6003, 2],
  apiUpdate: [6003, 3],
  apiDelete: [6003, 4],
  apiOther: [6003, 99],
  logon: [3002, 1],
  logoff: [3002, 2],
  authenticationOther: [3002, 99],
  accountCreate: [3001, 1],
  accountEnable: [3001, 2],
  accountPasswordReset: [3001, 4],
  accountDisable: [3001, 5],
  accountDelete: [3001, 6],
  accountMfaEnable: [3001, 10],
  accountMfaDisable: [3001, 11],
  accountOther: [3001, 99],
  entityUpdate: [3004, 3],
  privilegesAssign: [3005, 1],
  groupAddUser: [3006, 3],
  groupOther: [3006, 99],
  fileSystemCreate: [1001, 1],
  fileSystemRead: [1001, 2],
  fileSystemUpdate: [1001, 3],
  fileSystemDelete: [1001, 4],
  fileSystemRename: [1001, 5],
  fileSystemOpen: [1001, 14],
  launch: [1007, 1],
  connect: [4001, 1],
  traffic: [4001, 6],
  launchOther: [1007, 99],
  jobStart: [1006, 6],
  findingCreate: [2004, 1],
  httpOther: [4002, 99],
} as const satisfies Record<string, readonly [number, number]>;

export interface Essentials {
  readonly id: string;
  readonly from: Origin;
  readonly time: number;
  readonly activity: readonly [classUid: number, activityId: number];
  readonly product: string;
  readonly principal: string;
  /** The id of the record at its source, if it has one. */
  readonly uid?: string | undefined;
  readonly originalTime?: string | undefined;
  readonly raw: string;
}

/** An event with everything that every OCSF class requires. Severity is informational: only detections judge. */
export function essentials({ id, from, time, activity: [classUid, activityId], ...rest }: Essentials): OcsfEvent {
  const { product, principal, uid, originalTime, raw } = rest;
  const cut = raw.length > maxRawLength;
  return {
    id,
    source: from.source,
    time,
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    activity_id: activityId,
    type_uid: classUid * 100 + activityId,
    severity_id: 1,
    metadata: {
      version: ocsfVersion,
      product: { name: product },
      ...(uid !== undefined && { uid }),
      ...(originalTime !== undefined && { original_time: originalTime }),
      ...(cut && { is_truncated: true, untruncated_size: raw.length }),
    },
    principal,
    raw_data: cut ? raw.slice(0, maxRawLength) : raw,
    ...(cut && { raw_data_size: raw.length }),
  };
}

/** OCSF `network_endpoint` of a client: its address, else that nobody says where it was. */
export function clientEndpoint(address: string | undefined, port?: number): object {
  return { ...(address === undefined ? { name: "unknown" } : { ip: address }), ...(port !== undefined && { port }) };
}

/** The port behind an IPv4 address or one in brackets, as OCSF wants it apart; undefined where there is none. */
export function portIn(text: string): number | undefined {
  const port = Number(/^(?:[\d.]+|\[[^\]]+\]):(\d{1,5})$/.exec(text)?.[1]);
  return port > 0 && port < 65_536 ? port : undefined;
}

/** An id for a record that has none of its own: the same for the same bytes at the same place. */
export function idOf(kind: string, ...parts: readonly (string | number | undefined)[]): string {
  return `${kind}:${hash("sha256", JSON.stringify(parts), "hex").slice(0, 32)}`;
}

/** OCSF `file`. `type_id` 1: a regular file, as far as a registry or bucket says. */
export function fileObject(path: string, more: { size?: number | undefined; sha256?: string | undefined } = {}) {
  return {
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    type_id: 1,
    ...(more.size !== undefined && { size: more.size }),
    ...(more.sha256 !== undefined && { hashes: [{ algorithm_id: 3, algorithm: "SHA-256", value: more.sha256 }] }),
  };
}

/** Text that is a time, as ms since 1970; undefined for anything else or a time before 1970. */
export function timeOf(text: string): number | undefined {
  // What nearly all sources write, and every JavaScript reads alike.
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(text)) return whole(Date.parse(text));
  // ISO 8601 with zone, also with a space for the T and any number of fractional digits; without a zone it is UTC.
  const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,12}))?\s?(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!iso) return undefined;
  const [, date = "", clock = "", fraction = "", zone = "Z"] = iso;
  const colon = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone;
  return whole(Date.parse(`${date}T${clock}.${fraction.padEnd(3, "0").slice(0, 3)}${colon}`));
}

function whole(time: number): number | undefined {
  return Number.isNaN(time) || time < 0 ? undefined : time;
}

/** A count of bytes from a source: sources write floats, strings and dashes. Undefined for what is no whole number of bytes. */
export function bytesOf(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number) || number < 0) return undefined;
  const whole = Math.round(number);
  return Number.isSafeInteger(whole) ? whole : undefined;
}
