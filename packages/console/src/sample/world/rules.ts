// What is looked for.
import type { RuleRow } from "@outweigh/schema";
import { min, now } from "./time.ts";

export const rules: RuleRow[] = [
  rule("complete-copy", "detector", "Complete copy of a model, accounted for by nobody", "critical", 3, [
    "Reads that a source does not log, such as a snapshot of a volume",
    "A copy inside a declared place by a declared reader",
  ]),
  rule("undeclared-copy", "detector", "Copy of a model outside every declared place", "critical", 1, [
    "Hosts without an agent",
  ]),
  rule("weights_bulk_read", "sigma", "Many files of weights read in a short time", "high", 10, [
    "Slower than ten files in ten minutes; the books add up without a window",
  ]),
  rule("weights_read_with_download_tool", "sigma", "Weights read with a download tool", "medium", 12, [
    "A client that lies about its user agent",
  ]),
  rule("unaccounted-read", "detector", "Read of a protected model that nobody declared", "low", 4, []),
  rule("new-network", "detector", "Declared reader reads from a network never seen for it", "low", 10, [
    "A thief behind the same proxy",
  ]),
  rule("segmented-download", "detector", "Weights fetched in pieces", "low", 9, []),
  rule("s3_bucket_opened_to_everyone", "sigma", "Bucket with a model opened to everyone", "high", 9, [
    "Buckets that hold no registered model",
  ]),
  rule("source-silent", "detector", "A source fell silent", "informational", 1, []),
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
