// What a scan found otherwise than the one before. Pure, and in time linear in both: a report is a host's, and a host may lie.
import {
  maxChangeLines,
  type ChangeLine,
  type Listener,
  type ScanChange,
  type ScannedCopy,
  type ScanReport,
  type TheftPath,
} from "@outweigh/schema";
import { belowAny, maxRoots } from "./merged-scan.ts";

/** Longest text of one line, in UTF-16 units: twice Linux's longest path. */
const maxText = 8192;

/**
 * @param before All that was known of the host, with the folders that it is known of.
 * @param report What one scan says, of its own folders alone.
 */
export function scanChange(before: ScanReport, report: ScanReport): ScanChange {
  const wasRead = belowAny(before.roots.slice(0, maxRoots));
  const isRead = belowAny(report.roots.slice(0, maxRoots));
  const old = copiesOf(before, (path) => isRead(path));
  const now = copiesOf(report, () => true);
  const fresh = [...now].filter(([key]) => !old.has(key));
  const gone = [...old].filter(([key]) => !now.has(key));
  const changed = [...now].flatMap(([key, it]) => {
    const was = old.get(key);
    return was && was.says !== it.says ? [{ ...it, before: was.says }] : [];
  });
  const parts = (key: string) => key.slice(0, key.indexOf("\n"));
  return {
    newCopies: told(fresh.filter(([key]) => wasRead(parts(key))).map(([, it]) => it)),
    firstLooked: told(fresh.filter(([key]) => !wasRead(parts(key))).map(([, it]) => it)),
    goneCopies: told(gone.map(([, it]) => it)),
    changedCopies: told(changed),
    ...pair("Tokens", before.tokens ?? [], report.tokens ?? [], (it) => ({
      what: it.path,
      says: `${it.opens}: ${it.scope}${readers(it.readableBy)}`,
    })),
    ...pair("Listeners", before.listeners, report.listeners, listenerLine),
    ...pair("Paths", before.paths.filter(pathWithin(isRead)), report.paths, pathLine),
  };
}

/** Copies by place and digest: other weights at the same place are another copy. */
function copiesOf(report: ScanReport, within: (path: string) => boolean): Map<string, ChangeLine> {
  const found = new Map<string, ChangeLine>();
  for (const model of report.models) {
    for (const copy of model.copies) {
      const file = copy.container ?? copy.path;
      if (!within(file)) continue;
      found.set(`${file}\n${copy.path}\n${copy.digest}`, {
        what: copy.container === undefined ? copy.path : `${copy.container}!/${copy.path}`,
        says: `${model.name ?? model.digest.slice(0, 12)}, ${copy.format}${stateOf(copy)}`,
      });
    }
  }
  return found;
}

function stateOf({ declared, readableBy }: ScannedCopy): string {
  return `${declared === false ? ", undeclared" : ""}${readers(readableBy)}`;
}

function readers(of: readonly string[]): string {
  return of.length === 0 ? "" : `, readable by ${of.join(" ")}`;
}

function listenerLine({ address, port, product, process, authenticated }: Listener): ChangeLine {
  const asks = authenticated === "unknown" ? "whether it asks is not known" : authenticated ? "asks" : "asks nobody";
  return { what: `${address} port ${port}`, says: `${product ?? process ?? "unknown program"}: ${asks}` };
}

function pathLine({ model, kind, steps }: TheftPath): ChangeLine {
  const to = (steps.at(-1)?.to ?? "").replace(/ and \d+ more$/, "");
  return { what: `${steps[0]?.from ?? "somebody"} → ${to}`, says: `${model}${kind === undefined ? "" : `, ${kind}`}` };
}

/** Paths to other folders than those that were read now are neither gone nor new. */
function pathWithin(isRead: (path: string) => boolean): (path: TheftPath) => boolean {
  return ({ steps }) => {
    const to = steps.at(-1)?.to ?? "";
    return !to.startsWith("/") || isRead(to);
  };
}

type Pair<Name extends string> = Record<`new${Name}` | `gone${Name}`, { items: ChangeLine[]; total: number }>;

function pair<Name extends "Tokens" | "Listeners" | "Paths", Item>(
  name: Name,
  before: readonly Item[],
  after: readonly Item[],
  line: (item: Item) => ChangeLine,
): Pair<Name> {
  const by = (items: readonly Item[]) =>
    new Map(items.map(line).map((it) => [JSON.stringify([it.what, it.says]), it] as const));
  const [was, is] = [by(before), by(after)];
  const fresh = [...is].filter(([key]) => !was.has(key)).map(([, it]) => it);
  const gone = [...was].filter(([key]) => !is.has(key)).map(([, it]) => it);
  return { [`new${name}`]: told(fresh), [`gone${name}`]: told(gone) } as Pair<Name>;
}

function told(all: readonly ChangeLine[]) {
  const items = all.slice(0, maxChangeLines).map((it) => ({
    what: it.what.slice(0, maxText),
    says: it.says.slice(0, maxText),
    ...(it.before !== undefined && { before: it.before.slice(0, maxText) }),
  }));
  return { items, total: all.length };
}
