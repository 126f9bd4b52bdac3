import type { RuleRow } from "@outweigh/schema";

/** What Sigma means by its words for how far a rule was tried (Sigma specification 2.1, "status"). */
const sigmaStatus: Readonly<Record<string, string>> = {
  stable: "stable, in Sigma's words: tried widely, few false alarms expected",
  test: "test, in Sigma's words: it works and is in use, but was tried on few systems so far",
  experimental: "experimental, in Sigma's words: it may raise false alarms, or need tuning",
  deprecated: "deprecated, in Sigma's words: replaced by another rule, and not in use",
  unsupported: "unsupported, in Sigma's words: it needs what is not there, and is not in use",
};

/** A rule's status as a sentence. A detector is code: it has none. */
export function statusText({ kind, status }: Pick<RuleRow, "kind" | "status">): string {
  return kind === "detector" ? "a detector: code that comes with the release" : (sigmaStatus[status] ?? status);
}
