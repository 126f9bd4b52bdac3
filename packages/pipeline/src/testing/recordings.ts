/** Recordings and records for tests: nothing of this is part of the library. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Alert, Incident, ModelEntry, OcsfEvent } from "@outweigh/schema";
import type { SourceKind } from "../ingest/source.ts";
import { detectKind } from "../ingest/sources.ts";
import { Line } from "../line.ts";
import { RecordSplitter } from "../records.ts";
import { makeRegister, type RegisterOptions } from "../register.ts";

const root = join(import.meta.dirname, "..", "..", "..", "..");

/** A recording of ours, unpacked. */
export function recording(name: string): Buffer {
  return gunzipSync(readFileSync(join(root, "packages", "pipeline", "fixtures", `${name}.gz`)));
}

/** The folder of third-party samples, if this machine has it: they are no part of the repository. */
export const samples = join(root, "..", "shared", "samples");
export const noSamples = existsSync(samples) ? false : "no folder of third-party samples beside the repository";

/** All rules of the repository. */
export const rules: readonly string[] = readdirSync(join(root, "content", "rules"), {
  recursive: true,
  encoding: "utf8",
})
  .filter((it) => it.endsWith(".yml") && !it.endsWith(".test.yml"))
  .map((it) => readFileSync(join(root, "content", "rules", it), "utf8"));

export interface Replayed {
  readonly line: Line;
  readonly events: readonly OcsfEvent[];
  /** As they stand at the end. */
  readonly alerts: readonly Alert[];
  readonly incidents: readonly Incident[];
  readonly rejects: readonly { readonly offset: number; readonly reason: string }[];
  readonly skipped: readonly string[];
}

export interface Recorded {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Replays recordings one after the other through one line. */
export function replay(
  files: readonly Recorded[],
  models: readonly ModelEntry[] = [],
  options: RegisterOptions & { readonly rules?: readonly string[] } = {},
): Replayed {
  const line = new Line({ register: makeRegister(models, options), rules: options.rules ?? rules });
  const events: OcsfEvent[] = [];
  const alerts = new Map<string, Alert>();
  const incidents = new Map<string, Incident>();
  const rejects: { offset: number; reason: string }[] = [];
  const skipped: string[] = [];
  for (const { name, bytes } of files) {
    const kind = kindOf(name, bytes);
    const splitter = new RecordSplitter();
    for (const cut of [...splitter.push(bytes), ...splitter.end()]) {
      if ("rejected" in cut) {
        rejects.push({ offset: cut.offset, reason: cut.rejected });
        continue;
      }
      const outcome = line.run(cut.record, { source: kind, kind, file: basename(name), offset: cut.offset });
      if ("rejected" in outcome) rejects.push({ offset: cut.offset, reason: outcome.rejected });
      else {
        events.push(...outcome.events);
        for (const it of outcome.alerts) alerts.set(it.id, it);
        for (const it of outcome.incidents) incidents.set(it.id, it);
        if (outcome.skipped !== undefined) skipped.push(outcome.skipped);
      }
    }
  }
  return { line, events, alerts: [...alerts.values()], incidents: [...incidents.values()], rejects, skipped };
}

function kindOf(name: string, bytes: Uint8Array): SourceKind {
  const kind = detectKind(new TextDecoder().decode(bytes.subarray(0, 65_536)));
  if (!kind) throw new Error(`${name} is of no kind we know`);
  return kind;
}
