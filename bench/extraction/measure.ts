// One victim's streams against every detector. Cut into works that can be measured side by side; their tallies add up.
import {
  alarmLevel,
  learnJudge,
  learnSpace,
  Path,
  setExam,
  setLevels,
  sharesOf,
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
/** Principals whose queries hide an attack's in mixes and takeovers. */
const coverPrincipals = 40;
/** How benign principals are shared out; the rest is the test. */
const share = { reference: 1 / 5, paths: 2 / 3 };
/** Share of a mixed stream that is the attack's, and the numbers of accounts that an attack is split over. */
const mixed = 0.25;
const accounts = [2, 5, 10, 20];

/** Our detectors on the resplits of one reference group; the baselines on those of the first; accounts on the first resplit. */
export const works = ["group 0", "group 1", "baselines", "accounts"] as const;
export type Work = (typeof works)[number];

/** Queries of a benign principal for which all is promised. */
export function horizonOf(traces: Traces): number {
  return Math.min(...traces.principals.filter((it) => it.kind === "benign").map((it) => it.n));
}

/** Measures one work; the tallies of several merge. */
export function measure(traces: Traces, splits: number, work: Work): TallyState {
  const horizon = horizonOf(traces);
  const streams = benignOf(traces);
  const thieves = traces.principals.filter((it) => it.kind === "attack");
  const tally = new Tally();
  const group = work === "group 1" ? 1 : 0;
  const order = shuffled(streams.length, group);
  const fewest = Math.round(share.reference * order.length);
  const reference = order.slice(0, fewest).map((i) => streams[i] ?? []);
  const judge = work === "baselines" ? undefined : judgeOf(traces, reference, group);
  const baselines = work === "baselines" ? baselinesOf(reference, traces.classes) : [];

  const rest = order.slice(fewest);
  const covers = rest.slice(-coverPrincipals); // in no calibration, so that mixed streams are new to it
  const walked = new Map(rest.map((i) => [i, pathsOf(judge, streams[i] ?? [], baselines)]));
  const hiding = covers.map((i) => streams[i] ?? []);
  const attacks = thieves
    .flatMap((it) => variantsOf(traces, it, horizon, hiding))
    .filter((it) => work.startsWith("group") || (work === "baselines" && !it.name.includes(" ")))
    .map((stream) => ({ stream, paths: pathsOf(judge, stream.queries, baselines) }));

  for (let split = group; split < (work === "accounts" ? 1 : splits); split += groups) {
    const free = rest.slice(0, -coverPrincipals);
    const dealt = shuffled(free.length, 1000 + split).map((i) => free[i] ?? 0);
    const paths = dealt.slice(0, Math.round(share.paths * order.length));
    const test = [...dealt.slice(paths.length), ...covers];
    const known = paths.map((i) => walked.get(i) ?? {});
    const levels = levelsOf(known, judge && setLevels(judge, known.map(peakOfPaths), alpha), baselines);
    if (judge && work === "accounts") {
      splitAccounts(
        traces,
        thieves,
        horizon,
        judge,
        levels,
        paths.map((i) => streams[i] ?? []),
        tally,
        split,
      );
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
  return traces.principals.filter((it) => it.kind === "benign").map((it) => queriesOf(traces, it, horizon));
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
    input: traces.row("thumb", i),
    stratum: traces.row("label", i)[0] ?? 0,
    probabilities: traces.row("prob", i),
  };
}

function queriesOf(traces: Traces, { row, n }: TracePrincipal, most: number): Query[] {
  return Array.from({ length: Math.min(n, most) }, (_, t) => queryOf(traces, row + t));
}

/** The exam: half of the owner's own inputs reserved, the reference principal for the ceiling. */
export function examOf(traces: Traces): Exam | undefined {
  const reference = traces.principals.find((it) => it.kind === "reference");
  if (!reference || !traces.has("inputs_thumb")) return undefined;
  const owned = queriesOf(traces, reference, 5000).map((it) => ({
    input: it.input ?? [],
    label: it.stratum,
    probabilities: it.probabilities ?? [],
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
      answered: blend.map((_, t) => Math.floor((t + 1) / every)),
    },
    {
      name: `${name} takeover`,
      principal: thief,
      queries: [...cover.slice(0, late), ...queries.slice(0, horizon - late)],
      answered: Array.from({ length: horizon }, (_, t) => Math.max(0, t + 1 - late)),
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

/** An attack dealt out over k accounts, round robin: the first account to alarm, and the pooled stream against pooled benign groups. */
function splitAccounts(
  traces: Traces,
  thieves: readonly TracePrincipal[],
  horizon: number,
  judge: Judge,
  levels: Levels,
  paths: readonly (readonly Query[])[],
  tally: Tally,
  split: number,
): void {
  for (const k of accounts) {
    const groups = Array.from({ length: 200 }, (_, g) => {
      const members = Array.from({ length: k }, (_, m) => paths[mix(mix(split * 1000 + g) ^ m) % paths.length] ?? []);
      return Array.from({ length: horizon }, (_, t) => members[t % k]?.[Math.floor(t / k)]).filter(
        (it) => it !== undefined,
      );
    });
    const known = groups.map((it) => pathsOf(judge, it, []));
    const shares = sharesOf(known.length, alpha);
    const level = (name: "strangeness" | "progress" | "lines") => {
      const share = shares[name];
      const peaks = known.map((it) => Math.max(...(it[name] ?? [0])));
      return [name, (share && alarmLevel(peaks, share)?.level) ?? Infinity] as const;
    };
    const pooled = [level("strangeness"), level("progress"), level("lines")];
    for (const thief of thieves) {
      const queries = queriesOf(traces, thief, horizon);
      const name = thief.attack ?? thief.id;
      let first: number | undefined;
      for (let a = 0; a < k; a++) {
        const mine = queries.filter((_, t) => t % k === a);
        const at = alarmAt(pathsOf(judge, mine, []), levels["combined"] ?? []);
        const total = at === undefined ? undefined : (at - 1) * k + a + 1;
        if (total !== undefined && (first === undefined || total < first)) first = total;
      }
      const stream = {
        name: `${name} over ${k} accounts, any alarms`,
        principal: thief,
        queries,
        answered: queries.map((_, t) => t + 1),
      };
      tally.record("combined", stream, first);
      tally.record(
        "combined",
        { ...stream, name: `${name} over ${k} accounts, pooled` },
        alarmAt(pathsOf(judge, queries, []), pooled),
      );
    }
  }
}
