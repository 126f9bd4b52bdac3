import { existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import type { Config, ModelEntry } from "@outweigh/schema";
import { isSeq, parseDocument } from "yaml";
import { CliError } from "../error.ts";
import { mistakeText } from "./mistake.ts";
import { checkConfig, readText } from "./read.ts";

/** An entry as it is written: what has a default may be left out. */
export type NewModel = Omit<ModelEntry, "readers"> & { readonly readers?: readonly string[] };

/** What a new register begins with. */
const beginning = "# What Outweigh accounts for. `outweigh check` reports all mistakes of this file.\n";

/**
 * Adds a model to the register, leaving everything else of the file as it stands, comments included. Written beside and moved
 * into place, so that a crash leaves the old file.
 * @throws {CliError} CONFIG if the file has mistakes, or would have some afterwards: a second model of that name or digest.
 */
export function addModel(file: string, model: NewModel): void {
  const before = existsSync(file) ? readText(file) : beginning;
  requireGood(before, file);
  const document = parseDocument(before);
  const models = document.get("models");
  if (isSeq(models)) models.add(document.createNode(model));
  else document.set("models", document.createNode([model]));
  const after = document.toString({ lineWidth: 0 });
  requireGood(after, file);
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0o644;
  const beside = `${file}.new`;
  writeFileSync(beside, after, { mode });
  renameSync(beside, file);
}

function requireGood(text: string, file: string): Config {
  const { config, mistakes } = checkConfig(text, file);
  if (!config) throw new CliError("CONFIG", mistakes.map(mistakeText).join("\n"));
  return config;
}
