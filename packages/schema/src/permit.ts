// Permits: two people let one principal take one model out, for a time.
import { z } from "zod";

/** Longest time for which a model may be taken out, in ms: what takes longer is a reader, declared in `outweigh.yml`. */
export const maxPermitMs = 86_400_000;

/** Who may take a model out: as the source names them, and from where alone. */
export const permitTerms = z.strictObject({
  principal: z.string().trim().min(1).max(512),
  address: z.union([z.ipv4(), z.ipv6()]).optional(),
});

/** Times in ms since 1970; `until` is not included. */
export const permit = z.object({
  /** Its action. */
  id: z.string(),
  model: z.string(),
  /** Who may read, as the source names it. */
  principal: z.string(),
  /** The only address it may be read from, where one was named. */
  address: z.string().exactOptional(),
  /** Who asked for it, who agreed, and why. */
  by: z.string(),
  agreedBy: z.string(),
  reason: z.string(),
  from: z.number(),
  until: z.number(),
});
export type Permit = z.infer<typeof permit>;

export const permitRow = permit.extend({
  /** Where it was ended before its time. */
  endedBy: z.string().exactOptional(),
});
export type PermitRow = z.infer<typeof permitRow>;
