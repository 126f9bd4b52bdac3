// What is looked for.
import type { RuleRow } from "@outweigh/schema";
import { min, now } from "./time.ts";

export const rules: RuleRow[] = [
  rule("unaccounted-read", "detector", "Complete copy that no declared copy accounts for", "critical", 3, [
    "Reads that a source does not log, such as a snapshot of a volume",
    "A copy inside a declared place by a declared reader",
  ]),
  rule("undeclared-copy", "detector", "Undeclared copy found by a scan", "critical", 1, ["Hosts without an agent"]),
  rule("bulk-read", "detector", "Bulk read", "high", 10, ["A thief who stays below the limit for a day"]),
  rule("weights_listed_by_script", "sigma", "Weights listed by a scripted client", "medium", 12, [
    "A client that lies about its user agent",
  ]),
  rule("first_read_by_new_principal", "sigma", "First read by a principal that never read this model", "low", 4, []),
  rule("token_used_from_new_network", "sigma", "Token used from a new network", "low", 10, [
    "A thief behind the same proxy",
  ]),
  rule("range_reads_by_tool", "sigma", "Ranged reads with a tool where an SDK is usual", "low", 9, []),
  rule("bucket_opened_to_public", "sigma", "Bucket opened to the public", "high", 9, [
    "Grants by another account's policy",
  ]),
  rule("source-silent", "detector", "A source went silent", "informational", 1, []),
];

function rule(
  id: string,
  kind: RuleRow["kind"],
  title: string,
  level: RuleRow["level"],
  n: number,
  blindspots: string[],
): RuleRow {
  return {
    id,
    kind,
    title,
    level,
    status: n > 9 ? "stable" : "experimental",
    techniques: ["AML.T0025", "T1530"],
    blindspots,
    playbook: "weights-read",
    alerts: n,
    exceptions: 0,
    hidden: 0,
    lastAlertAt: now - n * 7 * min,
  };
}

export const refused = [
  {
    rule: "Declared reader reads weights from outside",
    reason: "nobody is declared as a reader yet: write readers: [NAME] under a model in outweigh.yml",
  },
];
