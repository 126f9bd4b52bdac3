import type { ModelEntry, ScannedModel } from "@outweigh/schema";
import { compareFingerprints, fingerprint, WeightsError, type Comparison, type Fingerprint } from "@outweigh/weights";
import { openCopy } from "../open-copy.ts";
import { isDeclared, type DeclaredPlace } from "./declare.ts";
import type { NotSeen } from "./not-seen.ts";
import { errnoOf, whyUnreadable, type RawNames } from "./open-file.ts";

/** A protected model's fingerprint, as the register keeps it. */
export interface KnownFingerprint {
  readonly name: string;
  readonly fingerprint: Fingerprint;
}

interface MatchOptions {
  readonly known: readonly KnownFingerprint[];
  /** Names of those of which a theft was confirmed: what may come from them is told too. */
  readonly watched?: ReadonlySet<string> | undefined;
  /** The secret with which all of them were made: only then can they be compared. */
  readonly key: Uint8Array;
  readonly register: readonly ModelEntry[];
  readonly places: readonly DeclaredPlace[];
  readonly rawNames: RawNames;
  readonly notSeen: NotSeen;
  readonly signal?: AbortSignal | undefined;
}

/** Models of less are adapters of a few tensors or test data, which have too few matrices to tell. In bytes. */
const minBytes = 64 * 1024;

/**
 * Matrices that must be alike beyond chance (one scan in a million) for a watched model to be told where it cannot be told whether one comes
 * from the other: as many as any verdict needs. Models that merely began from the same random numbers look so too.
 */
const leastAlike = 3;

/**
 * Compares every model that the register does not know by its digest with the register's fingerprints, and says of each that is related
 * to one how: a quantised, pruned, fine-tuned or merged copy has no digest in common with its origin. It gets its origin's name, so that
 * a copy of it outside the declared places is an undeclared one.
 */
export async function matchModels(models: readonly ScannedModel[], options: MatchOptions): Promise<ScannedModel[]> {
  const strange = models.filter((it) => it.name === undefined && it.bytes >= minBytes);
  const matched: ScannedModel[] = [];
  for (const model of models) {
    options.signal?.throwIfAborted();
    const verdict = strange.includes(model) ? await verdictOf(model, strange.length, options) : undefined;
    matched.push(verdict ? named(model, verdict, options) : model);
  }
  return matched;
}

type Verdict = NonNullable<ScannedModel["verdict"]>;

function named(model: ScannedModel, verdict: Verdict, { register, places }: MatchOptions): ScannedModel {
  const entry = register.find((it) => it.name === verdict.model);
  if (!entry) return { ...model, verdict };
  const copies = model.copies.map((it) => ({ ...it, declared: isDeclared(it, entry, places) }));
  return { ...model, name: entry.name, class: entry.class, verdict, copies };
}

async function verdictOf(
  model: ScannedModel,
  searched: number,
  { known, watched, key, rawNames, notSeen }: MatchOptions,
): Promise<Verdict | undefined> {
  const copy = model.copies.find((it) => it.complete) ?? model.copies[0];
  if (!copy) return undefined;
  const shown = copy.container === undefined ? copy.path : `${copy.container}!/${copy.path}`;
  try {
    const opened = await openCopy(copy, rawNames);
    try {
      const made = await fingerprint(opened.parts, { key });
      const librarySize = searched * known.length;
      const verdicts = known
        .map((it) => ({ model: it.name, comparison: compareFingerprints(it.fingerprint, made, { librarySize }) }))
        .map(toVerdict);
      const sure = verdicts.find((it) => it.relation !== "unrelated" && it.relation !== "undetermined");
      return sure ?? verdicts.filter((it) => watched?.has(it.model) === true && isLikely(it)).map(asWatched)[0];
    } finally {
      opened.close();
    }
  } catch (error) {
    if (!(error instanceof WeightsError) && errnoOf(error) === undefined) throw error;
    notSeen.add("file", `not compared: ${error instanceof WeightsError ? error.message : whyUnreadable(error)}`, shown);
    return undefined;
  }
}

function isLikely({ relation, tensorsSignificant }: ReturnType<typeof toVerdict>): boolean {
  return relation === "undetermined" && tensorsSignificant >= leastAlike;
}

/** Says that only the watch has it told. */
function asWatched(it: ReturnType<typeof toVerdict>) {
  return {
    ...it,
    watched: true,
    why: `${it.why}; it may be a copy that was changed much, and is told because its model is watched`,
  };
}

function toVerdict({ model, comparison }: { model: string; comparison: Comparison }) {
  const { relation, pValue, how, tensorsCompared, tensorsSignificant, why } = comparison;
  return { relation, model, pValue, how, tensorsCompared, tensorsSignificant, why };
}
