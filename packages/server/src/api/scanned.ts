// What scans found, kept at hand: every page's frame needs counts of it, and it changes rarely.
import type { Listener, ScannedModel, ScanReport, TheftPath } from "@outweigh/schema";
import type { Changes } from "../changes.ts";
import { allCopies, scans, type FoundCopy } from "../store/copies.ts";
import type { Db } from "../store/state/state.ts";

export interface Found {
  /** The latest report of each host, the newest first. */
  readonly reports: readonly ScanReport[];
  readonly copies: readonly FoundCopy[];
  /** Models of all reports by their digest. */
  readonly models: ReadonlyMap<string, ScannedModel>;
  readonly listeners: readonly Listener[];
  readonly paths: readonly TheftPath[];
}

export class Scanned {
  readonly #db: Db;
  #found: Promise<Found> | undefined;

  constructor(db: Db, changes: Changes) {
    this.#db = db;
    changes.listen(({ noun }) => {
      if (noun === "scan" || noun === "action") this.#found = undefined;
    });
  }

  /** What is known now. */
  latest(): Promise<Found> {
    this.#found ??= load(this.#db).catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    return this.#found;
  }
}

async function load(db: Db): Promise<Found> {
  const [reports, copies] = await Promise.all([scans(db), allCopies(db)]);
  const models = new Map(
    reports.toReversed().flatMap((it) => it.models.map((model) => [model.digest, model] as const)),
  );
  return {
    reports,
    copies,
    models,
    listeners: reports.flatMap((it) => it.listeners),
    paths: reports.flatMap((it) => it.paths),
  };
}
