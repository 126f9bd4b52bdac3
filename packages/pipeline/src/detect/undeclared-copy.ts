import type { OcsfEvent } from "@outweigh/schema";
import { z } from "zod";
import { bytesText, countText } from "../amounts.ts";
import { detector } from "./detector.ts";
import { field, textIn } from "./events.ts";

/** Most copies remembered for one host and model: enough to count, bounded for a disk full of them. */
const maxCopies = 200;

/** A copy as it was told. */
interface Told {
  readonly path: string;
  readonly digest: string;
  readonly complete: boolean;
}

/**
 * A scan found weights of a protected model where no copy is declared, whatever the file is called.
 *
 * Blind spot: a changed copy (quantised, fine-tuned, encrypted), whose digest is another; a place the scan may not read.
 */
export const undeclaredCopy = detector({
  id: "undeclared-copy",
  title: "Copy of a model outside every declared place",
  severity: "high",
  act: "copy",
  method: "artifacts",
  techniques: ["AML.T0037", "T1005"],
  blindspots: [
    "An encrypted copy; a quantised or fine-tuned one where the scan had no fingerprint of the model",
    "Folders that the scanning user may not read, and hosts that are not scanned",
    "Who put it there, and when",
  ],
  playbook: "undeclared-copy",
  options: z.object({}),

  key: (event, { model }) =>
    event.operation === "seen" &&
    field(event.unmapped, "declared") === false &&
    model?.class !== "public" &&
    model?.class !== "base"
      ? JSON.stringify([event.principal, event.model])
      : undefined,

  start: (): { readonly copies?: readonly Told[] } => ({ copies: [] }),

  // What an earlier version remembered were paths alone: those copies are told once more.
  step({ copies = [] }, event) {
    const path = pathOf(event);
    const complete = field(event.unmapped, "complete") === true;
    const digest = textIn(event.unmapped, "digest") ?? "";
    const before = copies.find((it) => it.path === path);
    const again = before?.digest === digest && before.complete === complete;
    const next = again ? copies : [...copies.filter((it) => it !== before), { path, digest, complete }];
    const size = field(event.file, "size");
    const amount = typeof size === "number" ? `, ${bytesText(size)}` : "";
    // Told only because its model is watched: alike beyond chance, and not sure to come from it.
    const isUnsure = field(event.unmapped, "unsure") === true;
    const part = isUnsure ? "perhaps a changed copy" : complete ? "a whole copy" : "part of a copy";
    const host = event.principal.replace(/^host:/, "");
    const others =
      next.length > 1 ? `; ${countText(next.length, "such copy").replace("copys", "copies")} on this host` : "";
    return {
      state: { copies: next.slice(-maxCopies) },
      finding: {
        summary: `${path} on ${host} is ${part} of ${event.model}${amount}, in no declared place${others}`,
        severity: isUnsure ? "low" : complete ? "high" : "medium",
        events: [event.id],
        matched: [{ field: "unmapped.digest", value: digest }],
        again,
      },
    };
  },

  remembersMs: () => 365 * 86_400_000,
});

function pathOf(event: OcsfEvent): string {
  return (event.artifact ?? "").replace(/^file:/, "");
}
