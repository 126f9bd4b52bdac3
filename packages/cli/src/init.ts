import type { ScannedCopy, ScannedModel, ScanReport } from "@outweigh/schema";
import { sizeText } from "./text/amounts.ts";

/** Most models proposed: a person reads all of them. The largest come first. */
const maxProposed = 200;

/** Models below this are test data of libraries, in bytes. Whoever has a smaller one of worth registers it. */
const minBytes = 1_000_000;

/** Over an entry that a person has to complete: all places of its copies are other models' already, as of two in one archive. */
const setAside = "  # Set aside: it lies where another model above does. Give it a place of its own to declare it.";

/** Where models lie that came from the public, and how we know. */
const publicPlaces: readonly (readonly [where: RegExp, why: string])[] = [
  [/\/models--[^/]+--[^/]+\//, "it lies in the cache of a public hub"],
  [/\/(?:site|dist)-packages\/|\/node_modules\//, "it came with a package"],
  [/\/\.?ollama\/models\//, "it lies in Ollama's cache"],
  [/^\/(?:usr|lib|opt)\//, "it came with software of this machine"],
];

/** Where people keep what they mean to keep: a copy there is more likely the declared one. */
const keptPlaces = /^\/(?:srv|data|models|mnt|opt|var\/lib)\//;

/**
 * A register as text, proposed from a scan, with every guess marked: a person decides. Only the likeliest place of each model is declared;
 * the others stand as comments, because a copy that was found is not a copy that was allowed.
 */
export function proposeConfig(report: ScanReport): string {
  const worth = report.models
    .filter((it) => it.bytes >= minBytes || it.name !== undefined)
    .toSorted((a, b) => b.bytes - a.bytes);
  const names = new Set<string>();
  const taken = new Set<string>();
  const entries = worth.slice(0, maxProposed).map((it) => entryText(it, names, taken));
  const left = worth.length - entries.length;
  return [
    `# Proposed by outweigh init from a scan of ${oneLine(report.host ?? "this host")} at ${report.finishedAt}.`,
    "# Every line is a guess until a person has read it: class, owner, places, readers. `outweigh check` reports mistakes.",
    "",
    ...(entries.some((it) => !it.startsWith(setAside)) ? ["models:", ...entries] : ["models: []", ...entries]),
    ...(left > 0 ? [`  # ${left} smaller models are left out.`] : []),
    "",
    "# What reports reads. Kinds are told by content; `*` matches within one path segment.",
    "sources: []",
    "#  - name: registry",
    "#    paths: [/var/log/nginx/access.log]",
    "#    silenceMs: 3600000",
    "",
    "# Your own networks, in CIDR form; an address outside them is external. Empty: private ranges count as own.",
    "networks: []",
    "",
  ].join("\n");
}

function entryText(model: ScannedModel, names: Set<string>, taken: Set<string>): string {
  const sorted = model.copies.toSorted((a, b) => rank(a) - rank(b));
  const likely = sorted.find((it) => freePlaces(it, taken).length > 0) ?? sorted[0];
  if (!likely) throw new RangeError("a model without copies");
  const others = sorted.filter((it) => it !== likely);
  const places = freePlaces(likely, taken);
  for (const it of places) taken.add(it);
  const from = publicPlaces.find(([where]) => model.copies.some((it) => where.test(fileOf(it))));
  const hashed = /^[0-9a-f]{64}$/.test(model.digest);
  const lines = [
    `  # ${sizeText(model.bytes)}, ${model.tensors} tensors, ${oneLine(model.formats.join(", "))}${from ? `; taken for public because ${from[1]}` : ""}`,
    `  - name: ${JSON.stringify(nameOf(likely, model.id, names))}`,
    `    class: ${model.class ?? (from ? "public" : "private")}`,
    "    # owner: who answers for it",
    ...(hashed ? [`    digest: ${model.digest}`] : ["    # digest: not hashed; outweigh register writes it"]),
    `    bytes: ${model.bytes}`,
    "    places:",
    ...(places.length > 0 ? places : [placeOf(likely)]).map((it) => `      - ${JSON.stringify(`file:${it}`)}`),
    ...others
      .slice(0, 20)
      .map((it) => `      # also found, declare it or ask why it is there: ${JSON.stringify(`file:${placeOf(it)}`)}`),
    ...(others.length > 20 ? [`      # and ${others.length - 20} more`] : []),
    "    readers: []",
  ];
  if (places.length > 0) return lines.join("\n");
  return [setAside, ...lines.map((it) => `  # ${it.slice(2)}`)].join("\n");
}

function rank(copy: ScannedCopy): number {
  return (copy.complete ? 0 : 4) + (copy.container === undefined ? 0 : 2) + (keptPlaces.test(fileOf(copy)) ? 0 : 1);
}

function fileOf({ path, container }: ScannedCopy): string {
  return container ?? path;
}

/** The folder of shards, else the file. */
function placeOf(copy: ScannedCopy): string {
  const file = fileOf(copy);
  return (copy.files?.length ?? 1) > 1 && copy.container === undefined
    ? file.slice(0, file.lastIndexOf("/")) || "/"
    : file;
}

/** Where the copy is that no model before it was given: one place has one model. In a folder that is another's too, its files. */
function freePlaces(copy: ScannedCopy, taken: ReadonlySet<string>): string[] {
  const place = placeOf(copy);
  if (!taken.has(place)) return [place];
  if (copy.container !== undefined) return [];
  return [...new Set((copy.files ?? []).map((it) => it.path))].filter((it) => !taken.has(it));
}

/** A name that a person recognises: of the hub, the folder or the file. */
function nameOf(copy: ScannedCopy, id: string, names: Set<string>): string {
  const place = placeOf(copy);
  const hub = /\/models--([^/]+)--([^/]+)\//.exec(`${place}/`);
  const stem = place.slice(place.lastIndexOf("/") + 1).replace(/\.[A-Za-z0-9_]{1,12}$/, "");
  const raw = hub ? `${hub[1]}-${hub[2]}` : stem;
  const clean =
    raw
      .replace(/[^A-Za-z0-9._-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 100) || `model-${id.slice(0, 8)}`;
  const name = names.has(clean) ? `${clean}-${id.slice(0, 8)}` : clean;
  names.add(name);
  return name;
}

/** Text of others in a comment: it must not end the line. */
function oneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
