// What the reference principals asked, placed in its spaces: what banks, groups and the measure of "about the same" are made of.
import { makeBank, nearest } from "./bank.ts";
import { makeDensity } from "./density.ts";
import { hashVector } from "./hash.ts";
import { History, keptOf, keptSquare } from "./history.ts";
import type { Query } from "./query.ts";
import type { Frame } from "./scores.ts";
import { learnSpace, place, type Space } from "./space.ts";

/**
 * Two queries of one principal are about the same when they are nearer than this share of the usual distance to five benign queries
 * of the same answer: nearer than another record would be, further than the same one measured again.
 */
const alikeShare = 0.6;

/** Parts of the reference group: each is scored with what the others asked, as a newcomer would be. */
export const folds = 5;

interface Spaces {
  readonly features: Space;
  readonly input: Space | undefined;
}

function learnSpaces(streams: readonly (readonly Query[])[]): Spaces {
  const queries = streams.flat();
  const inputs = queries.flatMap((it) => (it.input ? [it.input] : []));
  return {
    features: learnSpace(queries.map((it) => it.features)),
    input: inputs.length === queries.length ? learnSpace(inputs) : undefined,
  };
}

/** A benign query in both spaces, and whether its principal had asked about the same before. */
interface Placed {
  readonly point: Int16Array;
  readonly input: Int16Array;
  readonly stratum: number;
  readonly isFresh: boolean;
}

/** What frames are made of: the reference principals' queries, placed once. */
export interface Ground {
  readonly spaces: Spaces;
  readonly strata: number;
  readonly seed: number;
  readonly alike: number;
  readonly placed: readonly (readonly Placed[])[];
}

/** Places the reference principals' queries, and marks those that a principal had asked about before. */
export function learnGround(
  reference: readonly (readonly Query[])[],
  { strata, seed }: { readonly strata: number; readonly seed: number },
): Ground {
  const spaces = learnSpaces(reference);
  const { features, input } = spaces;
  const points = reference.map((stream) =>
    stream.map((it) => {
      const point = place(features, it.features);
      return { point, input: input && it.input ? place(input, it.input) : point, stratum: it.stratum };
    }),
  );
  const alike = keptSquare(alikeShare * usualDistance(input ?? features, points, strata));
  const placed = points.map((stream) => {
    const history = new History([input ?? features]);
    return stream.map((it): Placed => {
      const row = history.coarsen([it.input]);
      const isFresh = (history.closest(row, alike)?.alike ?? 0) === 0;
      history.add(row, it.stratum, hashVector(it.input));
      return { ...it, isFresh };
    });
  });
  return { spaces, strata, seed, alike, placed };
}

/** The median distance of a part's queries to the nearest five of the other parts' of the same stratum, by what histories keep. */
function usualDistance(
  space: Space,
  points: readonly (readonly Pick<Placed, "input" | "stratum">[])[],
  strata: number,
): number {
  const kept = keptOf(space);
  const rows = points.map((stream) =>
    stream.map(({ input, stratum }) => ({ point: Int16Array.from(kept, (i) => input[i] ?? 0), stratum })),
  );
  const isOne = (i: number) => i % folds === 0;
  const bank = makeBank(
    kept.length,
    strata,
    rows.filter((_, i) => !isOne(i)),
  );
  const found = rows
    .filter((_, i) => isOne(i))
    .flat()
    .flatMap(({ stratum, point }) => nearest(bank, stratum, point) ?? [])
    .sort((a, b) => a - b);
  return found[found.length >> 1] ?? 0;
}

/** What of the reference principals with these indices is known. */
export function frameOf({ spaces, strata, seed, alike, placed }: Ground, indices: readonly number[]): Frame {
  const { features, input } = spaces;
  const chosen = indices.map((i) => placed[i] ?? []);
  const inputs = chosen.map((stream) =>
    stream.map(({ input, stratum, isFresh }) => ({ point: input, stratum, isFresh })),
  );
  return {
    features,
    input,
    bank: makeBank(features.dimensions, strata, chosen),
    inputBank: input && makeBank(input.dimensions, strata, inputs),
    density: makeDensity(
      (input ?? features).dimensions,
      strata,
      inputs.map((stream) => stream.filter((it) => it.isFresh)),
      seed,
    ),
    alike,
  };
}
