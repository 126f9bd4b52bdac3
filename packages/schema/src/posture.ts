// What people see of controls and theft paths.
import { z } from "zod";
import { theftPath } from "./scan.ts";
import { changeLine } from "./scan-run.ts";
import { method } from "./theft.ts";

const time = z.int().nonnegative();

/** `unknown`: could not tell, and why; `none`: there is nothing that it concerns. */
const controlState = z.enum(["pass", "fail", "unknown", "none"]);

const controlRow = z.object({
  name: z.string(),
  title: z.string(),
  stage: z.string(),
  /** `model`: it protects by the bytes; `system`: by what stores and serves them. */
  plane: z.enum(["model", "system"]),
  about: z.string(),
  mitigations: z.array(z.string()),
  blindspots: z.array(z.string()),
  state: controlState,
  /** One sentence: what was seen, or why it cannot be told. */
  why: z.string(),
  evidence: z.array(z.string()),
  /** Of the quickest theft path that it leaves open. */
  minutes: z.int().positive().optional(),
  fix: z.string().optional(),
  /** Whether the fix is a command to run, or words. */
  fixIs: z.enum(["command", "words"]).optional(),
  /** Its states, the newest first: since when each holds. */
  history: z.array(z.object({ at: time, state: controlState })),
});
export type ControlRow = z.infer<typeof controlRow>;

/** Of one method of theft: how many rules in use look at each kind of source that sends. */
const coverageRow = z.object({
  method,
  rules: z.int().nonnegative(),
  /** Kinds of sources that send, and how many rules of the method read them. */
  sees: z.array(z.object({ kind: z.string(), rules: z.int().nonnegative() })),
});
export type CoverageRow = z.infer<typeof coverageRow>;

/** One measure against a group of ways to take weights: a control's answer; of a rule, whether it is in use and reads something that sends. */
const measure = z.object({
  kind: z.enum(["control", "rule"]),
  name: z.string(),
  title: z.string(),
  /** `unknown`: could not tell. `none`: a control that concerns nothing here. */
  state: z.enum(["holds", "fails", "unknown", "none"]),
});

const vectorGroup = z.object({
  name: z.string(),
  title: z.string(),
  ways: z.int().positive(),
  /** `covered`: a measure holds, so that part of it is, never the whole; `unknown`: none does as far as can be told. */
  state: z.enum(["covered", "uncovered", "unknown"]),
  measures: z.array(measure),
  /** What of it cannot be seen here. */
  beyond: z.string(),
});
export type VectorGroup = z.infer<typeof vectorGroup>;

const hostChangeLine = changeLine.extend({ host: z.string(), at: time });

export const posture = z.object({
  controls: z.array(controlRow),
  /** The quickest first. */
  paths: z.array(theftPath.extend({ host: z.string().optional() })),
  /** All of them, also those that are not sent along. */
  pathCount: z.int().nonnegative(),
  coverage: z.array(coverageRow),
  /** Techniques of ATLAS that rules in use name, and how many of those rules look at something that sends. */
  techniques: z.array(z.object({ id: z.string(), name: z.string().optional(), rules: z.int(), seeing: z.int() })),
  /** Mitigations of ATLAS, with how many of the controls that carry each out pass. */
  mitigations: z.array(z.object({ id: z.string(), name: z.string().optional(), passed: z.int(), tested: z.int() })),
  /** Ways to take weights, as a report groups them, and what stands against each group now. Absent in older answers. */
  vectors: z.object({ source: z.string(), title: z.string(), groups: z.array(vectorGroup) }).optional(),
  /** Scans that this was told from: host and time. */
  scans: z.array(z.object({ host: z.string().optional(), finishedAt: z.string() })),
  /** Theft paths that the latest scan of each host found gone, or new. */
  change: z.object({ gone: z.array(hostChangeLine), fresh: z.array(hostChangeLine) }),
  /** Whose models it is about; absent: all. */
  space: z.string().optional(),
  /** Spaces that whoever asks may choose from. */
  spaces: z.array(z.string()),
});
export type Posture = z.infer<typeof posture>;

/** Of one space; absent: of all that whoever asks may see. */
export const postureQuery = z.object({ space: z.string().max(64).optional() });
export const postureExportQuery = postureQuery.extend({ as: z.enum(["sarif", "csv", "json"]) });
