// One victim's streams against every detector. Cut into works that can be measured side by side; their tallies add up.
import {
  alarmLevel,
  calibrateGroups,
  learnJudge,
  learnSpace,
  minExamInputs,
  maxExamClasses,
  Path,
  retestGroup,
  setExam,
  setLevels,
  signals,
  type Calibration,
  type Exam,
  type Judge,
  type Query,
} from "../../packages/extraction/src/index.ts";
import { mix } from "../../packages/extraction/src/hash.ts";
import { add, mmd, prada, seat, type Baseline } from "./baselines.ts";
import { alarmAt, Tally, type AttackStream, type Levels, type Paths, type TallyState } from "./tally.ts";
import type { TracePrincipal, Traces } from "./traces.ts";

export const alpha = { num: 1, den: 100 };
/** Reference groups: what is learnt from one costs most, so each serves several resplits of the others. */
const groups = 2;
/** Principals whose queries hide an attack's in mixes and takeovers: in no calibration, and in no test. At most a twentieth. */
const coverPrincipals = 20;
/** How benign principals are shared out; the rest is the test. */
const share = { reference: 1 / 5, paths: 2 / 3 };
/** Share of a mixed stream that is the attack's, and the numbers of accounts that an attack is split over. */
const mixed = 0.25;
const accounts = [2, 5, 10, 20];

/** Our detectors on the resplits of one reference group; the baselines on those of the first; accounts on the first resplit. */
export const works = ["group 0", "group 1", "baselines", "accounts"] as const;
export type Work = (typeof works)[number];

/** Queries of a benign principal for which all is promised: nine in ten have as many. The others are left out. */
export function horizonOf(traces: Traces): number {
  const lengths = traces.principals.filter((it) => it.kind === "benign").map((it) => it.n);
  return lengths.sort((x, y) => x - y)[Math.floor(lengths.length / 10)] ?? 0;
}

/** Benign principals that asked for the whole horizon. */
function benignPrincipals(traces: Traces): TracePrincipal[] {
  const horizon = horizonOf(traces);
  return traces.principals.filter((it) => it.kind === "benign" && it.n >= horizon);
}

/** How many benign principals' paths set the levels. */
export function pathPrincipals(traces: Traces): number {
  return Math.round(share.paths * benignPrincipals(traces).length);
}

/** Measures one work; the tallies of several merge. */
export function measure(traces: Traces, splits: number, work: Work): TallyState {
  const horizon = horizonOf(traces);
  const streams = benignOf(traces);
  const thieves = traces.principals.filter((it) => it.kind === "attack");
  const tally = new Tally(floorOf(traces));
  const group = work === "group 1" ? 1 : 0;
  const order = shuffled(streams.length, group);
  const fewest = Math.round(share.reference * order.length);
  const reference = order.slice(0, fewest).map((i) => streams[i] ?? []);
  const judge = work === "baselines" ? undefined : judgeOf(traces, reference, group);
  const baselines = work === "baselines" ? baselinesOf(reference, traces.classes) : [];

  const rest = order.slice(fewest);
  const free = rest.slice(0, -Math.min(coverPrincipals, Math.ceil(order.length / 20)));
  const covers = rest.slice(free.length);
  const walked = new Map(rest.map((i) => [i, pathsOf(judge, streams[i] ?? [], baselines)]));
  const hiding = covers.map((i) => streams[i] ?? []);
  const attacks = thieves
    .flatMap((it) => variantsOf(traces, it, horizon, hiding))
    .filter((it) => work.startsWith("group") || (work === "baselines" && !it.name.includes(" ")))
    .map((stream) => ({ stream, paths: pathsOf(judge, stream.queries, baselines) }));

  for (let split = group; split < (work === "accounts" ? 1 : splits); split += groups) {
    const dealt = shuffled(free.length, 1000 + split).map((i) => free[i] ?? 0);
    const paths = dealt.slice(0, Math.round(share.paths * order.length));
    const test = dealt.slice(paths.length);
    const known = paths.map((i) => walked.get(i) ?? {});
    const levels = levelsOf(known, judge && setLevels(judge, known.map(peakOfPaths), alpha), baselines);
    if (judge && work === "accounts") {
      const known = paths.map((i) => streams[i] ?? []);
      splitAccounts(traces, horizon, judge, levels, known, tally);
      continue;
    }
    tally.benign(
      test.map((i) => walked.get(i) ?? {}),
      levels,
      test,
    );
    for (const it of attacks) tally.attack(it.stream, it.paths, levels);
  }
  return tally.state();
}

