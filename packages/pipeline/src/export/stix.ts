import { createHash } from "node:crypto";
import type { OcsfEvent } from "@outweigh/schema";
import { addressOf, field } from "../detect/events.ts";
import type { Story } from "./story.ts";

/** A STIX object. */
export interface StixObject {
  readonly type: string;
  readonly id: string;
  readonly [property: string]: unknown;
}

/** The namespace that STIX 2.1 §2.9 prescribes for the ids of observable objects. */
const observableNamespace = "00abedb4-aa42-466c-9c01-fed23315a9b7";
/** Ours, for everything else: the same incident gives the same ids, so that a second export updates the first. */
const ownNamespace = "6f3b1c8e-52a0-5c57-9a55-0d6f1f0c7b1e";

/** Most events of one bundle: what a person reads. The pack holds the rest. */
const maxEvents = 1000;

/**
 * An incident as a STIX 2.1 bundle: the incident, the techniques it used, who and from where, and what was observed.
 *
 * Models have no STIX type: they stand as `x_outweigh_models` of the incident. Principals are `user-account`s, whatever their source calls them.
 */
export function stixOf({ incident, alerts, events }: Story): { type: "bundle"; id: string; objects: StixObject[] } {
  const made = stixTime(incident.createdAt);
  const changed = stixTime(Math.max(incident.createdAt, incident.updatedAt));
  const dates = { created: made, modified: changed };
  const us = sdo("identity", "outweigh", { ...dates, modified: made, name: "Outweigh", identity_class: "system" });
  const told = sdo("incident", incident.id, {
    ...dates,
    created_by_ref: us.id,
    name: `INC-${incident.number}: ${incident.title}`,
    description: [incident.reason, ...alerts.map((it) => `${it.title}: ${it.summary}`)].join("\n"),
    labels: [incident.act, incident.method].filter((it) => it !== undefined),
    external_references: [{ source_name: "Outweigh", external_id: incident.id }],
    x_outweigh_models: incident.models,
  });
  const techniques = [...new Set(alerts.flatMap((it) => it.techniques))].map((it) => techniqueOf(it, dates));
  const uses = techniques.map((it) => relation("uses", told, it, dates));
  const kept = events.slice(0, maxEvents);
  const observables = new Map(kept.flatMap(observablesOf).map((it) => [it.id, it]));
  const observed = kept.flatMap((it) => observationOf(it, us.id, dates));
  const seen = observed.map((it) => relation("related-to", it, told, dates));
  const linked = new Set(alerts.flatMap((it) => it.linked?.members ?? []));
  const accounts = [...linked].map((it) => sco("user-account", { user_id: it }));
  for (const it of accounts) observables.set(it.id, it);
  // They were tested as one: what was found is of all of them together.
  const together = accounts.map((it) => relation("related-to", it, told, dates));
  const objects = [us, told, ...techniques, ...uses, ...observables.values(), ...observed, ...seen, ...together];
  return { type: "bundle", id: `bundle--${uuid5(ownNamespace, `${incident.id} ${changed}`)}`, objects };
}

/** STIX wants times with milliseconds and `Z`. */
function stixTime(time: number): string {
  return new Date(time).toISOString();
}

interface Dates {
  readonly created: string;
  readonly modified: string;
}

function sdo(type: string, key: string, properties: Readonly<Record<string, unknown>>): StixObject {
  return { type, spec_version: "2.1", id: `${type}--${uuid5(ownNamespace, `${type} ${key}`)}`, ...properties };
}

function techniqueOf(technique: string, dates: Dates): StixObject {
  const atlas = technique.startsWith("AML.");
  const url = atlas
    ? `https://atlas.mitre.org/techniques/${technique}`
    : `https://attack.mitre.org/techniques/${technique.replace(".", "/")}`;
  return sdo("attack-pattern", technique, {
    ...dates,
    modified: dates.created,
    name: technique,
    external_references: [{ source_name: atlas ? "mitre-atlas" : "mitre-attack", external_id: technique, url }],
  });
}

function relation(how: string, from: StixObject, to: StixObject, dates: Dates): StixObject {
  return sdo("relationship", `${how} ${from.id} ${to.id}`, {
    ...dates,
    modified: dates.created,
    relationship_type: how,
    source_ref: from.id,
    target_ref: to.id,
  });
}

function observationOf(event: OcsfEvent, by: string, dates: Dates): StixObject[] {
  const refs = observablesOf(event).map((it) => it.id);
  if (refs.length === 0) return [];
  const at = stixTime(event.time);
  const seen = { first_observed: at, last_observed: at, number_observed: 1 };
  const what = {
    x_outweigh_operation: event.operation,
    x_outweigh_artifact: event.artifact,
    x_outweigh_grade: event.grade,
  };
  return [
    sdo("observed-data", event.id, {
      ...dates,
      modified: dates.created,
      created_by_ref: by,
      ...seen,
      object_refs: refs,
      ...what,
    }),
  ];
}

function observablesOf(event: OcsfEvent): StixObject[] {
  const found = [sco("user-account", { user_id: event.principal })];
  const addresses = [addressOf(event), field(event["dst_endpoint"], "ip")];
  for (const it of addresses) {
    if (typeof it !== "string") continue;
    if (/^(?:\d{1,3}\.){3}\d{1,3}$/.test(it)) found.push(sco("ipv4-addr", { value: it }));
    else if (/^[0-9a-f:.]*:[0-9a-f:.]*$/i.test(it)) found.push(sco("ipv6-addr", { value: it.toLowerCase() }));
  }
  const name = field(event["file"], "name");
  if (typeof name === "string" && name !== "") found.push(sco("file", { name }));
  return found;
}

/** Ids of observables are made of the properties that tell them apart, in canonical JSON: others' tools make the same. */
function sco(type: string, properties: Readonly<Record<string, string>>): StixObject {
  return {
    type,
    spec_version: "2.1",
    id: `${type}--${uuid5(observableNamespace, JSON.stringify(properties))}`,
    ...properties,
  };
}

/** RFC 9562 §5.5: a name-based UUID. */
function uuid5(namespace: string, name: string): string {
  const digest = createHash("sha1")
    .update(Buffer.from(namespace.replaceAll("-", ""), "hex"))
    .update(name)
    .digest();
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
