// `npm run bench -- weights [labelled|corpus|carving|zoo|sparse|index|digest|rounding] [--json]`: what the weights package finds, and how fast.
import { benchCarving } from "./carving.ts";
import { benchCorpus } from "./corpus.ts";
import { benchDigest } from "./digest.ts";
import { benchLabelled } from "./labelled.ts";
import { benchIndex } from "./index-search.ts";
import { benchRounding } from "./rounding.ts";
import { benchSparse } from "./sparse.ts";
import { printJson, say } from "./table.ts";
import { benchZoo } from "./zoo.ts";

/** One part: measures, and with `json` says nothing but what it returns. */
export type Part = (options: { readonly json: boolean }) => Promise<unknown>;

const parts: Readonly<Record<string, Part>> = {
  labelled: benchLabelled,
  corpus: benchCorpus,
  carving: benchCarving,
  zoo: benchZoo,
  sparse: benchSparse,
  index: benchIndex,
  digest: benchDigest,
  rounding: benchRounding,
};

/** Runs the parts that are named, or all. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const unknown = args.filter((it) => !Object.hasOwn(parts, it));
  if (unknown.length > 0)
    throw new RangeError(`no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  const results: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (args.length > 0 && !args.includes(name)) continue;
    if (!json) say(`\n${name}\n`);
    results[name] = await part({ json });
  }
  if (json) printJson(results);
}
