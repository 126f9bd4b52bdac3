/** Scans of one host over time: what each found, and what changed since the one before. */
import { z } from "zod";
import { asked } from "./cloud.ts";
import { watched } from "./grouping.ts";
import { looked, theftPath } from "./scan.ts";

const time = z.int().nonnegative();

/** Most lines of one kind of change that are told: the rest is counted. */
export const maxChangeLines = 200;
/** Scans of one host that are remembered: a year of them, one a week. */
export const maxRuns = 52;

/** One thing that is there now and was not, is gone, or is another. */
export const changeLine = z.object({
  /** What it is about: a path, an address, a theft path's beginning and end. */
  what: z.string(),
  /** What is true of it now, or was: the model, who can read it. */
  says: z.string(),
  /** Of what changed: what it said before. */
  before: z.string().optional(),
});
export type ChangeLine = z.infer<typeof changeLine>;

const lines = z.object({ items: z.array(changeLine).max(maxChangeLines), total: z.int().nonnegative() });

/** What a scan found otherwise than the one before, within the folders that it read. */
export const scanChange = z.object({
  newCopies: lines,
  /** In folders that no scan had read: they may have lain there before. */
  firstLooked: lines,
  goneCopies: lines,
  /** The same weights at the same place: who can read them, or whether they are declared, is another. */
  changedCopies: lines,
  newTokens: lines,
  goneTokens: lines,
  newListeners: lines,
  goneListeners: lines,
  newPaths: lines,
  gonePaths: lines,
});
export type ScanChange = z.infer<typeof scanChange>;

export const scanRun = z.object({
  /** When it ended. Names it among the host's. */
  at: time,
  startedAt: time,
  version: z.string(),
  roots: z.array(z.string()),
  filesSeen: z.int().nonnegative(),
  bytesRead: z.number().nonnegative(),
  copies: z.int().nonnegative(),
  paths: z.int().nonnegative(),
  listeners: z.int().nonnegative(),
  tokens: z.int().nonnegative(),
  notSeen: z.int().nonnegative(),
  /** SHA-256 of the report as it was taken, in hexadecimal. */
  digest: z.string(),
  /** Absent for the first scan of a host: there was nothing to compare it with. */
  change: scanChange.optional(),
  /** Theft paths by model before and after it, where they differ. */
  pathsBefore: z.int().nonnegative().optional(),
  /** By whom its result was signed, where that is kept: the key's id. `finishedAt` names it, in ms since 1970. */
  signed: z.object({ by: z.string(), key: z.string(), finishedAt: time }).optional(),
});
export type ScanRun = z.infer<typeof scanRun>;

/** How often a host is asked for a scan, if it is. */
export const scanSchedule = z.object({ everyHours: z.int(), by: z.string(), at: time, nextAt: time });
export type ScanSchedule = z.infer<typeof scanSchedule>;

export const hostScans = z.object({
  /** The latest first. */
  runs: z.array(scanRun),
  schedule: scanSchedule.optional(),
  /** Of the latest state of the host: what was looked for, what could not be seen. */
  looked: z.array(looked),
  notSeen: z.array(z.object({ what: z.string(), why: z.string() })),
  paths: z.array(theftPath),
  /** What the latest scan asked of clouds. */
  asked: z.array(asked),
  /** A theft was confirmed here: what is found on it counts for more. */
  watched: watched.optional(),
});
export type HostScans = z.infer<typeof hostScans>;

/** 0: not any more. A month at most: what is rarer is asked for by hand. */
export const scheduleBody = z.strictObject({
  everyHours: z.int().min(0).max(744),
  reason: z.string().trim().min(1).max(2000),
});
