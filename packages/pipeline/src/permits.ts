// What permits change. Nothing is excused by one: what is read is told, and what goes beyond it is an alarm.
import type { OcsfEvent, Permit } from "@outweigh/schema";

/**
 * What an event is to the permits of its principal. `within` one; `over`: after its end; `elsewhere`: from another address than it
 * names; `astray`: of another model, while it holds.
 */
export interface Permitted {
  readonly permit: Permit;
  readonly is: "within" | "over" | "elsewhere" | "astray";
}

/**
 * The permit that an event is under or beyond; undefined where its principal has none that could matter.
 *
 * Blind spot: a principal with another name at another source, and whoever is given the bytes afterwards.
 */
export function permittedOf(
  permits: readonly Permit[],
  { principal, model, time }: Pick<OcsfEvent, "principal" | "model" | "time">,
  address: string | undefined,
): Permitted | undefined {
  const own = permits.filter((it) => it.principal === principal && it.from <= time);
  const holds = own.filter((it) => time < it.until);
  const same = holds.filter((it) => it.model === model);
  const within = same.find((it) => it.address === undefined || it.address === address);
  if (within) return { permit: within, is: "within" };
  const [elsewhere] = same;
  if (elsewhere) return { permit: elsewhere, is: "elsewhere" };
  const over = own.filter((it) => it.model === model).sort((a, b) => b.until - a.until)[0];
  if (over) return { permit: over, is: "over" };
  const [astray] = holds;
  return astray && model !== undefined ? { permit: astray, is: "astray" } : undefined;
}

/** Detectors whose claim is that nobody declared a reader, or that it reads much: both are agreed to, for a time. */
export const expectedOfPermits: ReadonlySet<string> = new Set([
  "bulk-completion",
  "complete-copy",
  "enumerate-then-pull",
  "first-reader",
  "segmented-download",
  "unaccounted-read",
  "weights-looked-up",
]);
