import type { OwnRule } from "@outweigh/schema";
import { plural } from "../../format/size.ts";

/** How far it has come. */
export const stageWord: Readonly<Record<OwnRule["stage"], string>> = {
  draft: "Draft",
  trial: "On trial",
  published: "Published",
  ended: "Ended",
};

/** What a stage means for what comes in. */
export function stageText({ kind, stage }: Pick<OwnRule, "kind" | "stage">): string {
  switch (stage) {
    case "draft":
      return "A draft: it does nothing yet.";
    case "trial":
      return kind === "exception"
        ? "On trial: what it would hide is counted, and nothing is hidden."
        : "On trial: what it would find is counted, and no alert is raised.";
    case "published":
      return kind === "exception"
        ? "Published: what it names is hidden. The books count it all the same."
        : "Published: it raises alerts.";
    case "ended":
      return "Ended: it does nothing any more.";
  }
}

/** "hid 12 matches" */
export function countText({ kind, stage, count }: Pick<OwnRule, "kind" | "stage" | "count">): string {
  const times = plural(count.matches, "match", "matches");
  if (stage === "trial") return kind === "exception" ? `would have hidden ${times}` : `would have found ${times}`;
  if (stage === "published") return kind === "exception" ? `hid ${times}` : `found ${times}`;
  return "nothing is counted";
}
