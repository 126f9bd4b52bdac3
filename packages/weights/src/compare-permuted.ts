import { alignDimensions, type Alignment, type Located } from "./compare/permuted/dimensions.ts";
import { testChain } from "./compare/permuted/chain.ts";
import { testLayers, type Hidden, type UnitTest } from "./compare/permuted/layers.ts";
import { undoRotation } from "./compare/permuted/rotated.ts";
import { minDescent } from "./compare/verdict.ts";
import { shapeClass, type Matrix } from "./fingerprint/canonical.ts";
import { lnFactorial, probabilityOf } from "./fingerprint/probability.ts";
import { chooseMatrices } from "./fingerprint/choose.ts";
import { Source, type ModelPart } from "./fingerprint/fingerprint.ts";

export interface PermutedOptions {
  readonly librarySize?: number;
  /** Chance of a false finding over the whole search; default 1e-6. */
  readonly alpha?: number;
}

/** Whether `b` is `a` with its dimensions, hidden units and signs rearranged. */
export interface PermutedComparison {
  /** `derived` has a p-value; `suspicious` has an effect size alone; `none` found nothing; `not tried` says why. */
  readonly outcome: "derived" | "suspicious" | "none" | "not tried";
  readonly pValue: number;
  readonly how: readonly string[];
  readonly why: string;
  readonly tests: readonly UnitTest[];
  readonly bytesRead: number;
}

/** Pairs of layers that must be significant. */
const minTests = 2;

/** Share of hidden units from which on a rotation is suspected. Independent models reached .07. */
const minRotated = 0.2;

/** Least share of a layer's units that a rearranged network without embedding has in common. Strangers reached .03. */
const minChain = 0.5;

/** Most embeddings of each model that are tried against each other. */
const maxEmbeddings = 3;

/** Fewest tokens by which dimensions can be told apart. */
const minTokens = 128;

/** Most matrices looked at. */
const maxMatrices = 100_000;

/**
 * Looks for a copy whose dimensions, hidden units and signs were rearranged so that it still computes the same.
 *
 * Embeddings align the dimensions; then, in layers at two depths, matrices that share their hidden units pair those of the two models each
 * for itself. a units paired alike have a chance of at most 1/a! if the models are independent. Without an embedding, the inputs' order is followed
 * through the layers, and two halves of the inputs pair the units. A rotation is undone by Procrustes' method; then the order of hidden units is tested.
 *
 * Reads 0.1 to 1 GB of a large model: dearer than `compareFingerprints`, for models of equal structure that it calls unrelated.
 * Blind spot: vocabularies in another order; retrained embeddings together with permuted layers; a rotation together with permuted units (an effect size, no
 * p-value); convolutions.
 */
export async function comparePermuted(
  a: readonly ModelPart[],
  b: readonly ModelPart[],
  options: PermutedOptions = {},
): Promise<PermutedComparison> {
  const { librarySize = 1, alpha = 1e-6 } = options;
  const sources = [new Source(a), new Source(b)] as const;
  const [ours, theirs] = [await locate(a, sources[0]), await locate(b, sources[1])];
  const found = await look(ours, theirs, Math.log(alpha / librarySize));
  const lnP = Math.min(0, (found.lnP ?? 0) + Math.log(librarySize));
  const bytesRead = sources[0].bytesRead + sources[1].bytesRead;
  return {
    outcome: found.outcome,
    pValue: probabilityOf(lnP),
    how: found.how,
    why: found.why,
    tests: found.tests ?? [],
    bytesRead,
  };
}

interface Finding extends Pick<PermutedComparison, "outcome" | "how" | "why"> {
  readonly lnP?: number;
  readonly tests?: readonly UnitTest[];
}

async function look(ours: readonly Located[], theirs: readonly Located[], lnAlpha: number): Promise<Finding> {
  const width = commonWidth(ours);
  if (width === undefined || width !== commonWidth(theirs)) {
    return { outcome: "not tried", how: [], why: "the two models have no width in common" };
  }
  const embeddings = [tokenMatrices(ours, width), tokenMatrices(theirs, width)] as const;
  const hidden = [hiddenMatrices(ours, width), hiddenMatrices(theirs, width)] as const;
  let aligned = false;
  for (const one of embeddings[0]) {
    for (const other of embeddings[1]) {
      const alignment = await alignDimensions(one, other);
      if (!alignment) continue;
      aligned = true;
      const tests = await testHidden(hidden[0], hidden[1], alignment);
      const finding = judgeTests(tests, alignment, lnAlpha - Math.log(embeddings[0].length * embeddings[1].length));
      if (finding.outcome === "derived") return finding;
    }
  }
  const rotated = await lookForRotation(embeddings, hidden, lnAlpha);
  if (rotated) return rotated;
  if (aligned) return { outcome: "none", how: [], why: "their embeddings agree, their layers do not" };
  return followChain(ours, theirs, lnAlpha);
}

/** Each hidden width on its own. */
async function testHidden(
  ours: readonly Hidden[],
  theirs: readonly Hidden[],
  alignment: Alignment,
): Promise<UnitTest[]> {
  const tests: UnitTest[] = [];
  for (const [key, own] of Map.groupBy(ours, (it) => shapeClass(it.matrix))) {
    const other = theirs.filter((it) => shapeClass(it.matrix) === key);
    if (other.length > 0) tests.push(...(await testLayers(own, other, alignment)));
  }
  return tests;
}

