import { severityId, type AlertRow, type PlaybookText } from "@outweigh/schema";

/** Playbooks with that of the worst alert first: what a person reads before anything else. */
export function byWorstAlert(
  playbooks: readonly PlaybookText[],
  alerts: readonly Pick<AlertRow, "playbook" | "severity">[],
): PlaybookText[] {
  const worst = (id: string) =>
    Math.max(0, ...alerts.filter((it) => it.playbook === id).map((it) => severityId(it.severity)));
  return [...playbooks].sort((a, b) => worst(b.id) - worst(a.id));
}
