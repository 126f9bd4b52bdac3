// A scan in a process of its own: what it takes of memory goes with it, and it is never in a hurry.
import { constants, setPriority } from "node:os";
import { scan, type ScanOptions } from "./scan.ts";
import type { Told } from "./in-child.ts";

/** How often it says how far it is, in ms. */
const sayMs = 500;

try {
  setPriority(0, constants.priority.PRIORITY_LOW);
} catch {
  // Then it runs as it is.
}
// Whoever wanted the report is gone.
process.once("disconnect", () => process.exit(0));

process.once("message", (options: Pick<ScanOptions, "roots" | "exclude" | "helper">) => {
  let next = 0;
  const onProgress: NonNullable<ScanOptions["onProgress"]> = (progress) => {
    if (performance.now() < next) return;
    next = performance.now() + sayMs;
    tell({ progress });
  };
  scan({ ...options, onProgress }).then(
    (report) => tell({ report }, () => process.disconnect()),
    (error: unknown) =>
      tell({ failed: error instanceof Error ? error.message : String(error) }, () => process.disconnect()),
  );
});

function tell(it: Told, then?: () => void): void {
  process.send?.(it, undefined, undefined, then);
}
