import type { CorrelationDocument, FilterDocument, RuleDocument, SigmaDocument } from "../document.ts";
import { SigmaError } from "../error.ts";
import { maxChain } from "../limits.ts";

/** Documents by what others may call them. */
export interface Graph {
  readonly rules: readonly RuleDocument[];
  /** Joined ones before those that join them. */
  readonly correlations: readonly CorrelationDocument[];
  readonly filters: readonly FilterDocument[];
  /** The rule or correlation of this id or name. */
  readonly find: (reference: string) => RuleDocument | CorrelationDocument | undefined;
}

/**
 * Links correlations to what they join.
 *
 * @throws {SigmaError} DUPLICATE for an id or name that stands twice, UNKNOWN_RULE, CYCLE, TOO_DEEP.
 */
export function linkDocuments(documents: readonly SigmaDocument[]): Graph {
  const named = new Map<string, RuleDocument | CorrelationDocument>();
  const filterIds = new Set<string>();
  for (const document of documents) {
    if (document.kind === "filter") {
      if (document.id !== undefined && filterIds.has(document.id)) duplicate(document.id);
      if (document.id !== undefined) filterIds.add(document.id);
      continue;
    }
    for (const name of new Set([document.id, document.name])) {
      if (name === undefined) continue;
      if (named.has(name)) duplicate(name);
      named.set(name, document);
    }
  }
  const find = (reference: string): RuleDocument | CorrelationDocument | undefined => named.get(reference);
  return {
    rules: documents.filter((it) => it.kind === "rule"),
    correlations: sortCorrelations(
      documents.filter((it) => it.kind === "correlation"),
      find,
    ),
    filters: documents.filter((it) => it.kind === "filter"),
    find,
  };
}

function sortCorrelations(correlations: readonly CorrelationDocument[], find: Graph["find"]): CorrelationDocument[] {
  const sorted = new Set<CorrelationDocument>();
  const open = new Set<CorrelationDocument>();

  function visit(document: CorrelationDocument): void {
    if (sorted.has(document)) return;
    const fail = (code: "CYCLE" | "TOO_DEEP" | "UNKNOWN_RULE", reason: string, path: string[] = []): never => {
      throw new SigmaError(code, `correlation "${document.title}" ${reason}`, {
        path: ["correlation", "rules", ...path],
      });
    };
    if (open.has(document)) fail("CYCLE", "joins itself");
    if (open.size >= maxChain) fail("TOO_DEEP", `ends a chain of more than ${maxChain} correlations`);
    open.add(document);
    for (const reference of document.correlation.rules) {
      const joined = find(reference) ?? fail("UNKNOWN_RULE", `joins "${reference}", which is not there`, [reference]);
      if (joined.kind === "correlation") visit(joined);
    }
    open.delete(document);
    sorted.add(document);
  }
  for (const it of correlations) visit(it);
  return [...sorted];
}

function duplicate(name: string): never {
  throw new SigmaError("DUPLICATE", `two documents are called "${name}"`);
}
