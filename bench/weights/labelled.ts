// Models in many formats and what looks like them, wrapped as people and thieves wrap files: what does a scan call a model?
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, sep } from "node:path";
import { scan } from "../../packages/agent/src/index.ts";
import { clopperPearson } from "../../packages/extraction/src/index.ts";
import { lookAlikesOf, numbersOf } from "./labelled/look-alikes.ts";
import { modelsOf } from "./labelled/models.ts";
import { cutShort, wrappings } from "./labelled/wrappings.ts";
import { note, printTable, say } from "./table.ts";

/** Each with its own sizes, contents, names of split pieces and cuts. */
const seeds = [1, 2, 3, 4] as const;

/** `found`: in the report. `named`: not as a model, but the report says that it could not tell. `silent`: neither. */
type Outcome = "found" | "named" | "silent";

interface Planted {
  readonly kind: string;
  readonly wrapping: string;
  readonly seed: number;
  readonly label: "model" | "other" | "numbers";
  readonly folder: string;
  outcome: Outcome;
  complete: boolean;
  why?: string;
}

/** Of so many, so many; the interval holds with 95 %. Source: Clopper and Pearson 1934. */
export interface Share {
  readonly right: number;
  readonly of: number;
  readonly share: number;
  readonly interval: readonly [number, number];
}

export async function benchLabelled({ json }: { readonly json: boolean }) {
  const root = mkdtempSync(join(tmpdir(), "outweigh-bench-labelled-"));
  try {
    const planted: Planted[] = [];
    for (const wrapping of Object.keys(wrappings)) {
      note(`${wrapping} …`);
      const here = plant(join(root, wrapping), wrapping);
      await look(join(root, wrapping), here);
      planted.push(...here);
    }
    const result = score(planted);
    if (!json) print(result);
    return result;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function plant(root: string, wrapping: string): Planted[] {
  const wrap = wrappings[wrapping];
  if (!wrap) throw new RangeError(`no wrapping ${wrapping}`);
  return seeds.flatMap((seed) => {
    const labelled = [
      ...modelsOf(seed).map((sample) => ({ sample, label: "model" as const })),
      ...lookAlikesOf(seed).map((sample) => ({ sample, label: "other" as const })),
      ...numbersOf(seed).map((sample) => ({ sample, label: "numbers" as const })),
    ];
    return labelled.map(({ sample, label }, i): Planted => {
      const folder = join(root, `${seed}`, `${label}-${i}`);
      writeAll(folder, wrap(sample, seed));
      return { kind: sample.kind, wrapping, seed, label, folder, outcome: "silent", complete: false };
    });
  });
}

function writeAll(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, data] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, data);
  }
}

/** One scan for all, and for what it did not find one more each, whose reasons name it. */
async function look(root: string, planted: readonly Planted[]): Promise<void> {
  const { models } = await scan({ roots: [root], hash: "full" });
  const places = models.flatMap(({ copies }) =>
    copies.map(({ path, container, complete }) => ({ path: container ?? path, complete })),
  );
  for (const it of planted) {
    const own = places.filter(({ path }) => path.startsWith(it.folder + sep));
    it.complete = own.some(({ complete }) => complete);
    it.outcome = own.length > 0 ? "found" : "silent";
    if (own.length > 0 || it.label !== "model") continue;
    const { notSeen } = await scan({ roots: [it.folder], hash: "full" });
    const [reason] = notSeen.filter(({ what }) => what.includes(it.folder));
    if (!reason) continue;
    it.outcome = "named";
    it.why = `${relative(it.folder, reason.what)}: ${reason.why}`;
  }
}

interface Row {
  readonly name: string;
  readonly found: Share;
}

function score(planted: readonly Planted[]) {
  const models = planted.filter((it) => it.label === "model");
  const others = planted.filter((it) => it.label === "other");
  const numbers = planted.filter((it) => it.label === "numbers");
  const hits = models.filter(isRight);
  const alarms = others.filter((it) => it.outcome === "found");
  const cut = models.filter((it) => cutShort.has(it.wrapping));
  return {
    seeds: seeds.length,
    formats: new Set(models.map((it) => it.kind)).size,
    lookAlikes: new Set(others.map((it) => it.kind)).size,
    recall: shareOf(hits.length, models.length),
    precision: shareOf(hits.length, hits.length + alarms.length),
    falseAlarms: shareOf(alarms.length, others.length),
    truncated: {
      partial: cut.filter((it) => it.outcome === "found" && !it.complete).length,
      complete: cut.filter((it) => it.outcome === "found" && it.complete).length,
      named: cut.filter((it) => it.outcome === "named").length,
      silent: cut.filter((it) => it.outcome === "silent").length,
    },
    perFormat: rowsOf(models, (it) => it.kind),
    perWrapping: rowsOf(models, (it) => it.wrapping),
    alarmsPerWrapping: rowsOf(
      others,
      (it) => it.wrapping,
      (it) => it.outcome === "found",
    ),
    numbersCalledModels: shareOf(numbers.filter((it) => it.outcome === "found").length, numbers.length),
    missed: models.filter((it) => !isRight(it)).map(nameOf),
    alarms: alarms.map(nameOf),
  };
}

/** A copy that was cut must be found, and found to be incomplete. */
function isRight({ outcome, wrapping, complete }: Planted): boolean {
  return outcome === "found" && !(cutShort.has(wrapping) && complete);
}

function shareOf(right: number, of: number): Share {
  return { right, of, share: of > 0 ? right / of : 1, interval: clopperPearson(right, of) };
}

function rowsOf(
  planted: readonly Planted[],
  key: (it: Planted) => string,
  counts: (it: Planted) => boolean = isRight,
): Row[] {
  return [...Map.groupBy(planted, key)].map(([name, own]) => ({
    name,
    found: shareOf(own.filter(counts).length, own.length),
  }));
}

function nameOf({ kind, wrapping, seed, outcome, complete, why }: Planted): string {
  const what = outcome === "found" ? (complete ? "found, called complete" : "found") : outcome;
  return `${kind}, ${wrapping}, seed ${seed}: ${what}${why === undefined ? "" : ` (${why})`}`;
}

export type Labelled = ReturnType<typeof score>;

function print(it: Labelled): void {
  say(
    `${it.formats} formats, ${it.lookAlikes} kinds of look-alikes, ${it.seeds} seeds, ${it.perWrapping.length} wrappings`,
  );
  say(`recall     ${text(it.recall)}`);
  say(`precision  ${text(it.precision)}`);
  say(`false alarms ${text(it.falseAlarms)}`);
  const { partial, complete, named, silent } = it.truncated;
  say(
    `truncated: ${partial} found and incomplete, ${complete} called complete, ${named} named as unreadable, ${silent} silent`,
  );
  say(`tables of floating numbers called models: ${text(it.numbersCalledModels)}`);
  for (const rows of [it.perFormat, it.perWrapping]) {
    say("");
    printTable(rows.map(({ name, found }) => [name, text(found)]));
  }
  for (const [title, names] of [
    ["missed", it.missed],
    ["false alarms", it.alarms],
  ] as const) {
    say(`\n${title}: ${names.length}`);
    for (const name of names) say(`  ${name}`);
  }
}

function text({ right, of, share, interval: [low, high] }: Share): string {
  return `${right}/${of}  ${(100 * share).toFixed(2)} % [${(100 * low).toFixed(2)}–${(100 * high).toFixed(2)}]`;
}
