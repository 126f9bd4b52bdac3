/** What a theft means: what is lost, what for, and what else whoever did it can reach. */
import { z } from "zod";

/** The five rows of risk. */
export const risk = z.enum([
  "ip-loss",
  "competitive-disadvantage",
  "attacker-research",
  "replication",
  "business-impact",
]);
export type Risk = z.infer<typeof risk>;

/** What thieves want of a model. */
const objective = z.enum(["gain-assets", "avoid-cost", "study-behaviour", "competitive-advantage", "later-attacks"]);
export type Objective = z.infer<typeof objective>;

export const impact = z.object({
  /** One line for each row; `known` is false where nothing that was seen can tell. */
  risks: z.array(z.object({ risk, said: z.string(), known: z.boolean() })),
  /** What the alerts are consistent with, each with what makes it so. Never more than a hypothesis. */
  objectives: z.array(z.object({ objective, because: z.string() })),
  /** What else each of its principals may read, as the register declares, or holds, as booked. */
  reach: z.array(z.object({ principal: z.string(), mayRead: z.array(z.string()), holds: z.array(z.string()) })),
});
export type Impact = z.infer<typeof impact>;
