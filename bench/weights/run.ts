// `npm run bench -- weights [labelled|corpus|carving|zoo|sparse|index|digest|rounding] [--write] [--json]`: what the weights package finds, and
// how fast. `--write` puts what ran into docs/weights.md.
import { benchCarving } from "./carving.ts";
import { benchCorpus } from "./corpus.ts";
import { benchDigest } from "./digest.ts";
import { benchIndex } from "./index-search.ts";
import { benchLabelled } from "./labelled.ts";
import * as page from "./page.ts";
import { benchRounding } from "./rounding.ts";
import { benchSparse } from "./sparse.ts";
import { printJson, say } from "./table.ts";
import { benchZoo } from "./zoo.ts";

/** One part: measures, and with `json` says nothing but what it returns; then its page for people, undefined for none. */
interface Part {
  run(options: { readonly json: boolean }): Promise<{ readonly result: unknown; readonly text: string | undefined }>;
}

function part<Result>(
  bench: (options: { readonly json: boolean }) => Promise<Result>,
  text: (result: Result) => string | undefined = () => undefined,
): Part {
  return {
    run: async (options) => {
      const result = await bench(options);
      return { result, text: text(result) };
    },
  };
}

const parts: Readonly<Record<string, Part>> = {
  labelled: part(benchLabelled, page.labelledPage),
  corpus: part(benchCorpus, page.corpusPage),
  carving: part(benchCarving, page.carvingPage),
  zoo: part(benchZoo, page.zooPage),
  sparse: part(benchSparse, page.sparsePage),
  index: part(benchIndex, page.indexPage),
  digest: part(benchDigest, page.digestPage),
  rounding: part(benchRounding),
};

/** Runs the parts that are named, or all. */
export async function run({ json, args }: { readonly json: boolean; readonly args: readonly string[] }): Promise<void> {
  const named = args.filter((it) => it !== "--write");
  const unknown = named.filter((it) => !Object.hasOwn(parts, it));
  if (unknown.length > 0)
    throw new RangeError(`no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  const results: Record<string, unknown> = {};
  for (const [name, it] of Object.entries(parts)) {
    if (named.length > 0 && !named.includes(name)) continue;
    if (!json) say(`\n${name}\n`);
    const { result, text } = await it.run({ json });
    results[name] = result;
    if (args.includes("--write") && text !== undefined) page.writePart(name, text);
  }
  if (json) printJson(results);
}
