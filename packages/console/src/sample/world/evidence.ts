// What was decided, in a chain.
import type { EvidencePage } from "@outweigh/schema";
import { min, now, sha } from "./time.ts";

const entries = [
  ["line", "incident-created", "opened INC-214: the same principal and model within an hour"],
  ["ana", "incident-assigned", "assigned INC-214 to ana"],
  ["ana", "action-previewed", "previewed: tell soc-webhook of INC-214"],
  ["ana", "action-applied", "told soc-webhook of INC-214: the thief's role is still active"],
  ["ana", "action-verified", "verified: soc-webhook answered 200"],
  ["ben", "incident-status", "set INC-213 to in progress"],
  ["ana", "incident-closed", "closed INC-190 as benign: the backup job was new, its role is declared now"],
] as const;

export const evidence: EvidencePage = {
  items: Array.from({ length: 140 }, (_, i) => {
    const [by, kind, text] = entries[i % entries.length] ?? entries[0];
    return { seq: 140 - i, at: now - i * 17 * min, by, kind, text, hash: sha(`entry ${140 - i}`), subject: "inc-214" };
  }),
  total: 140,
  chain: { ok: true, entries: 140, checkedAt: now - 40_000 },
};
