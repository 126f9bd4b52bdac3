// Who looks, and the frame around what they see.
import type { Overview, Session } from "@outweigh/schema";
import { actions } from "./actions.ts";
import { alerts } from "./alerts.ts";
import { incidents } from "./incidents.ts";
import { models } from "./models.ts";
import { rules } from "./rules.ts";
import { hosts } from "./hosts.ts";
import { sources } from "./sources.ts";
import { min, now } from "./time.ts";

export const session: Session = { user: { id: "u1", name: "ana", role: "admin" }, version: "0.1.0" };

export const overview: Overview = {
  openIncidents: incidents.filter((it) => it.status !== "closed").length,
  alerts: alerts.length,
  models: models.length,
  sources: sources.length,
  hosts: hosts.length,
  rules: rules.length,
  actions: actions.length,
  sending: 4,
  events24h: 1_199_751,
  lastAlertAt: now - 2 * min,
  silent: ["hf-audit"],
  booksBalanced: 3,
  booksTotal: 5,
  scan: { state: "done", finishedAt: now - 26 * min },
};
