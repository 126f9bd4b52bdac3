// `npm run bench -- events [--rules DIR] [--peer DIR] [--json] [--write]`: events a second of one core, step by step and whole, with memory.
import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";
import { measureMemory } from "./memory.ts";
import { pageOf, writePage } from "./page.ts";
import { measurePeer } from "./peer.ts";
import { measureRegression } from "./regression.ts";
import { benchEvents, importText, measureRules, readCorpus, spread } from "./rules.ts";
import { measureLedger, measureLine, measureMapping, measureParsing } from "./stages.ts";
import { ownRules } from "./traffic.ts";

/** Rules of the line that is measured beside the one with ours alone. */
const manyRules = 600;

export type Measured = ReturnType<typeof measure>;

export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { rules: { type: "string" }, peer: { type: "string" }, write: { type: "boolean", default: false } },
  });
  const result = measure(values.rules, values.peer);
  const page = pageOf(result);
  process.stdout.write(json ? `${JSON.stringify({ bench: "events", ...result })}\n` : `${page}\n`);
  if (values.write) writePage(page);
}

function measure(rules: string | undefined, peer: string | undefined) {
  const say = (it: string): boolean => process.stderr.write(`${it} …\n`);
  const corpus = readCorpus(rules);
  const events = benchEvents();
  const own = ownRules();
  say("parsing");
  const parsing = measureParsing();
  const regression = rules === undefined ? undefined : measureRegression(rules, corpus.report.loaded);
  say("mapping");
  const mapping = measureMapping();
  say("rules");
  const ruleRows = measureRules(corpus, events);
  say("ledger");
  const ledger = measureLedger();
  say("line");
  const line = [
    ...measureLine(own, parsing),
    ...measureLine([...own, ...spread(corpus.files, manyRules - own.length).map(({ text }) => text)], parsing),
  ];
  say("memory");
  const memory = measureMemory(own);
  say("peer");
  const other = peer === undefined ? undefined : measurePeer(peer, corpus, events);
  return {
    node: process.version,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    corpus: importText(corpus),
    real: corpus.real,
    regression,
    parsing,
    mapping,
    rules: ruleRows,
    ledger,
    line,
    memory,
    peer: other,
  };
}
