import type { Grant, Role } from "@outweigh/schema";

/** What each role may do, in a few words. */
export const roleText: Readonly<Record<Role, string>> = {
  viewer: "Viewer: reads incidents, models and evidence",
  analyst: "Analyst: hunts, judges incidents, proposes actions",
  lead: "Lead: does, approves and undoes actions",
  admin: "Admin: people, tokens, hosts and gateways too",
};

/** "lead" or "analyst in vision, viewer in audio". */
export function grantsText(grants: readonly Grant[]): string {
  return grants.map((it) => (it.space === undefined ? it.role : `${it.role} in ${it.space}`)).join(", ");
}
