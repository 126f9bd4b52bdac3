import { count } from "../../format/size.ts";
import type { EgressOf, FactList, HostOrder, HostRow } from "@outweigh/schema";

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

/** What an order asks, in words; what it names stands in them whole. */
export function orderText({ order: it }: Pick<HostOrder, "order">): string {
  switch (it.verb) {
    case "collect":
      return `Collect ${it.lists.join(", ")}`;
    case "scan":
      return it.roots.length === 0 ? "Scan what its agent was started on" : `Scan ${it.roots.join(", ")}`;
    case "stop-scan":
      return "Stop the scan";
    case "quarantine-file":
      return `Quarantine ${it.path}`;
    case "stop-process":
      return `${it.how === "hold" ? "Hold" : "End"} process ${it.process.split(":")[0]}`;
    case "block-egress":
      return `Block connections of ${egressText(it.whose)} for ${it.minutes} min`;
    case "undo":
      return `Take order ${it.order.slice(0, 8)} back`;
  }
}

function egressText(whose: EgressOf): string {
  if (whose.of === "host") return "the host";
  return whose.of === "uid" ? `user ${whose.uid}` : `cgroup ${whose.path}`;
}

/** How far a scan is. */
export function scanProgress({ phase, files, candidates, done }: NonNullable<HostRow["scan"]>): string {
  if (phase === "walking") return `${count(files)} files seen`;
  return `${count(done)} of ${count(candidates)} files ${phase === "looking" ? "looked into" : "hashed"}`;
}

/** Whether an order changed its host, and can be undone. */
export function isUndoable({ order: it, state }: Pick<HostOrder, "order" | "state">): boolean {
  const isChange = it.verb === "quarantine-file" || it.verb === "block-egress";
  return state === "done" && (isChange || (it.verb === "stop-process" && it.how === "hold"));
}
