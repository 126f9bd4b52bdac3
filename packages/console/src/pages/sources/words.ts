import type { SourceHealth } from "@outweigh/schema";

/** Health as people say it; only what is well has a sign, and it is a quiet one. */
export const stateWord: Readonly<Record<SourceHealth["state"], string>> = {
  sending: "✓ Sending",
  waiting: "Waiting",
  silent: "Silent",
  failing: "Failing",
};
