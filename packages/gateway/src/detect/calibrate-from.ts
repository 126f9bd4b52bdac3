// A calibration from what the owner recorded of benign clients: the gateway itself keeps no input and no answer.
import {
  calibrate,
  ExtractionError,
  learnSpace,
  minExamInputs,
  peakOf,
  setExam,
  setLevels,
  type Calibration,
  type Query,
} from "@outweigh/extraction";
import type { GatewayModel } from "@outweigh/schema";
import { z } from "zod";
import type { GroupLevels, NumericCalibration } from "./calibration-file.ts";
import { bad, dealt, dice, readJsonLines } from "./benign-file.ts";
import { reduce } from "./reduce.ts";

/** Principals that teach what is usual; the others set the levels. Fewer teach too little, more leave too few to promise by. */
const referenceShare = 1 / 5;
/** Fewest principals of a calibration: below, nothing could be promised at all. */
const minPrincipals = 25;
/** Sizes of groups of linked accounts that levels are set for, and benign groups drawn for each. */
export const groupSizes = [2, 4, 8, 16];
export const groupsDrawn = 200;

const numbers = z.array(z.number());
const asked = z.object({
  /** Absent in a file of one's own inputs. */
  principal: z.string().min(1).max(256).optional(),
  input: numbers.min(1),
  /** What the model answered: its probabilities, in the order of its classes. */
  probabilities: numbers.min(2),
});

export interface CalibrateOptions {
  readonly model: GatewayModel;
  /** NDJSON, in the order of time: `{"principal": …, "input": […], "probabilities": […]}`. */
  readonly benign: string;
  /** NDJSON of the owner's own inputs, without principals: with them, progress is metered too. Nobody may have been served them. */
  readonly own?: string | undefined;
  /** Queries of a principal within which the promise holds. */
  readonly horizon: number;
  /** How many of how many benign principals may alarm within it. */
  readonly alpha: { readonly num: number; readonly den: number };
  /** Called while it reads and while it learns. */
  say(text: string): void;
}

/** What came of it, in numbers for people. */
export interface Calibrated {
  readonly calibration: Omit<NumericCalibration, "kind">;
  readonly principals: number;
  readonly queries: number;
  /** The strictest rate that so many principals can promise. */
  readonly certifiable: { readonly num: number; readonly den: number };
  /** Which alarms the calibration can raise; one that cannot promise `alpha` rests. */
  readonly alarms: readonly string[];
}

/**
 * Learns a calibration from files. Nothing of them is kept but the library's features.
 *
 * @throws {GatewayError} BAD_CALIBRATION for a line that does not read, naming file and line; too few principals or inputs.
 */
export async function calibrateFrom(options: CalibrateOptions): Promise<Calibrated> {
  try {
    return await learnFrom(options);
  } catch (cause) {
    if (cause instanceof ExtractionError)
      throw bad(`${options.benign}: nothing can be learnt from it: ${cause.message}`);
    throw cause;
  }
}

async function learnFrom(options: CalibrateOptions): Promise<Calibrated> {
  const { model, horizon, alpha, say } = options;
  const streams = new Map<string, Query[]>();
  let queries = 0;
  let strata = model.classes ?? 0;
  for await (const { principal, query, place } of read(options.benign, model)) {
    if (principal === undefined) throw bad(`${place}: expected a principal`);
    const stream = streams.get(principal) ?? [];
    if (stream.length < horizon) stream.push(query);
    streams.set(principal, stream);
    strata = Math.max(strata, query.stratum + 1);
    if (++queries % 100_000 === 0) say(`${queries} queries of ${streams.size} principals read`);
  }
  if (streams.size < minPrincipals)
    throw bad(`${options.benign}: expected queries of at least ${minPrincipals} principals, got ${streams.size}`);
  const exam = options.own === undefined ? undefined : await examFrom(options.own, model, strata);

  say(`${queries} queries of ${streams.size} principals read; learning from them`);
  const all = dealt([...streams.values()]);
  const reference = all.slice(0, Math.ceil(all.length * referenceShare));
  const paths = all.slice(reference.length);
  const single = calibrate({ reference, paths }, { strata, alpha, horizon, seed: 1, ...(exam && { exam }) });
  const groups = groupSizes
    .filter((it) => it * 2 <= paths.length)
    .map((members): GroupLevels => {
      say(`learning the levels of groups of ${members}`);
      return { members, levels: groupLevels(single, paths, members, { horizon, alpha }) };
    });
  const { strangeness, progress, lines } = single.levels;
  const alarms = Object.entries({ strangeness, progress, lines }).flatMap(([name, it]) => (it ? [name] : []));
  return {
    calibration: { single, groups },
    principals: streams.size,
    queries,
    certifiable: single.certifiable,
    alarms,
  };
}

interface Row {
  readonly principal: string | undefined;
  readonly query: Query;
  /** `file, line 7`. */
  readonly place: string;
}

async function* read(file: string, model: GatewayModel): AsyncGenerator<Row> {
  for await (const { value, place } of readJsonLines(file)) yield rowOf(value, place, model);
}

function rowOf(value: unknown, place: string, model: GatewayModel): Row {
  const it = asked.safeParse(value);
  if (!it.success) {
    const [issue] = it.error.issues;
    throw bad(`${place}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a query"}`);
  }
  const { principal, input, probabilities } = it.data;
  const features = reduce(input, model.input);
  if (!features) throw bad(`${place}: input: ${input.length} values are not of the shape configured for ${model.name}`);
  if (model.classes !== undefined && probabilities.length !== model.classes)
    throw bad(`${place}: probabilities: expected ${model.classes}, got ${probabilities.length}`);
  return { principal, query: { features, stratum: largest(probabilities), probabilities }, place };
}

/** Half of the owner's inputs are reserved to compare a clone on, the rest say how good one can get. */
async function examFrom(file: string, model: GatewayModel, classes: number) {
  const owned = [];
  for await (const { query } of read(file, model)) {
    const { features, stratum, probabilities } = query;
    owned.push({ input: features, label: stratum, ...(probabilities && { probabilities }) });
  }
  if (owned.length < minExamInputs * 2)
    throw bad(`${file}: expected at least ${minExamInputs * 2} inputs of your own, got ${owned.length}`);
  const [reserved, own] = [owned.filter((_, i) => i % 2 === 0), owned.filter((_, i) => i % 2 === 1)];
  return setExam(learnSpace(own.map((it) => it.input)), classes, reserved, own);
}

/** Levels for the queries of several benign principals in turns, as the groups of linked accounts are tested. */
function groupLevels(
  { judge }: Calibration,
  paths: readonly (readonly Query[])[],
  members: number,
  { horizon, alpha }: Pick<CalibrateOptions, "horizon" | "alpha">,
): Calibration["levels"] {
  const random = dice(members);
  const peaks = Array.from({ length: groupsDrawn }, () => {
    const chosen = Array.from({ length: members }, () => paths[Math.floor(random() * paths.length)] ?? []);
    const turns = Array.from({ length: horizon }, (_, t) => chosen[t % members]?.[Math.floor(t / members)]);
    return peakOf(
      judge,
      turns.filter((it) => it !== undefined),
    );
  });
  return setLevels(judge, peaks, alpha).levels;
}

function largest(values: readonly number[]): number {
  return values.reduce((best, it, i) => (it > (values[best] ?? -Infinity) ? i : best), 0);
}
