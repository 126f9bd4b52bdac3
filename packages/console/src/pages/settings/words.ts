import type { Role } from "@outweigh/schema";

/** What each role may do, in a few words. */
export const roleText: Readonly<Record<Role, string>> = {
  viewer: "Viewer: reads incidents, models and evidence",
  analyst: "Analyst: hunts, judges incidents, proposes actions",
  lead: "Lead: does, approves and undoes actions",
  admin: "Admin: people, tokens, hosts and gateways too",
};
