import { z } from "zod";
import { grade } from "./grade.ts";

/** The version of OCSF whose classes, ids and attributes we write. */
export const ocsfVersion = "1.8.0";

/** Names that only we set, on top of OCSF's. No field of a source may fill them. */
export const reservedFields = [
  "id",
  "source",
  "principal",
  "model",
  "place",
  "part",
  "artifact",
  "operation",
  "weights",
  "vouched",
  "bytes",
  "range",
  "credential",
  "tokens",
  "src_external",
  "grade",
  "grade_basis",
] as const;

/** The bytes of a file that a read covered, counted from 0; `end` is the first byte after it. */
const byteRange = z
  .strictObject({ start: z.int().nonnegative(), end: z.int().nonnegative() })
  .refine(({ start, end }) => end >= start, "a range must not end before it starts");
export type ByteRange = z.infer<typeof byteRange>;

/**
 * One thing that happened, normalised from any source: OCSF 1.8.0 plus the few names that books and rules need.
 *
 * Unknown fields are kept (`loose`): a rule may match on a field that this
 * version does not know, and evidence must not be thrown away.
 */
export const event = z.looseObject({
  /** The same for the same record, however often it is read: what arrives twice counts once. */
  id: z.string().min(1).max(200),
  /** The source that vouches for it, e.g. `cloudtrail`. */
  source: z.string(),
  /** When it happened at the source, in ms since 1970. Never when we read it. */
  time: z.int().nonnegative(),
  /** OCSF: the class, e.g. 6005 for datastore activity, and what was done. */
  class_uid: z.int(),
  category_uid: z.int(),
  activity_id: z.int(),
  type_uid: z.int(),
  severity_id: z.int(),
  /** OCSF: 1 success, 2 failure; absent where the source does not say. */
  status_id: z.int().optional(),
  metadata: z.looseObject({ version: z.string(), product: z.looseObject({ name: z.string() }) }),
  /** Who did it: the user, role or workload that the source vouches for; `anonymous@<address>` when it vouches for nobody. */
  principal: z.string(),
  /** The id of the key or token used. Never the secret. */
  credential: z.string().optional(),
  /** The protected model it touched, its place, and which of the model's files. Set from the register, not by a source. */
  model: z.string().optional(),
  place: z.string().optional(),
  part: z.string().optional(),
  /** What was touched, as one canonical address: `s3://bucket/key`, `mlflow:7/9c2e/artifacts/m.pkl`, `hf:org/repo/file`. */
  artifact: z.string().optional(),
  /** What was done to it, in one word for all sources: `download`, `list`, `search`, `upload`, `copy`, `delete`, `share`, `complete` … */
  operation: z.string().optional(),
  /** Whether the artifact holds weights: the register knows, else its name says so. Absent when neither can tell. */
  weights: z.boolean().optional(),
  /** False when the source names nobody by design: `principal` is then an address, not an identity. */
  vouched: z.boolean().optional(),
  /** Bytes sent to the principal, and which ones, where the source says so. */
  bytes: z.int().nonnegative().optional(),
  range: byteRange.optional(),
  tokens: z.int().nonnegative().optional(),
  /** True when the client's address is not in any of the configured own networks. */
  src_external: z.boolean().optional(),
  /** What was checked of its record when it came in, and in words how. Set by us at receipt; absent on events from before there were grades. */
  grade: grade.optional(),
  grade_basis: z.string().optional(),
  /** The record as it arrived. */
  raw_data: z.string().optional(),
});
export type OcsfEvent = z.infer<typeof event>;
