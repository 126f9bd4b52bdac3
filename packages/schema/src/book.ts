import { z } from "zod";

/** `exact`: these very bytes; `<=`: at most so many, because the source gives no ranges. */
export const bound = z.enum(["exact", "<="]);
export type Bound = z.infer<typeof bound>;

/** How much of a model one principal holds, as far as logged. */
export const holding = z.object({
  model: z.string(),
  principal: z.string(),
  /** Distinct bytes of the model; with bound `<=` an upper bound on them. */
  bytes: z.int().nonnegative(),
  /** `bytes` over the model's size, 0 to 1; absent when the model's size is not known. */
  fraction: z.number().min(0).max(1).optional(),
  bound,
  /** True when a declared copy accounts for what this principal reads. */
  declared: z.boolean(),
  /** True when it may hold all of the model: fraction 1. Under `<=` it means "may", not "does". */
  complete: z.boolean(),
  /** Reads of unknown size, if any: neither the record nor the register says it. `bytes` may then be too few. */
  unsized: z.int().positive().optional(),
});
export type Holding = z.infer<typeof holding>;

/** What all undeclared readers of a model hold together: the bound that holds for any number of identities. */
export const coalition = z.object({
  model: z.string(),
  bytes: z.int().nonnegative(),
  fraction: z.number().min(0).max(1).optional(),
  bound,
  readers: z.int().nonnegative(),
  /** As in a holding. */
  unsized: z.int().positive().optional(),
  /**
   * For how long a source of this model's reads was silent, in ms, if ever: what was read then is in no number here, so that even an
   * exact bound is one on what was logged.
   */
  blindMs: z.int().positive().optional(),
});
export type Coalition = z.infer<typeof coalition>;

/** A time in which a source was silent or could not be read: what happened then is not known. Times in ms since 1970. */
export const gap = z.object({
  source: z.string(),
  from: z.int(),
  to: z.int().optional(),
  reason: z.string().optional(),
});
export type Gap = z.infer<typeof gap>;
