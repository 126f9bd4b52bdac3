/** What people decided of how alerts stand together, and what is watched after a theft. */
import { z } from "zod";

const time = z.int().nonnegative();
const reason = z.string().trim().min(1).max(2000);

/** Most incidents that are merged at once. */
export const maxMerged = 50;

/** Merges others into an incident: it holds what they held, and their addresses lead to it. */
export const mergeBody = z.strictObject({ incidents: z.array(z.string().max(200)).min(1).max(maxMerged), reason });
/** Takes alerts out of an incident into a new one. */
export const splitBody = z.strictObject({ alerts: z.array(z.string().max(200)).min(1).max(500), reason });

/** A decision on how alerts stand together. */
export const grouping = z.object({
  id: z.string(),
  kind: z.enum(["merge", "split"]),
  /** The incident that took others in, or that was split. */
  incident: z.string(),
  /** Those it took in, or the new one. */
  others: z.array(z.object({ id: z.string(), number: z.int() })),
  by: z.string(),
  at: time,
  reason: z.string(),
  undone: z.object({ by: z.string(), at: time, reason: z.string() }).optional(),
});
export type Grouping = z.infer<typeof grouping>;

/** How long what took part in a confirmed theft is watched, in days, unless ended before. */
export const watchDays = 90;

/** What can be watched. An address is one outside the own networks. */
export const watchedKind = z.enum(["model", "principal", "host", "place", "address"]);
export type WatchedKind = z.infer<typeof watchedKind>;

/** One that is watched, since a theft was confirmed that it took part in. */
export const watched = z.object({
  kind: watchedKind,
  name: z.string(),
  /** The incidents that confirmed it, each until when. */
  thefts: z.array(z.object({ incident: z.string(), number: z.int().optional(), from: time, until: time })),
  from: time,
  until: time,
});
export type Watched = z.infer<typeof watched>;

/** Its thefts as people call them, and filters too: `INC-7`, or the id of one without a number. */
export function theftsOf({ thefts }: Pick<Watched, "thefts">): string[] {
  return thefts.map(({ incident, number }) => (number === undefined ? incident : `INC-${number}`));
}

export const watchedPage = z.object({ items: z.array(watched), total: z.int(), next: z.string().optional() });
/** Ends the watch of one. */
export const endWatchBody = z.strictObject({ kind: watchedKind, name: z.string().min(1).max(2048), reason });
