// Rules alone: events that lie ready in memory, through engines of growing size, and through another engine in the same run.
import { readFileSync } from "node:fs";
import { importRules, SigmaEngine, type ImportReport, type RuleText, type SigmaEvent } from "@outweigh/sigma";
import { makeEvents, makeRules } from "../../packages/sigma/src/testing/corpus.ts";
import { rateOf, type Rate } from "./clock.ts";
import { ymlBelow } from "./traffic.ts";

const seed = 20_261_125;
const counts = [200, 600, 3000];
const eventCount = 4000;

export interface RuleRow {
  readonly rules: number;
  readonly indexed: Rate;
  /** The same rules, routed by logsource, tried one by one. */
  readonly plain: Rate;
  /** Rules evaluated for one event, on average, and how many fit its logsource. */
  readonly tried: number;
  readonly fitting: number;
  readonly matchesPerThousand: number;
  readonly readyMs: number;
}

/** A checkout of third-party rules, or ours in its place. */
export interface Corpus {
  readonly real: boolean;
  readonly files: readonly RuleText[];
  readonly report: ImportReport;
}

/** Rules below a folder, such as a checkout of SigmaHQ; without one, rules made in its proportions. */
export function readCorpus(folder: string | undefined): Corpus {
  const files =
    folder === undefined
      ? makeRules(3000, seed)
      : ymlBelow(folder).map((path) => ({ name: path, text: readFileSync(path, "utf8") }));
  return { real: folder !== undefined, files, report: importRules(files, { view: "raw", placeholders: anything }) };
}

/** Rules with placeholders load when they have values; which ones, the user's installation says. */
const anything = new Proxy<Record<string, readonly string[]>>(
  {},
  { get: () => ["bench"], has: () => true, getOwnPropertyDescriptor: () => ({ configurable: true, value: ["bench"] }) },
);

export function benchEvents(): SigmaEvent[] {
  return makeEvents(eventCount, seed);
}

/** Every so-many-th rule, so that a part has the proportions of the whole. */
export function spread<It>(all: readonly It[], count: number): It[] {
  const wanted = Math.min(count, all.length);
  return Array.from({ length: wanted }, (_, i) => all[Math.floor((i * all.length) / wanted)]).filter(
    (it) => it !== undefined,
  );
}

export function measureRules({ report }: Corpus, events: readonly SigmaEvent[]): RuleRow[] {
  const rules = report.loaded.filter((it) => it.kind === "rule");
  return counts.map((count) => {
    const some = spread(rules, count);
    const began = performance.now();
    const engine = new SigmaEngine(some);
    const [first] = events;
    if (first) engine.step(first);
    const readyMs = Math.round(performance.now() - began);
    const indexed = rateOf(events.length, () => pass(engine, events));
    const all = new SigmaEngine(some, { index: false });
    const plain = rateOf(events.length, () => pass(all, events));
    const { matches } = sameMatches(engine, all, events);
    const per = (it: SigmaEngine): number => it.counters.tried / it.counters.events;
    return {
      rules: some.length,
      indexed,
      plain,
      tried: per(engine),
      fitting: per(all),
      matchesPerThousand: (1000 * matches) / events.length,
      readyMs,
    };
  });
}

/** Both engines over all events once more. @throws {Error} when they differ: a fast engine that answers otherwise is not measured. */
function sameMatches(a: SigmaEngine, b: SigmaEngine, events: readonly SigmaEvent[]): { matches: number } {
  let matches = 0;
  for (const it of events) {
    const [one, other] = [a.step(it), b.step(it)].map((list) => list.map((match) => match.id ?? match.rule).join(" "));
    if (one !== other) throw new Error(`the index changes what matches on ${it.id}`);
    matches += one === "" || one === undefined ? 0 : one.split(" ").length;
  }
  return { matches };
}

export function pass(engine: SigmaEngine, events: readonly SigmaEvent[]): void {
  for (const it of events) engine.step(it);
}

/** How a folder of rules loaded: every one that did not has a reason. */
export function importText({ real, files, report: { loaded, unsupported } }: Corpus): string {
  const codes = new Map<string, number>();
  for (const { code } of unsupported) codes.set(code, (codes.get(code) ?? 0) + 1);
  const why = [...codes].map(([code, count]) => `${count} ${code}`).join(", ");
  const what = real ? "files of the checkout" : "rules made in the proportions of SigmaHQ's, as no checkout was given";
  return `${files.length} ${what}: ${loaded.length} documents load, ${unsupported.length} do not${why === "" ? "" : ` (${why})`}`;
}
