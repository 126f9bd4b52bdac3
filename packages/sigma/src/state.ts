import { createHash } from "node:crypto";
import type { Correlator } from "./correlation/correlator.ts";
import type { Entry } from "./correlation/entry.ts";
import { labelOf } from "./document.ts";
import { refuse, type Path } from "./error.ts";

/** What an engine remembers, as plain JSON. Opaque to callers, who store it and hand it back. */
export interface EngineState {
  readonly version: 1;
  /** The newest event time seen; null before the first. */
  readonly latest: number | null;
  readonly correlations: readonly StoredCorrelation[];
}

interface StoredCorrelation {
  /** Names the correlation and its definition: a changed one starts anew. */
  readonly key: string;
  readonly groups: readonly StoredGroup[];
}

interface StoredGroup {
  readonly key: string;
  readonly values: readonly string[];
  readonly entries: readonly Entry[];
}

export function writeState(correlators: readonly Correlator[], latest: number): EngineState {
  const correlations = correlators.map((correlator) => ({
    key: keyOf(correlator),
    groups: [...correlator.groups()].map(([key, { values, entries }]) => ({ key, values, entries: [...entries] })),
  }));
  return { version: 1, latest: Number.isFinite(latest) ? latest : null, correlations };
}

/**
 * Fills the correlators from a stored state.
 *
 * @throws {SigmaError} BAD_STATE with the path of what is wrong; the correlators are untouched then.
 */
export function readState(state: unknown, correlators: readonly Correlator[]): { latest: number; unrestored: number } {
  const { version, latest, correlations } = asMap(state, []);
  if (version !== 1) refuse("BAD_STATE", ["version"], "is not 1");
  if (latest !== null && !isFinite(latest)) refuse("BAD_STATE", ["latest"], "is not a time");
  const stored = asList(correlations, ["correlations"]).map((it, place) =>
    readCorrelation(it, ["correlations", place]),
  );
  const byKey = new Map(correlators.map((it) => [keyOf(it), it]));
  let unrestored = 0;
  for (const { key, groups } of stored) {
    const correlator = byKey.get(key);
    if (!correlator) unrestored += groups.length;
    else for (const it of groups) correlator.restore(it.key, it.values, it.entries);
  }
  return { latest: isFinite(latest) ? latest : -Infinity, unrestored };
}

function keyOf({ document }: Correlator): string {
  const definition = JSON.stringify([labelOf(document), document.attributes["correlation"]]);
  return createHash("sha256").update(definition).digest("base64");
}

function readCorrelation(value: unknown, path: Path): StoredCorrelation {
  const { key, groups } = asMap(value, path);
  const at = [...path, "groups"];
  return {
    key: asText(key, [...path, "key"]),
    groups: asList(groups, at).map((it, place) => readGroup(it, [...at, place])),
  };
}

function readGroup(value: unknown, path: Path): StoredGroup {
  const { key, values, entries } = asMap(value, path);
  return {
    key: asText(key, [...path, "key"]),
    values: asList(values, [...path, "values"]).map((it) => asText(it, [...path, "values"])),
    entries: asList(entries, [...path, "entries"]).map((it) => readEntry(it, [...path, "entries"])),
  };
}

function readEntry(value: unknown, path: Path): Entry {
  const { t, n, r, v, x, e } = asMap(value, path);
  if (!isFinite(t) || !isFinite(n) || !isFinite(r) || !isFinite(x)) refuse("BAD_STATE", path, "holds no numbers");
  return { t, n, r, v: asText(v, path), x, e: asList(e, path).map((it) => asText(it, path)) };
}

function asMap(value: unknown, path: Path): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse("BAD_STATE", path, "is not a map");
  return Object.fromEntries(Object.entries(value));
}

function asList(value: unknown, path: Path): readonly unknown[] {
  if (!Array.isArray(value)) refuse("BAD_STATE", path, "is not a list");
  return value;
}

function asText(value: unknown, path: Path): string {
  if (typeof value !== "string") refuse("BAD_STATE", path, "is not a text");
  return value;
}

function isFinite(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
