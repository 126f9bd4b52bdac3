/** Hunting: what many events have in common, filters that were kept, and events that a person ties to an incident. */
import { z } from "zod";

const time = z.int().nonnegative();

/** On an answer while servers that hold some of the events are away: there may be more. */
export const partial = z.literal(true).optional();

/** The fields that events can be counted by. */
export const countedField = z.enum([
  "principal",
  "model",
  "operation",
  "artifact",
  "place",
  "part",
  "address",
  "agent",
  "credential",
  "source",
]);
export type CountedField = z.infer<typeof countedField>;

/** The query string of `GET /api/events/summary`. */
export const summaryQuery = z.object({
  filter: z.string().max(2000).default(""),
  by: countedField.default("principal"),
});

/** Most bars of a summary's chart, and most of its values: what can be told apart on a screen. */
export const maxBars = 120;
export const maxValues = 20;

/** What all events of a filter have in common. */
export const eventSummary = z.object({
  events: z.int(),
  /** When the first and the last of them happened; absent when there is none. */
  firstAt: time.optional(),
  lastAt: time.optional(),
  /** The width of a bar, in ms, and how many events each holds. Bars that hold none are left out. */
  barMs: z.int().positive(),
  bars: z.array(z.object({ at: time, events: z.int() })),
  by: countedField,
  /** Those with most events first; the empty value, where the source does not say, is among them. */
  values: z.array(z.object({ value: z.string(), events: z.int(), bytes: z.number(), firstAt: time, lastAt: time })),
  /** How many different values there are; an estimate above some thousands. */
  different: z.int(),
  partial,
});
export type EventSummary = z.infer<typeof eventSummary>;

/** A filter of events that somebody kept under a name. */
export const hunt = z.object({ name: z.string(), filter: z.string(), by: z.string(), at: time });
export type Hunt = z.infer<typeof hunt>;
export const huntPage = z.object({ items: z.array(hunt), total: z.int() });

const huntName = z.string().trim().min(1).max(80);
export const huntBody = z.strictObject({ name: huntName, filter: z.string().trim().min(1).max(2000) });
export const huntNameBody = z.strictObject({ name: huntName });

const eventId = z.string().min(1).max(200);
const reason = z.string().trim().min(1).max(2000);
/** Ties an event to an incident: it stands in its timeline and its pack from then on. `time` is the event's, to find it by. */
export const pinBody = z.strictObject({ event: eventId, time, reason });
export const unpinBody = z.strictObject({ event: eventId, reason });

/** An event that a person tied to an incident. */
export const pin = z.object({ event: z.string(), time, by: z.string(), at: time, reason: z.string() });
export type Pin = z.infer<typeof pin>;

/** A filter as a rule to begin with. */
export const draftQuery = z.object({ filter: z.string().max(2000) });
export const ruleDraft = z.object({
  /** YAML of Sigma 2.1. */
  text: z.string(),
  /** Terms of the filter that a rule cannot hold, and why. */
  left: z.array(z.object({ term: z.string(), why: z.string() })),
  /** A proof to begin with, of events that the filter finds and others of their source. Absent where none was kept whole. */
  proof: z.string().optional(),
});
export type RuleDraft = z.infer<typeof ruleDraft>;
