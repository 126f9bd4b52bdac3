import type { ModelEntry, ScannedCopy, ScannedModel, ScanReport, TheftPath } from "@outweigh/schema";

/**
 * A scan by who has no register, an agent, as one with the register would tell it: which models are registered, and which copies of
 * them lie in no declared place. What it says of that itself is not believed. In time linear in models, copies and places.
 *
 * Blind spots: a changed copy, whose digest is another; a place that is declared by the name of a link; a place on another host that
 * has the same path.
 */
export function registeredScan(report: ScanReport, register: readonly ModelEntry[]): ScanReport {
  const byDigest = new Map(register.flatMap((it) => (it.digest === undefined ? [] : [[it.digest, it] as const])));
  const bySum = new Map(
    register.flatMap((it) =>
      (it.files ?? []).flatMap(({ sha256 }) => (sha256 === undefined ? [] : [[sha256, it] as const])),
    ),
  );
  const models = report.models.map((model) => {
    const sum = model.copies.find((it) => it.sha256 !== undefined && bySum.has(it.sha256))?.sha256;
    return judged(model, byDigest.get(model.digest) ?? (sum === undefined ? undefined : bySum.get(sum)));
  });
  // Who has no register calls a model by its id in theft paths too.
  const names = new Map(models.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])));
  const paths = report.paths.map((it) => ({ ...withPlainFix(it), model: names.get(it.model) ?? it.model }));
  return { ...report, models, paths };
}

/** What lets one command become another one, or hide in it. Our own fixes join two by `&&` at most. */
const joined = /[;`<>|'\p{C}]|\$\(|(?<!&)&(?!&)/u;

/** A person may paste a fix: of a host that lies, none that does more than it shows. */
function withPlainFix({ fix, ...path }: TheftPath): TheftPath {
  // Between single quotes a shell takes everything as it is, but what does not show.
  const outside = fix?.replace(/'[^'\p{C}]*'|\\'/gu, "");
  return outside === undefined || joined.test(outside) ? path : { ...path, ...(fix !== undefined && { fix }) };
}

function judged(model: ScannedModel, entry: ModelEntry | undefined): ScannedModel {
  const places = entry?.places.filter((it) => it.startsWith("file:")).map(pathOf);
  const copies = model.copies.map((it) => ({
    ...it,
    declared: places?.some((place) => isUnder(fileOf(it), place)),
  }));
  return { ...model, name: entry?.name, class: entry?.class, copies };
}

function fileOf({ path, container }: ScannedCopy): string {
  return container ?? path;
}

function pathOf(place: string): string {
  return place
    .slice("file:".length)
    .replace(/^\/\/+/, "/")
    .replace(/\/+$/, "");
}

function isUnder(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}
