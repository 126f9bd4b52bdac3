import type { ControlRow } from "@outweigh/schema";

/** A control's state as people say it: only what is well has a sign. */
export const stateWords: Readonly<Record<ControlRow["state"], string>> = {
  fail: "Failed",
  unknown: "Could not tell",
  pass: "✓ Holds",
  none: "Concerns nothing here",
};
