import type { SourceHealth } from "@outweigh/schema";
import { share } from "../../format/size.ts";

/** Rejects of more than so many records in a hundred are no single torn line: something of the source is not seen. */
const alarmingShare = 0.01;

const words: Readonly<Record<SourceHealth["state"], string>> = {
  sending: "Sending",
  waiting: "Waiting",
  silent: "Silent",
  failing: "Failing",
};

/** The share of its records that could not be read, if it is worth a warning: 0 to 1. */
export function alarmingRejects({ rejectShare = 0 }: Pick<SourceHealth, "rejectShare">): number | undefined {
  return rejectShare > alarmingShare ? rejectShare : undefined;
}

/** Whether it sends and can be read: only what is well has a sign, and it is a quiet one. */
export function isWell(it: Pick<SourceHealth, "state" | "rejectShare">): boolean {
  return it.state === "sending" && alarmingRejects(it) === undefined;
}

/** Health as people say it. */
export function stateText(it: Pick<SourceHealth, "state" | "rejectShare">): string {
  const rejects = alarmingRejects(it);
  if (isWell(it)) return `✓ ${words.sending}`;
  return it.state === "sending" && rejects !== undefined ? `${share(rejects)} rejected` : words[it.state];
}
