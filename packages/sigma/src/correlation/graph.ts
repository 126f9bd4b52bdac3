import {
  appliesTo,
  type CorrelationDocument,
  type FilterDocument,
  type RuleDocument,
  type SigmaDocument,
} from "../document.ts";
import { SigmaError, type SigmaErrorCode } from "../error.ts";
import { maxChain } from "../limits.ts";

/** Documents by what others may call them. */
export interface Graph {
  readonly rules: readonly RuleDocument[];
  /** Joined ones before those that join them. */
  readonly correlations: readonly CorrelationDocument[];
  readonly filters: readonly FilterDocument[];
  /** The rule or correlation of this id or name. */
  readonly find: (reference: string) => RuleDocument | CorrelationDocument | undefined;
  /** Documents that can't work beside the others, and why; they are in none of the lists. */
  readonly problems: ReadonlyMap<SigmaDocument, SigmaError>;
}

/**
 * Links correlations to what they join. Problems are DUPLICATE for an id or name that stands twice, UNKNOWN_RULE,
 * CYCLE and TOO_DEEP.
 */
export function linkDocuments(documents: readonly SigmaDocument[]): Graph {
  const problems = new Map<SigmaDocument, SigmaError>();
  const named = nameDocuments(documents, problems);
  const find = (reference: string): RuleDocument | CorrelationDocument | undefined => {
    const document = named.get(reference);
    return document?.kind === "filter" ? undefined : document;
  };
  const usable = documents.filter((it) => !problems.has(it));
  const correlations = sortCorrelations(
    usable.filter((it) => it.kind === "correlation"),
    find,
    problems,
  );
  return {
    rules: usable.filter((it) => it.kind === "rule"),
    correlations,
    filters: usable.filter((it) => it.kind === "filter"),
    find,
    problems,
  };
}

function nameDocuments(
  documents: readonly SigmaDocument[],
  problems: Map<SigmaDocument, SigmaError>,
): ReadonlyMap<string, SigmaDocument> {
  const named = new Map<string, SigmaDocument>();
  for (const document of documents) {
    const names = [document.id, document.name].filter((it) => it !== undefined);
    const taken = names.find((it) => named.has(it));
    if (taken !== undefined) {
      const other = named.get(taken)?.title ?? "";
      problems.set(document, new SigmaError("DUPLICATE", `"${taken}" is also what "${other}" is called`));
      continue;
    }
    for (const name of names) named.set(name, document);
  }
  return named;
}

function sortCorrelations(
  correlations: readonly CorrelationDocument[],
  find: Graph["find"],
  problems: Map<SigmaDocument, SigmaError>,
): CorrelationDocument[] {
  const sorted = new Set<CorrelationDocument>();
  const open = new Set<CorrelationDocument>();

  function visit(document: CorrelationDocument): void {
    if (sorted.has(document) || problems.has(document)) return;
    const fail = (code: SigmaErrorCode, reason: string): void => {
      const path = ["correlation", "rules"];
      problems.set(document, new SigmaError(code, `correlation "${document.title}" ${reason}`, { path }));
    };
    if (open.has(document)) return fail("CYCLE", "joins itself");
    if (open.size >= maxChain) return fail("TOO_DEEP", `ends a chain of more than ${maxChain} correlations`);
    open.add(document);
    for (const reference of document.correlation.rules) {
      const joined = find(reference);
      if (joined?.kind === "correlation") visit(joined);
      if (problems.has(document)) break;
      if (!joined || problems.has(joined)) {
        fail("UNKNOWN_RULE", `joins "${reference}", which is not there or can't be used`);
        break;
      }
    }
    open.delete(document);
    if (!problems.has(document)) sorted.add(document);
  }
  for (const it of correlations) visit(it);
  return [...sorted];
}

/** Filters that touch nothing: they name rules that are not there, correlations, or rules of another logsource. */
export function idleFilters({ filters, rules, find }: Graph): string[] {
  return filters.flatMap((filter) => {
    if (rules.some((it) => appliesTo(filter, it))) return [];
    const [known] = filter.rules.flatMap((it) => find(it) ?? []);
    const why =
      known === undefined
        ? "none of its rules is there"
        : known.kind === "rule"
          ? "its logsource is not theirs"
          : "it names a correlation";
    return [`filter "${filter.title}" filters nothing: ${why}`];
  });
}