function judgeTests(tests: readonly UnitTest[], alignment: Alignment, lnAlpha: number): Finding {
  const lnP = tests.map((it) => it.lnP).sort((x, y) => x - y);
  const corrected = (lnP[minTests - 1] ?? 0) + Math.log(Math.max(1, tests.length));
  if (corrected >= lnAlpha) return { outcome: "none", how: [], why: "hidden units do not agree", tests };
  const { ours, theirs, sign, check } = alignment;
  const moved = ours.filter((it, i) => it !== theirs[i]).length;
  const negative = sign.filter((it) => it < 0).length;
  const units = tests.filter((it) => it.lnP < lnAlpha);
  const how = [
    ...(moved > 0 ? [`dimensions in another order: ${moved} of ${ours.length}`] : []),
    ...(negative > 0 ? [`signs of dimensions flipped: ${negative} of ${ours.length}`] : []),
    ...(units.some((it) => it.moved) ? ["hidden units in another order"] : []),
  ];
  const most = units.reduce((best, it) => (it.agreeing > best.agreeing ? it : best));
  const why =
    `once ${ours.length} dimensions are aligned (cosine ${check.toFixed(2)} on other tokens), matrices agree on ` +
    `${most.agreeing} of ${most.of} hidden units in ${units.length} pairs of layers`;
  return { outcome: "derived", how, why, lnP: Math.min(0, corrected), tests };
}

async function lookForRotation(
  [ours, theirs]: readonly [readonly Located[], readonly Located[]],
  hidden: readonly [readonly Hidden[], readonly Hidden[]],
  lnAlpha: number,
): Promise<Finding | undefined> {
  const [one, other] = [ours[0], theirs[0]];
  const largest = Map.groupBy(hidden[0], (it) => shapeClass(it.matrix));
  const [[key, own] = ["", []]] = [...largest].toSorted((x, y) => y[1].length - x[1].length);
  if (!one || !other || own.length < 2) return undefined;
  const others = hidden[1].filter((it) => shapeClass(it.matrix) === key);
  const rotated = await undoRotation([one, other], own, others);
  if (!rotated) return undefined;
  const { share, tests, tried } = rotated;
  const lnP = (tests.map((it) => it.lnP).sort((x, y) => x - y)[minTests - 1] ?? 0) + Math.log(Math.max(1, tried));
  const how = ["dimensions mixed by a rotation"];
  const like = tests.filter((it) => it.rho >= minDescent).length >= minTests;
  if (like && lnP < lnAlpha) {
    const z = tests.map((it) => it.z.toFixed(0)).join(", ");
    const why = `once the rotation between their embeddings is undone, ${tests.length} matrices have the same hidden units in the same order (z ${z})`;
    return { outcome: "derived", how, why, lnP: Math.min(0, lnP) };
  }
  if (share < minRotated) return undefined;
  const percent = `${Math.round(100 * share)} %`;
  const why = `once a rotation is undone, ${percent} of the hidden units agree, in another order (${100 * minRotated} % are suspicious); there is no p-value for that`;
  return { outcome: "suspicious", how, why };
}

async function followChain(ours: readonly Located[], theirs: readonly Located[], lnAlpha: number): Promise<Finding> {
  const chain = await testChain(ours, theirs);
  if (chain.length === 0) {
    return { outcome: "not tried", how: [], why: "neither an embedding nor a chain of layers to follow" };
  }
  const alike = chain.filter((it) => it.agreeing >= minChain * it.of);
  const lnP = alike.map((it) => Math.log(chain.length) - lnFactorial(it.agreeing)).sort((x, y) => x - y);
  const corrected = Math.min(0, lnP[minTests - 1] ?? 0);
  if (corrected >= lnAlpha) return { outcome: "none", how: [], why: "no rearrangement of units makes them alike" };
  const units = alike.map((it) => `${it.agreeing} of ${it.of}`).join(", ");
  const why = `followed from the inputs, ${units} units of ${alike.length} layers are the same in another order`;
  return { outcome: "derived", how: ["hidden units in another order"], why, lnP: corrected };
}

async function locate(parts: readonly ModelPart[], source: Source): Promise<Located[]> {
  const chosen = chooseMatrices(
    parts.flatMap((it) => it.file.tensors),
    1024,
    maxMatrices,
  );
  const located: Located[] = [];
  for (const { matrix } of chosen.toSorted((x, y) => x.rank - y.rank)) {
    const reader = await source.readerOf(matrix.tensor);
    if (reader && matrix.rest.length === 0) located.push({ matrix, reader });
  }
  return located;
}

/** The length that most matrices have as an axis: the width of the residual stream. */
function commonWidth(located: readonly Located[]): number | undefined {
  const counts = new Map<number, number>();
  for (const { matrix } of located) {
    for (const length of new Set([matrix.rows.length, matrix.cols.length]))
      counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  const [best] = [...counts].toSorted((x, y) => y[1] - x[1] || x[0] - y[0]);
  return best?.[0];
}

/** Matrices that may hold a vector of the model's width for each token: few of their shape, and longer than wide. */
function tokenMatrices(located: readonly Located[], width: number): Located[] {
  const fitting = located.filter(({ matrix }) => matrix.cols.length === width && matrix.rows.length >= minTokens);
  const rare = Map.groupBy(fitting, (it) => it.matrix.rows.length);
  return [...rare.values()]
    .filter((it) => it.length <= 2)
    .flat()
    .slice(0, maxEmbeddings);
}

function hiddenMatrices(located: readonly Located[], width: number): Hidden[] {
  const embeddings = new Set(tokenMatrices(located, width));
  return located.flatMap((it): Hidden[] => {
    const axis = hiddenAxis(it.matrix, width);
    return axis && !embeddings.has(it) ? [{ ...it, hidden: axis }] : [];
  });
}

function hiddenAxis({ rows, cols }: Matrix, width: number): "rows" | "cols" | undefined {
  if (rows.length === cols.length) return undefined;
  if (cols.length === width) return "rows";
  return rows.length === width ? "cols" : undefined;
}
