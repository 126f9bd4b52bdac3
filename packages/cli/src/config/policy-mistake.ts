import { join } from "node:path";
import { PipelineError, readPolicy, unknownTeller } from "@outweigh/pipeline";
import { connectionsOf, isTelling, type Config } from "@outweigh/schema";
import { ownContentFolder } from "../content.ts";
import { readText } from "./read.ts";

/** What the server would refuse of the policy in use, and in which file; undefined if it is good. */
export function policyMistake(config: Config): { readonly file: string; readonly message: string } | undefined {
  const file = join(ownContentFolder(), "policy.yml");
  try {
    const tellers = connectionsOf(config).filter(isTelling);
    const unknown = unknownTeller(
      readPolicy(readText(file)),
      tellers.map((it) => it.name),
    );
    if (unknown === undefined) return undefined;
    return { file, message: `tells by ${unknown}: no connection of that name is of the kind slack, mail or webhook` };
  } catch (error) {
    if (error instanceof PipelineError) return { file, message: error.message };
    throw error;
  }
}
