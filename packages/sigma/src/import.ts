import { linkDocuments } from "./correlation/graph.ts";
import { compileDocument, type CompileOptions, type SigmaDocument } from "./document.ts";
import { SigmaError, type SigmaErrorCode } from "./error.ts";
import { readYaml, type YamlDocument } from "./yaml.ts";

/** A text with the name that the report uses for it: a file's path. */
export interface RuleText {
  readonly name: string;
  readonly text: string;
}

/** A document, or a whole text, that can't be used. */
export interface Unsupported {
  readonly name: string;
  /** Where the document says what it is called. */
  readonly title?: string;
  readonly document?: number;
  readonly line?: number;
  readonly path: string;
  readonly code: SigmaErrorCode;
  readonly reason: string;
}

export interface ImportReport {
  /** Ready for the engine, which will take all of them together. */
  readonly loaded: readonly SigmaDocument[];
  readonly unsupported: readonly Unsupported[];
}

/**
 * Compiles many texts from strangers: each document by itself, so that one that can't be used costs no other, except
 * correlations that join it. Nothing is left out without a reason in the report. Never throws a `SigmaError`.
 */
export function importRules(texts: readonly RuleText[], options: CompileOptions = {}): ImportReport {
  const unsupported: Unsupported[] = [];
  const origins = new Map<SigmaDocument, { readonly name: string; readonly place: number }>();
  for (const { name, text } of texts) {
    const documents = attempt(
      () => readYaml(text),
      (error) => unsupported.push(report(name, error)),
    );
    for (const [place, yaml] of (documents ?? []).entries()) {
      const document = attempt(
        () => compileDocument(yaml, place, options),
        (error) => unsupported.push(report(name, error, titleOf(yaml), place)),
      );
      if (document) origins.set(document, { name, place });
    }
  }
  const { problems } = linkDocuments([...origins.keys()]);
  for (const [document, error] of problems) {
    const { name = "", place } = origins.get(document) ?? {};
    unsupported.push(report(name, error, document.title, place));
  }
  return { loaded: [...origins.keys()].filter((it) => !problems.has(it)), unsupported };
}

function attempt<Result>(run: () => Result, onError: (error: SigmaError) => void): Result | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof SigmaError)) throw error;
    onError(error);
    return undefined;
  }
}

function report(name: string, error: SigmaError, title?: string, place = error.document): Unsupported {
  const { code, reason, path, line } = error;
  return {
    name,
    ...(title === undefined ? {} : { title }),
    ...(place === undefined ? {} : { document: place }),
    ...(line === undefined ? {} : { line }),
    path,
    code,
    reason,
  };
}

function titleOf(yaml: YamlDocument): string | undefined {
  const document = attempt(
    () => yaml.read(),
    () => {},
  );
  const title: unknown = typeof document === "object" && document !== null && "title" in document ? document.title : "";
  return typeof title === "string" && title !== "" ? title.slice(0, 256) : undefined;
}
