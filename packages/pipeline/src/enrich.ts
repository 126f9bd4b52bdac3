import { createHash } from "node:crypto";
import type { Entry } from "@outweigh/custody";
import type { ModelEntry, OcsfEvent } from "@outweigh/schema";
import { addressOf, field, isRead } from "./detect/events.ts";
import type { Register } from "./register.ts";

/** Longest principal kept, in UTF-16 units: longer ones are told apart by a digest, so that none is lost and none floods. */
const maxPrincipal = 512;

/** How far ahead of its arrival a record's time may be, in ms: a clock that is wrong by more would move all windows with it. */
const maxAheadMs = 86_400_000;

/** An event that claims to come from the future happened when it arrived, as far as we know. */
export function punctual(event: OcsfEvent, receivedAt: number | undefined): OcsfEvent {
  if (receivedAt === undefined || event.time <= receivedAt + maxAheadMs) return event;
  const known = typeof event.unmapped === "object" && event.unmapped !== null ? event.unmapped : {};
  return { ...event, time: receivedAt, unmapped: { ...known, time_basis: "arrival", claimed_time: event.time } };
}

/** Adds what only the register knows: model, place, file, whether it is weights, whether the client is outside. */
export function settle(event: OcsfEvent, register: Register): OcsfEvent {
  const address = addressOf(event);
  const external = address === undefined ? undefined : register.isExternal(address);
  // One copy, filled step by step: events have dozens of fields, and every one of them comes through here.
  const settled: OcsfEvent = { ...event };
  Object.assign(settled, placed(event, register));
  Object.assign(settled, goal(event, register));
  Object.assign(settled, concluded(settled, register));
  if (external !== undefined) settled.src_external = external;
  if (event.principal.length > maxPrincipal) settled.principal = shortened(event.principal);
  return settled;
}

/** Whether the other end of a connection is outside the own networks, as rules on what leaves ask. */
function goal({ dst_endpoint: to, unmapped }: OcsfEvent, register: Register): { unmapped: object } | undefined {
  const address = field(to, "ip");
  const external = typeof address === "string" ? register.isExternal(address) : undefined;
  if (external === undefined) return undefined;
  return { unmapped: { ...(typeof unmapped === "object" ? unmapped : {}), dst_external: external } };
}

function shortened(principal: string): string {
  const digest = createHash("sha256").update(principal).digest("hex").slice(0, 16);
  return `${principal.slice(0, maxPrincipal - 20)}…#${digest}`;
}

/** What rules ask about the model that no source says: its class, and whether a copy went to a place declared for it. */
function concluded({ model, unmapped }: OcsfEvent, register: Register): Partial<OcsfEvent> | undefined {
  if (model === undefined) return undefined;
  const to = field(unmapped, "copied_to");
  const known = typeof unmapped === "object" && unmapped !== null ? unmapped : {};
  return {
    unmapped: {
      ...known,
      ...(register.model(model) && { model_class: register.model(model)?.class }),
      ...(typeof to === "string" && { copied_to_declared: register.locate(to)?.model === model }),
    },
  };
}

/** What changes who can reach a place, or is done around it, and so concerns all that lies in it. */
const accessChanges: ReadonlySet<string> = new Set(["configure", "share", "create-key", "presign", "exec"]);

function placed(event: OcsfEvent, register: Register): Partial<OcsfEvent> | undefined {
  const { artifact, operation } = event;
  if (artifact === undefined || event.model !== undefined) return undefined;
  if (operation !== undefined && accessChanges.has(operation)) return opened(artifact, register);
  if (operation === "launch" || operation === "mount") return named(event, artifact, register);
  const found = register.locate(artifact);
  if (found) {
    const { model, place, part, partBytes, weights } = found;
    return {
      model,
      ...(place !== undefined && { place }),
      ...(part !== undefined && { part }),
      ...(weights !== undefined && { weights }),
      ...(partBytes !== undefined && { part_bytes: partBytes }),
    };
  }
  return {};
}

/** A command names several files, a pod mounts several volumes, or a folder around them: the first that belongs to a model tells which. */
function named({ unmapped }: OcsfEvent, artifact: string, register: Register): Partial<OcsfEvent> {
  const inputs = field(unmapped, "inputs");
  const all = [artifact, ...(Array.isArray(inputs) ? inputs.filter((it) => typeof it === "string") : [])];
  for (const it of all) {
    const found = register.locate(it);
    if (found) return { artifact: it, model: found.model, ...(found.place !== undefined && { place: found.place }) };
  }
  for (const it of all) {
    const around = opened(it, register);
    if (around.place !== undefined) return { artifact: it, ...around };
  }
  return {};
}

/** A change of who may reach a bucket or repository concerns every model at, above and below it that is not open anyway. */
function opened(artifact: string, register: Register): Partial<OcsfEvent> {
  const models = register.within(artifact).filter((it) => isPrivate(register.model(it)));
  const [only] = models;
  if (only === undefined) return {};
  return { place: artifact, ...(models.length === 1 && { model: only }), models };
}

/** Whether it matters who can reach it. */
function isPrivate(model: ModelEntry | undefined): boolean {
  return model !== undefined && model.class !== "public" && model.class !== "base";
}

/** The entry for the books that an event is, or undefined: only granted reads of a model's weights are booked. */
export function bookingOf(event: OcsfEvent): Entry | undefined {
  const { model, place, part, range, bytes, principal, time, id, operation } = event;
  if (model === undefined || !isRead(event)) return undefined;
  // A copy into a place declared for the same model is accounted for by that copy.
  if (field(event.unmapped, "copied_to_declared") === true) return undefined;
  const known = field(event, "part_bytes");
  const size = field(event.file ?? field(event.databucket, "file"), "size");
  // A size that can be none is not told to the books: they refuse the whole entry.
  const partBytes = [known, size].find(isSize);
  return {
    model,
    principal,
    place,
    part,
    range,
    bytes,
    partBytes,
    time,
    event: id,
    // With a range the source said which bytes; a copy without one is of the whole object; all else may be a piece.
    exact: range !== undefined || operation === "copy",
  };
}

function isSize(it: unknown): it is number {
  return typeof it === "number" && Number.isSafeInteger(it) && it >= 0;
}
