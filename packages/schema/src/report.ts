/** What happened in a time, for people who decide about money and people rather than about incidents. */
import { z } from "zod";
import { coalition } from "./book.ts";
import { rests } from "./grade.ts";
import { severity } from "./severity.ts";

const time = z.int().nonnegative();

/** The query string of `GET /api/report`. */
export const reportQuery = z.object({ days: z.coerce.number().int().min(1).max(400).default(30) });

const counted = z.object({ name: z.string(), count: z.int() });

export const report = z.object({
  from: time,
  to: time,
  incidents: z.object({
    opened: z.int(),
    closed: z.int(),
    /** Still open now, whenever they were opened. */
    open: z.array(z.object({ severity, count: z.int() })),
    byMethod: z.array(counted),
    byVerdict: z.array(counted),
    /** Of the incidents closed in this time with a verdict: true positives, over these and the false positives and benign ones. */
    precision: z.number().min(0).max(1).optional(),
    /** Medians, in ms: from when an incident was made to a person's first word on it, and to its close. */
    toFirstDecisionMs: z.number().optional(),
    toCloseMs: z.number().optional(),
  }),
  actions: z.array(z.object({ verb: z.string(), state: z.string(), count: z.int() })),
  /** What is watched now after confirmed thefts, by kind. */
  watched: z.array(counted).default([]),
  /** Permits to take a model out: given in this time, and those that hold at its end. */
  permits: z.object({ given: z.int(), holding: z.int() }).default({ given: 0, holding: 0 }),
  models: z.object({
    registered: z.int(),
    /** Of those with any read booked. */
    balanced: z.int(),
    booked: z.int(),
    /** What nobody accounts for, the largest share first. */
    unaccounted: z.array(coalition),
  }),
  sight: z.object({
    sources: z.int(),
    sending: z.int(),
    /** Sources by the weakest grade of what each sent. */
    grades: rests.optional(),
    /** How long each source was not seen in this time, in ms, the longest first. */
    unseen: z.array(z.object({ source: z.string(), ms: z.int() })),
  }),
  /** Rules with most alerts, and how many of those stand in incidents that were closed as no theft. */
  rules: z.array(z.object({ rule: z.string(), alerts: z.int(), noTheft: z.int() })),
});
export type Report = z.infer<typeof report>;
