import type { FactList, HostOrder, HostRow } from "@outweigh/schema";

const states: Readonly<Record<HostRow["state"], string>> = {
  reporting: "Reporting",
  waiting: "Waiting",
  silent: "Silent",
  revoked: "Revoked",
};

/** Health as people say it: only what is well has a sign. */
export function hostState(it: Pick<HostRow, "state" | "problems">): string {
  if (it.state === "reporting" && it.problems.length > 0) return "Sees less";
  return it.state === "reporting" ? `✓ ${states.reporting}` : states[it.state];
}

export function isWell(it: Pick<HostRow, "state" | "problems">): boolean {
  return it.state === "reporting" && it.problems.length === 0;
}

export const factNames: Readonly<Record<FactList, string>> = {
  processes: "Processes, with their parents and commands",
  connections: "Listeners and connections",
  weights: "Weights that are open, and by whom",
  mounts: "Mounts",
  accounts: "Accounts and their groups",
  gpus: "Processes that use a GPU",
  schedules: "Scheduled jobs",
  system: "System, kernel, packages",
};

export function orderText({ order }: Pick<HostOrder, "order">): string {
  if (order.verb === "collect") return `Collect ${order.lists.join(", ")}`;
  return order.roots.length === 0 ? "Scan what its agent was started on" : `Scan ${order.roots.join(", ")}`;
}
