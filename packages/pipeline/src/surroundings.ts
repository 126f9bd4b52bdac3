// Where an event happened: its host, its places, and the addresses outside that it came from or went to.
import type { OcsfEvent } from "@outweigh/schema";
import { addressOf, field } from "./detect/events.ts";
import { subjectKey, type Subject } from "./watch-list.ts";
import type { Tuning } from "./tuning.ts";

/** Deepest folder of an address that is looked up by itself: names come from records. */
const maxDepth = 64;
/** Longest name of a host, place or address that is watched, in UTF-16 units: a list of them is stored by name. */
const maxName = 512;

/**
 * What of an event's surroundings can be watched. A file's folder is none of the places: another host has one of the same name, and its
 * own is watched as a whole.
 */
export function surroundingsOf(event: OcsfEvent): Subject[] {
  const all = [
    ...subjects("host", [hostOf(event)]),
    ...subjects("place", placesAmong([event.place, ...targetsOf(event).map(placeAround)])),
    ...subjects("address", addressesOf(event)),
  ];
  return all.filter((it) => it.name.length <= maxName);
}

/** What is watched, ready to be asked about. */
export class Watching {
  readonly #spans: ReadonlyMap<string, Tuning["watched"][number]>;

  constructor(watched: Tuning["watched"]) {
    this.#spans = new Map(watched.map((it) => [subjectKey(it), it]));
  }

  /** Which of a claim's model and principal, and of its event's surroundings, are watched at the event's time, in words. */
  of(
    claim: { readonly model?: string | undefined; readonly principal?: string | undefined },
    event: OcsfEvent,
  ): string[] {
    if (this.#spans.size === 0) return [];
    const asked = [
      ...subjects("model", [claim.model]),
      ...subjects("principal", [claim.principal]),
      ...subjects("host", [hostOf(event)]),
      ...subjects("place", this.#placesOf(event)),
      ...subjects("address", addressesOf(event)),
    ];
    return asked.filter((it) => this.has(it, event.time)).map(({ kind, name }) => `${kind} ${name}`);
  }

  /** The models that are watched at a time, in ms since 1970, each until when. */
  models(time: number): { readonly model: string; readonly until: number }[] {
    const all = [...this.#spans.values()].filter((it) => it.kind === "model" && this.has(it, time));
    return all.map(({ name, until }) => ({ model: name, until }));
  }

  /** Whether one is watched at a time, in ms since 1970. */
  has(subject: Subject, time: number): boolean {
    const span = this.#spans.get(subjectKey(subject));
    return span !== undefined && time >= span.from && time < span.until;
  }

  /** The innermost watched place around each address that the event names. */
  #placesOf(event: OcsfEvent): string[] {
    return placesAmong([event.place, event.artifact, ...targetsOf(event)]).flatMap((it) => {
      const around = foldersOf(listable(it));
      return around.find((name) => this.#spans.has(subjectKey({ kind: "place", name }))) ?? [];
    });
  }
}

/** Each name once, as a list keeps it. */
function subjects(kind: Subject["kind"], names: readonly (string | undefined)[]): Subject[] {
  const listed = names.flatMap((it) => (it === undefined ? [] : listable(it)));
  return [...new Set(listed)].map((name) => ({ kind, name }));
}

/** A name as a list can keep it: in PostgreSQL, which takes neither NUL nor half a character. Two that become one are watched as one. */
function listable(name: string): string {
  return name.replaceAll("\0", "\u2400").toWellFormed();
}

function placesAmong(addresses: readonly (string | undefined)[]): string[] {
  return addresses.filter((it) => it !== undefined).filter((it) => !isFile(it));
}

/** The host on which it was seen. */
function hostOf({ device }: OcsfEvent): string | undefined {
  const name = field(device, "hostname");
  return typeof name === "string" && name !== "" && name !== "unknown" ? name : undefined;
}

/** Where weights went, where that is no place declared for them. */
function targetsOf({ unmapped }: OcsfEvent): string[] {
  const to = field(unmapped, "copied_to");
  return typeof to === "string" && field(unmapped, "copied_to_declared") !== true ? [to] : [];
}

/** The addresses outside the own networks that it came from and went to. */
function addressesOf(event: OcsfEvent): string[] {
  const from = event.src_external === true ? addressOf(event) : undefined;
  const to = field(event.unmapped, "dst_external") === true ? field(event.dst_endpoint, "ip") : undefined;
  return [...new Set([from, to].filter((it) => typeof it === "string"))];
}

/** The bucket or repository that an address lies in: who could write one object of it could write others. */
function placeAround(address: string): string {
  const bucket = /^[a-z0-9]{2,16}:\/\/[^/]{1,512}\//.exec(address)?.[0];
  return bucket ?? /^hf:[^/]{1,256}\/[^/]{1,256}/.exec(address)?.[0] ?? address;
}

function isFile(address: string): boolean {
  return address.startsWith("file:");
}

/** An address and the folders around it, the innermost first, each with and without the slash at its end. */
function foldersOf(address: string): string[] {
  const found = [address];
  for (let at = address.lastIndexOf("/"); at > 0 && found.length < 2 * maxDepth; at = address.lastIndexOf("/", at - 1))
    found.push(address.slice(0, at + 1), address.slice(0, at));
  return found;
}
