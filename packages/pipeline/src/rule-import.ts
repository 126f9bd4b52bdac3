import { fits, importRules, type RuleText, type Unsupported } from "@outweigh/sigma";
import { placeholdersOf } from "./detect/rules.ts";
import type { Logsource } from "./ingest/source.ts";
import { sources } from "./ingest/sources.ts";
import type { Register } from "./register.ts";

/** What of many texts of Sigma could be used. */
export interface ImportedRules {
  readonly rules: number;
  readonly correlations: number;
  readonly exceptions: number;
  /** Rules among them whose logsource no source of ours has: they would never match. */
  readonly unseen: number;
  /** Documents that cannot be used, each with its reason. */
  readonly unsupported: readonly Unsupported[];
  /** Documents with the id or name of another. */
  readonly duplicates: readonly Unsupported[];
}

/**
 * Reads rules by strangers, each document by itself, with the register's values for placeholders.
 *
 * @param logsources Beside what sources say of themselves: what rules may name because some of their records have it.
 */
export function importedRules(
  texts: readonly RuleText[],
  { register, logsources }: { readonly register: Register; readonly logsources: readonly Logsource[] },
): ImportedRules {
  const { loaded, unsupported } = importRules(texts, { placeholders: placeholdersOf(register) });
  const known = [{}, ...logsources, ...sources.flatMap((it) => it.logsources)];
  const rules = loaded.filter((it) => it.kind === "rule");
  return {
    rules: rules.length,
    correlations: loaded.filter((it) => it.kind === "correlation").length,
    exceptions: loaded.filter((it) => it.kind === "filter").length,
    unseen: rules.filter((rule) => !known.some((it) => fits(rule.logsource, it))).length,
    unsupported: unsupported.filter((it) => it.code !== "DUPLICATE"),
    duplicates: unsupported.filter((it) => it.code === "DUPLICATE"),
  };
}
