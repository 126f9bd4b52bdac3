import { methods, type CoverageRow } from "@outweigh/schema";
import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import type { RuleInfo } from "../detect/rule-info.ts";
import { PipelineError } from "../error.ts";

/** Which kinds of sources each logsource is filled from. */
export type LogSources = readonly {
  readonly logsource: Readonly<Record<string, string>>;
  readonly from: readonly string[];
}[];

const shape = z
  .array(z.looseObject({ logsource: z.record(z.string(), z.string()), from: z.array(z.string()) }))
  .max(1000);

/** Reads `content/logsources.yml`. @throws {PipelineError} BAD_CONTROL */
export function readLogSources(text: string): LogSources {
  const read = shape.safeParse(parse(text, { maxAliasCount: 0 }));
  if (read.success) return read.data;
  throw new PipelineError("BAD_CONTROL", `logsources: ${read.error.issues[0]?.message ?? "not a list"}`);
}

/**
 * For each method of theft, how many rules in use read each kind of source that sends. A rule that reads what no source sends counts as in
 * use, and sees nothing. Detectors read every source: they are in `rules` alone.
 */
export function coverage(
  rules: readonly RuleInfo[],
  logSources: LogSources,
  sending: readonly string[],
): CoverageRow[] {
  const from = new Map(logSources.map((it) => [keyOf(it.logsource), it.from]));
  const read = rules.map((rule) => ({ method: rule.method, kinds: kindsOf(rule, from) }));
  return methods.map((method) => {
    const own = read.filter((it) => it.method === method);
    const sees = [...new Set(sending)]
      .sort()
      .map((kind) => ({ kind, rules: own.filter((it) => it.kinds.has(kind)).length }));
    return { method, rules: own.length, sees };
  });
}

/** Of one technique of ATLAS: how many rules and detectors in use name it, and how many of them look at something that sends. */
export interface TechniqueCoverage {
  readonly id: string;
  readonly rules: number;
  readonly seeing: number;
}

/**
 * Techniques of ATLAS that rules in use name. A detector sees as soon as any source sends: it reads all of them. A technique that is not
 * here is looked for by nobody.
 */
export function techniqueCoverage(
  rules: readonly RuleInfo[],
  logSources: LogSources,
  sending: readonly string[],
): TechniqueCoverage[] {
  const sees = seeing(rules, logSources, sending);
  const found = new Map<string, { id: string; rules: number; seeing: number }>();
  for (const rule of rules) {
    for (const id of new Set(rule.techniques.filter((it) => it.startsWith("AML.")))) {
      const it = found.get(id) ?? { id, rules: 0, seeing: 0 };
      it.rules++;
      if (sees.has(rule.id)) it.seeing++;
      found.set(id, it);
    }
  }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Ids of the rules in use that read something that sends. A detector does as soon as any source sends: it reads all of them. */
export function seeing(
  rules: readonly RuleInfo[],
  logSources: LogSources,
  sending: readonly string[],
): ReadonlySet<string> {
  const from = new Map(logSources.map((it) => [keyOf(it.logsource), it.from]));
  const sees = (rule: RuleInfo) => {
    if (rule.text === undefined) return sending.length > 0;
    const kinds = kindsOf(rule, from);
    return sending.some((it) => kinds.has(it));
  };
  return new Set(rules.filter(sees).map((it) => it.id));
}

function kindsOf({ text }: RuleInfo, from: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const documents = text === undefined ? [] : parseAllDocuments(text).map((it): unknown => it.toJS());
  return new Set(
    documents.flatMap((it) => {
      const named = z.looseObject({ logsource: z.record(z.string(), z.string()) }).safeParse(it);
      return named.success ? (from.get(keyOf(named.data.logsource)) ?? []) : [];
    }),
  );
}

function keyOf(logsource: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(logsource).sort());
}