/** Every benign principal's queries, cut to the horizon. */
export function benignOf(traces: Traces): Query[][] {
  const horizon = horizonOf(traces);
  return benignPrincipals(traces).map((it) => queriesOf(traces, it, horizon));
}

function judgeOf(traces: Traces, reference: readonly (readonly Query[])[], group: number): Judge {
  const exam = examOf(traces);
  const options = { strata: traces.classes, alpha, horizon: horizonOf(traces), seed: group + 1, ...(exam && { exam }) };
  return learnJudge(reference, options);
}

function baselinesOf(reference: readonly (readonly Query[])[], classes: number): Baseline[] {
  const queries = reference.flat();
  return [prada(0.95), prada(0.9), seat(reference), mmd(queries), add(queries, classes)];
}

function peakOfPaths(it: Paths) {
  const peak = (name: string) => Math.max(...(it[name] ?? [0]));
  return { strangeness: peak("strangeness"), progress: peak("progress"), lines: peak("lines") };
}

function queryOf(traces: Traces, i: number): Query {
  return {
    features: traces.row("emb", i),
    ...(traces.has("thumb") && { input: traces.row("thumb", i) }),
    stratum: traces.row("label", i)[0] ?? 0,
    ...(traces.has("prob") && { probabilities: traces.row("prob", i) }),
  };
}

function queriesOf(traces: Traces, { row, n }: TracePrincipal, most: number): Query[] {
  return Array.from({ length: Math.min(n, most) }, (_, t) => queryOf(traces, row + t));
}

/** Agreement of who always answers the commonest class: the fidelity of a clone that was taught nothing. */
function floorOf(traces: Traces): number {
  if (!traces.has("inputs_label")) return 1 / traces.classes;
  const counts = new Map<number, number>();
  const rows = traces.rows("inputs_label");
  for (let i = 0; i < rows; i++) {
    const label = traces.row("inputs_label", i)[0] ?? 0;
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return Math.max(...counts.values()) / rows;
}

/** The exam: the owner's own inputs are reserved, the reference principal is for the ceiling. Undefined where the folder has too few. */
export function examOf(traces: Traces): Exam | undefined {
  const reference = traces.principals.find((it) => it.kind === "reference");
  const enough = traces.has("inputs_thumb") && traces.has("inputs_label") && traces.has("thumb");
  if (!reference || !enough || traces.rows("inputs_thumb") < minExamInputs) return undefined;
  if (traces.classes > maxExamClasses) return undefined;
  const owned = queriesOf(traces, reference, 5000).map((it) => ({
    input: it.input ?? [],
    label: it.stratum,
    ...(it.probabilities && { probabilities: it.probabilities }),
  }));
  const reserved = Array.from({ length: traces.rows("inputs_thumb") }, (_, i) => ({
    input: traces.row("inputs_thumb", i),
    label: traces.row("inputs_label", i)[0] ?? 0,
  }));
  return setExam(learnSpace(owned.slice(0, 2000).map((it) => it.input)), traces.classes, reserved, owned);
}

/** Numbers 0 … n-1 in an order that the seed alone decides. */
function shuffled(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => mix(mix(seed + 17) ^ a) - mix(mix(seed + 17) ^ b));
}

/** The attack as it is; a quarter of it among a benign principal's queries; and after half a horizon of benign ones. */
function variantsOf(
  traces: Traces,
  thief: TracePrincipal,
  horizon: number,
  test: readonly (readonly Query[])[],
): AttackStream[] {
  const name = thief.attack ?? thief.id;
  const queries = queriesOf(traces, thief, horizon);
  const cover = test[mix(thief.row) % test.length] ?? [];
  const every = Math.round(1 / mixed);
  const blend = cover.map((it, t) => (t % every === every - 1 ? (queries[Math.floor(t / every)] ?? it) : it));
  const late = Math.floor(horizon / 2);
  return [
    { name, principal: thief, queries, answered: queries.map((_, t) => t + 1) },
    {
      name: `${name} 25 % mix`,
      principal: thief,
      queries: blend,
      answered: blend.map((_, t) => Math.min(queries.length, Math.floor((t + 1) / every))),
    },
    {
      name: `${name} takeover`,
      principal: thief,
      queries: [...cover.slice(0, late), ...queries.slice(0, horizon - late)],
      answered: Array.from({ length: Math.min(horizon, late + queries.length) }, (_, t) => Math.max(0, t + 1 - late)),
    },
  ];
}

