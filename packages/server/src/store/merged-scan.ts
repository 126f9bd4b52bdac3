// A host's scans taken together: each says what lies below the folders that it read, and nothing of the rest.
import type { ScannedModel, ScanReport } from "@outweigh/schema";

/** Most copies of earlier scans that are kept beside a new one: a host with more is scanned as a whole. */
const maxKept = 20_000;

/** Most folders of one report that count as read: a person names a few, an order a hundred. */
export const maxRoots = 1000;
/** Most of what earlier scans could not see that is kept. */
const maxNotSeen = 1000;

/**
 * What is known of a host after a report: the report, and what the ones before found outside its folders. Times and counts are the
 * report's own; listeners are of the whole host, so the report replaces them.
 */
export function mergedScan(before: ScanReport, report: ScanReport): ScanReport {
  const isRead = belowAny(report.roots.slice(0, maxRoots));
  const isElsewhere = (path: string) => !isRead(path);
  const kept = before.models.flatMap((model) => {
    const copies = model.copies.filter((it) => isElsewhere(it.container ?? it.path));
    return copies.length === 0 ? [] : [{ ...model, copies }];
  });
  const { models, left } = capped(kept);
  const paths = before.paths.filter(({ kind, steps }) => {
    const to = steps.at(-1)?.to ?? "";
    // What lies on no disk of the host, such as a bucket, is in no folder: it is settled by whoever looked for it again.
    return to.startsWith("/") ? isElsewhere(to) : !report.looked?.some((it) => it.kind === kind);
  });
  const notSeen = before.notSeen.filter(({ what }) => what.startsWith("/") && isElsewhere(what));
  const forgotten = {
    what: `${left} copies of earlier scans`,
    why: `more than ${maxKept} lie outside the folders of this one`,
  };
  return {
    ...report,
    roots: [...report.roots, ...before.roots.filter(isElsewhere)].slice(0, maxRoots),
    models: withCopies(report.models, models),
    paths: [...report.paths, ...paths.slice(0, maxKept)],
    notSeen: [...report.notSeen, ...notSeen.slice(0, maxNotSeen), ...(left > 0 ? [forgotten] : [])],
  };
}

/**
 * Whether a path is one of these folders or lies below one. A report may name any number of folders, of any length: each path costs a
 * search among them, not a look at each.
 */
export function belowAny(folders: readonly string[]): (path: string) => boolean {
  const outermost: string[] = [];
  for (const it of folders.map(withOneSlash).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))) {
    const last = outermost.at(-1);
    if (last === undefined || !it.startsWith(last)) outermost.push(it);
  }
  // None begins with another, so all that begin with one stand right after it.
  return (path) => {
    const text = `${path}/`;
    let [from, to] = [0, outermost.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((outermost[middle] ?? "") <= text) from = middle + 1;
      else to = middle;
    }
    return text.startsWith(outermost[from - 1] ?? "\0");
  };
}

function withOneSlash(folder: string): string {
  let end = folder.length;
  while (end > 0 && folder[end - 1] === "/") end--;
  return `${folder.slice(0, end)}/`;
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
