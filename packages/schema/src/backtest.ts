/** Backtests: what rules would have said of events that are stored already. */
import { z } from "zod";
import { severity } from "./severity.ts";

const time = z.int().nonnegative();

/** Most texts of one backtest: a correlation with what it joins, and exceptions. */
export const maxBacktestTexts = 20;
/** Longest of them, in UTF-16 units: a rule is a page. */
export const maxBacktestText = 48 * 1024;

/** What `POST /api/rules/backtest` is asked: which rules, and from when to when (ms, both included). */
export const backtestBody = z.strictObject({
  /** Texts of Sigma: rules, correlations with what they join, exceptions (filters). */
  texts: z.array(z.string().min(1).max(maxBacktestText)).max(maxBacktestTexts).default([]),
  /** The id of a rule that is in use, tried beside the texts. */
  rule: z.string().max(512).optional(),
  from: time,
  to: time,
  /** Narrows the events, as in a hunt. */
  filter: z.string().max(2000).default(""),
});
export type BacktestBody = z.infer<typeof backtestBody>;

/** A line of a rule's selection that was true, and the value that made it so. */
const backtestReason = z.object({
  /** The search identifier; absent for what a correlation measured. */
  selection: z.string().optional(),
  field: z.string(),
  modifiers: z.array(z.string()),
  value: z.string(),
});
export type BacktestReason = z.infer<typeof backtestReason>;

/** An event that completed a match. */
const backtestExample = z.object({
  at: time,
  event: z.string(),
  source: z.string(),
  principal: z.string(),
  model: z.string().optional(),
  artifact: z.string().optional(),
  /** How many matches a correlation stands for; else 1. */
  count: z.int(),
  because: z.array(backtestReason),
});
export type BacktestExample = z.infer<typeof backtestExample>;

/** What one rule would have said. */
const backtestedRule = z.object({
  rule: z.string(),
  title: z.string(),
  level: severity,
  /** Matches, exceptions applied. */
  hits: z.int(),
  /** Matches that an exception among the texts hid. */
  hidden: z.int(),
  /** By UTC day, those with any, oldest first. */
  days: z.array(z.object({ day: z.iso.date(), hits: z.int(), hidden: z.int() })),
  /** How many principals the hits are of. With `more`, at least so many. */
  principals: z.int(),
  more: z.boolean().optional(),
  /** The principals with most hits. */
  most: z.array(z.object({ principal: z.string(), hits: z.int() })),
  /** The first hits, and the first that were hidden. */
  examples: z.array(backtestExample),
  hiddenExamples: z.array(backtestExample),
});
export type BacktestedRule = z.infer<typeof backtestedRule>;

/** The answer to a backtest. */
export const backtestReport = z.object({
  rules: z.array(backtestedRule),
  /** Texts that cannot be used, and why: nothing of them was tried. */
  refused: z.array(z.object({ rule: z.string(), reason: z.string() })),
  /** What loads but cannot work as it is meant, e.g. an exception that no rule here is named in. */
  warnings: z.array(z.string()),
  events: z.int(),
  /** Events of which the source's own record was not kept: rules on its field names could not match these. */
  blind: z.int(),
  first: time.optional(),
  last: time.optional(),
  /** Why not all events of the time were tried. Absent when they were. */
  cut: z.string().optional(),
});
export type BacktestReport = z.infer<typeof backtestReport>;
