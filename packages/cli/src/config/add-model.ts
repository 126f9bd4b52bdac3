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
 * @throws {CliError} USAGE for a second model of that name or digest; CONFIG if the file has mistakes, or would have some afterwards.
 */
export function addModel(file: string, model: NewModel): void {
  const before = existsSync(file) ? readText(file) : beginning;
  refuseSecond(model, requireGood(before, file), file);
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

/** One name, one set of weights, one entry. The mistakes of the file as it would be name lines that nobody has. */
function refuseSecond({ name, digest }: NewModel, { models }: Config, file: string): void {
  if (models.some((it) => it.name === name))
    throw new CliError(
      "USAGE",
      `${file} has a model named ${name} already: change it there, take it out first, or take another --name`,
    );
  const same = models.find((it) => it.digest !== undefined && it.digest === digest);
  if (same)
    throw new CliError(
      "USAGE",
      `${file} has these weights already, as ${same.name}: change that entry there, or take it out and register anew`,
    );
}

function requireGood(text: string, file: string): Config {
  const { config, mistakes } = checkConfig(text, file);
  if (!config) throw new CliError("CONFIG", mistakes.map(mistakeText).join("\n"));
  return config;
}
