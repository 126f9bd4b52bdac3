// Who looks, and the frame around what they see.
import type { AccountPage, Overview, Session } from "@outweigh/schema";
import { actions } from "./actions.ts";
import { alerts } from "./alerts.ts";
import { incidents } from "./incidents.ts";
import { models } from "./models.ts";
import { rules } from "./rules.ts";
import { clients } from "./clients.ts";
import { hosts } from "./hosts.ts";
import { sources } from "./sources.ts";
import { min, now } from "./time.ts";

export const session: Session = {
  user: { id: "u1", name: "ana", role: "admin", grants: [{ role: "admin" }], by: "password" },
  version: "0.1.0",
};

export const overview: Overview = {
  openIncidents: incidents.filter((it) => it.status !== "closed").length,
  alerts: alerts.length,
  models: models.length,
  sources: sources.length,
  hosts: hosts.length,
  clients: clients.length,
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

export const accounts: AccountPage = {
  items: [
    {
      name: "ana",
      grants: [{ role: "admin" }],
      state: "active",
      by: "password",
      createdAt: now,
      createdBy: "root",
      lastSeenAt: now - min,
    },
    {
      name: "bo",
      grants: [{ role: "lead", space: "text" }],
      state: "invited",
      by: "password",
      createdAt: now,
      createdBy: "ana",
    },
    {
      name: "sso:kim@acme.example",
      grants: [{ role: "viewer" }],
      state: "disabled",
      by: "provider",
      createdAt: now,
      createdBy: "provider",
    },
  ],
  total: 3,
  spaces: [{ name: "text", models: ["acme-13b"] }],
};