/** Every detector's running value over a stream. */
function pathsOf(judge: Judge | undefined, stream: readonly Query[], baselines: readonly Baseline[]): Paths {
  const theirs = Object.fromEntries(baselines.map((it) => [it.name, it.path(stream)]));
  if (!judge) return theirs;
  const path = new Path(judge);
  const readings = stream.map((it) => path.step(it));
  return {
    strangeness: readings.map((it) => it.strangeness),
    progress: readings.map((it) => it.learnt),
    lines: readings.map((it) => it.lineRun),
    ...Object.fromEntries(signals.map((it, j) => [it, readings.map((r) => r.far[j] ?? 0)])),
    ...theirs,
  };
}

/** Per detector the paths it watches, each with its level. `combined` is what the product does. */
function levelsOf(
  known: readonly Paths[],
  calibration: Calibration | undefined,
  baselines: readonly Baseline[],
): Levels {
  const peaks = (name: string) => known.map((it) => Math.max(...(it[name] ?? [0])));
  const at = (name: string, rate = alpha) => [name, alarmLevel(peaks(name), rate)?.level ?? Infinity] as const;
  const out: Record<string, (readonly [string, number])[]> = {};
  if (calibration) {
    const { levels } = calibration;
    out["combined"] = [
      ["strangeness", levels.strangeness?.level ?? Infinity],
      ["progress", levels.progress?.level ?? Infinity],
      ["lines", levels.lines?.level ?? Infinity],
    ];
    for (const it of ["strangeness", "progress", "lines"]) out[it] = [at(it)];
    for (const it of signals) out[`signal ${it}`] = [at(it)];
  }
  for (const it of baselines) {
    out[`${it.name}, own threshold`] = [[it.name, it.threshold(known.map((paths) => paths[it.name] ?? []))]];
    out[`${it.name}, PathCal`] = [at(it.name)];
  }
  return out;
}

/** An attack dealt out over k accounts, round robin: the first account to alarm, and the group against benign groups. */
function splitAccounts(
  traces: Traces,
  horizon: number,
  judge: Judge,
  levels: Levels,
  paths: readonly (readonly Query[])[],
  tally: Tally,
): void {
  const pick = (g: number, m: number) => paths[mix(mix(g) ^ m) % paths.length] ?? [];
  for (const k of accounts) {
    const deal = (streams: readonly (readonly Query[])[]) =>
      streams.map((it, m) => it.slice(0, Math.ceil(horizon / k)).map((query, t) => ({ ...query, time: t * k + m })));
    const benign = Array.from({ length: 200 }, (_, g) => deal(Array.from({ length: k }, (_, m) => pick(g, m))));
    const pooled = calibrateGroups(judge, benign, alpha);
    for (const thief of traces.principals.filter((it) => it.kind === "attack")) {
      const queries = queriesOf(traces, thief, horizon);
      const shares = Array.from({ length: k }, (_, a) => queries.filter((_, t) => t % k === a));
      const firsts = shares.flatMap((mine, a) => {
        const at = alarmAt(pathsOf(judge, mine, []), levels["combined"] ?? []);
        return at === undefined ? [] : [(at - 1) * k + a + 1];
      });
      const stream = {
        name: `${thief.attack ?? thief.id} over ${k} accounts, any alarms`,
        principal: thief,
        queries,
        answered: queries.map((_, t) => t + 1),
      };
      const found = retestGroup(pooled, deal(shares));
      tally.record("combined", stream, firsts.length > 0 ? Math.min(...firsts) : undefined);
      tally.record(
        "combined",
        { ...stream, name: `${thief.attack ?? thief.id} over ${k} accounts, pooled` },
        found.state === "evidence" ? found.queries : undefined,
      );
    }
  }
}
