// A host's scans taken together: each says what lies below the folders that it read, and nothing of the rest.
import type { ScannedModel, ScanReport } from "@outweigh/schema";

/** Most copies of earlier scans that are kept beside a new one: a host with more is scanned as a whole. */
const maxKept = 20_000;

/**
 * What is known of a host after a report: the report, and what the ones before found outside its folders. Times and counts are the
 * report's own; listeners are of the whole host, so the report replaces them.
 */
export function mergedScan(before: ScanReport, report: ScanReport): ScanReport {
  const isElsewhere = (path: string) => !report.roots.some((root) => isBelow(path, root));
  const kept = before.models.flatMap((model) => {
    const copies = model.copies.filter((it) => isElsewhere(it.container ?? it.path));
    return copies.length === 0 ? [] : [{ ...model, copies }];
  });
  const { models, left } = capped(kept);
  const paths = before.paths.filter(({ steps }) => steps.length > 0 && isElsewhere(steps.at(-1)?.to ?? ""));
  const notSeen = before.notSeen.filter(({ what }) => what.startsWith("/") && isElsewhere(what));
  const forgotten = {
    what: `${left} copies of earlier scans`,
    why: `more than ${maxKept} lie outside the folders of this one`,
  };
  return {
    ...report,
    roots: [...report.roots, ...before.roots.filter(isElsewhere)],
    models: withCopies(report.models, models),
    paths: [...report.paths, ...paths],
    notSeen: [...report.notSeen, ...notSeen, ...(left > 0 ? [forgotten] : [])],
  };
}

/** Whether a path is a folder or lies below it. */
function isBelow(path: string, folder: string): boolean {
  const root = folder.replace(/\/+$/, "");
  return path === folder || path === root || path.startsWith(`${root}/`);
}

function capped(models: readonly ScannedModel[]): { models: ScannedModel[]; left: number } {
  let left = 0;
  let room = maxKept;
  const kept: ScannedModel[] = [];
  for (const it of models) {
    const copies = it.copies.slice(0, room);
    room -= copies.length;
    left += it.copies.length - copies.length;
    if (copies.length > 0) kept.push({ ...it, copies });
  }
  return { models: kept, left };
}

/** Of a model in both, what the newer report says of it, with the copies of both. */
function withCopies(models: readonly ScannedModel[], kept: readonly ScannedModel[]): ScannedModel[] {
  const more = new Map(kept.map((it) => [it.digest, it]));
  const known = models.map((it) => {
    const { copies = [], formats = [] } = more.get(it.digest) ?? {};
    more.delete(it.digest);
    return { ...it, formats: [...new Set([...it.formats, ...formats])], copies: [...it.copies, ...copies] };
  });
  return [...known, ...more.values()];
}
