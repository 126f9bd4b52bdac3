import { compareFingerprints, type CompareOptions } from "./compare.ts";
import { comparePermuted } from "./compare-permuted.ts";
import type { Comparison } from "./compare/verdict.ts";
import { digestTensors, totalBytes, type TensorDigest } from "./digest.ts";
import {
  exactIdentity,
  fingerprint,
  openKey,
  type FingerprintOptions,
  type ModelPart,
} from "./fingerprint/fingerprint.ts";
import type { Fingerprint } from "./fingerprint/record.ts";

export interface CompareModelsOptions
  extends Omit<CompareOptions, "bases">, Pick<FingerprintOptions, "tiles" | "minElements"> {
  /** Chooses the samples; default `openKey`. */
  readonly key?: Uint8Array;
  /** Public models that both may come from, each as its files. */
  readonly bases?: readonly (readonly ModelPart[])[];
  /**
   * Whether all bytes are read to tell equality from likeness: by default only of models below 256 MiB together, and of those whose samples
   * agree.
   */
  readonly readAll?: "when alike" | "always" | "never";
}

/** Models of fewer bytes together are read whole: that takes a second at most. */
const cheapBytes = 256 * 1024 * 1024;

/** Below this share of matrices alike, the others of a small model may be the same ones rearranged: worth a look, to say how. */
const mostAlike = 0.9;

/** From this median correlation on, two models may be equal. */
const equalRho = 0.9999;

/**
 * Says whether `b` is a copy of `a` or comes from it, cheap evidence first: samples, then digests where samples agree, then, for models of
 * one structure whose samples do not, a search for rearranged dimensions.
 *
 * @param a All files of the model one protects, headers read. @param b Of the suspect.
 * @throws as `fingerprint` and `compareFingerprints`.
 */
export async function compareModels(
  a: readonly ModelPart[],
  b: readonly ModelPart[],
  options: CompareModelsOptions = {},
): Promise<Comparison> {
  const { key = openKey, bases = [], readAll = "when alike", tiles, minElements, ...rest } = options;
  const sampling = { key, precise: bases.length > 0, ...(tiles && { tiles }), ...(minElements && { minElements }) };
  const ours = await fingerprint(a, sampling);
  const theirs = await fingerprint(b, sampling);
  const origins: Fingerprint[] = [];
  for (const base of bases) origins.push(await fingerprint(base, sampling));
  const compared = compareFingerprints(ours, theirs, { ...rest, bases: origins });

  const cheap = bytesOf(a) + bytesOf(b) <= cheapBytes;
  const whole = readAll === "always" || (readAll === "when alike" && (cheap || (compared.rho ?? 0) >= equalRho));
  const full = whole
    ? compareFingerprints(await withDigests(ours, a), await withDigests(theirs, b), { ...rest, bases: origins })
    : compared;
  const open = full.relation === "unrelated" || full.relation === "undetermined";
  const explained = full.perTensor.some((it) => it.beyondBase !== undefined);
  const partly = cheap && full.relation === "derived" && full.tensorsSignificant < mostAlike * full.tensorsCompared;
  return (open || partly) && full.sameStructure && !explained ? rearranged(full, a, b, rest) : full;
}

async function rearranged(
  plain: Comparison,
  a: readonly ModelPart[],
  b: readonly ModelPart[],
  options: Pick<CompareOptions, "librarySize" | "alpha">,
): Promise<Comparison> {
  const { outcome, pValue, how, why, bytesRead } = await comparePermuted(a, b, options);
  const all = { ...plain, bytesRead: plain.bytesRead + bytesRead };
  if (plain.relation === "derived") return outcome === "derived" ? { ...all, how: [...all.how, ...how] } : all;
  if (outcome === "derived") return { ...all, relation: "derived", pValue: Math.min(1, 2 * pValue), how, why };
  if (outcome === "suspicious") return { ...all, relation: "undetermined", how, why };
  return all;
}

function bytesOf(parts: readonly ModelPart[]): number {
  return parts.reduce((sum, it) => sum + totalBytes(it.file), 0);
}

async function withDigests(made: Fingerprint, parts: readonly ModelPart[]): Promise<Fingerprint> {
  const digests: TensorDigest[] = [];
  for (const { reader, file, sibling } of parts) {
    digests.push(...(await digestTensors(reader, file, sibling ? { sibling } : {})));
  }
  return { ...made, exact: exactIdentity(digests, []), bytesRead: made.bytesRead + bytesOf(parts) };
}
