// Names of what a pinned catalogue knows by ids.
import { parse } from "yaml";
import { z } from "zod";
import { PipelineError } from "../error.ts";

const catalogues = z.array(z.looseObject({ names: z.record(z.string(), z.string()).default({}) })).max(100);

/** Id → name, of `content/techniques.yml`. @throws {PipelineError} BAD_CONTROL */
export function readCatalogueNames(text: string): ReadonlyMap<string, string> {
  const read = catalogues.safeParse(parse(text, { maxAliasCount: 0 }));
  if (!read.success)
    throw new PipelineError("BAD_CONTROL", `techniques: ${read.error.issues[0]?.message ?? "no list"}`);
  return new Map(read.data.flatMap((it) => Object.entries(it.names)));
}
