// `npm run bench -- extraction [--traces DIR] [--splits N] [--json]`: false alarms and how good the thief's copy was at the alarm.
import { join } from "node:path";
import {
  alarmLevel,
  calibrate,
  clopperPearson,
  learnJudge,
  learnSpace,
  Meter,
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
import { readTraces, type TracePrincipal, type Traces } from "./traces.ts";

const alpha = { num: 1, den: 100 };
/** Splits that also run the baselines and the split accounts: they take longer than all the rest. */
const costlySplits = 2;
/** How benign principals are shared out; the rest is the test. */
const share = { reference: 1 / 5, paths: 2 / 3 };
/** Share of a mixed stream that is the attack's, and the numbers of accounts that an attack is split over. */
const mixed = 0.25;
const accounts = [2, 5, 10, 20];

interface AttackStream {
  readonly name: string;
  readonly queries: readonly Query[];
  /** Attack queries answered after each query of the stream: what the thief has learnt from. */
  readonly answered: readonly number[];
  readonly principal: TracePrincipal;
}

interface Paths {
  readonly [detector: string]: readonly number[];
}

interface AttackResult {
  name: string;
  detected: number;
  streams: number;
  medianQueries: number | null;
  cloneFidelityAtDetection: number;
}

interface DetectorResult {
  falseAlarms: number;
  benignPrincipals: number;
  interval: readonly [number, number];
  worstSplit: number;
  attacks: AttackResult[];
}

export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<void> {
  const option = (name: string) => args[args.indexOf(name) + 1];
  const folder = args.includes("--traces") ? option("--traces") : undefined;
  const traces = readTraces(folder ?? join(import.meta.dirname, "..", "..", "..", "shared", "traces"));
  if (!traces) {
    process.stderr.write("no traces: name a folder of recorded query streams with --traces DIR\n");
    if (json) process.stdout.write(`${JSON.stringify({ skipped: "no traces" })}\n`);
    return;
  }
  const splits = args.includes("--splits") ? Number(option("--splits")) : 20;
  const result = measure(traces, splits);
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : table(result));
}

function measure(traces: Traces, splits: number) {
  const benign = traces.principals.filter((it) => it.kind === "benign");
  const horizon = Math.min(...benign.map((it) => it.n));
  const streams = benign.map((it) => queriesOf(traces, it, horizon));
  const thieves = traces.principals.filter((it) => it.kind === "attack");
  const exam = examOf(traces);
  const tally = new Tally();
  const speed: number[] = [];

  for (let split = 0; split < splits; split++) {
    process.stderr.write(`split ${split + 1} of ${splits}\n`);
    const order = shuffled(streams.length, split);
    const at = (from: number, to: number) =>
      order.slice(Math.round(from * order.length), Math.round(to * order.length)).map((i) => streams[i] ?? []);
    const reference = at(0, share.reference);
    const paths = at(share.reference, share.reference + share.paths);
    const test = at(share.reference + share.paths, 1);
    const options = { strata: traces.classes, alpha, horizon, seed: split + 1, ...(exam && { exam }) };
    const judge = learnJudge(reference, options);
    const baselines =
      split < costlySplits
        ? [prada(0.95), prada(0.9), seat(reference), mmd(reference.flat()), add(reference.flat(), traces.classes)]
        : [];

    const began = performance.now();
    const known = paths.map((it) => pathsOf(judge, it, baselines));
    const peak = (it: Paths, name: string) => Math.max(...(it[name] ?? [0]));
    const peaks = known.map((it) => ({
      strangeness: peak(it, "strangeness"),
      progress: peak(it, "progress"),
      lines: peak(it, "lines"),
    }));
    const calibration = setLevels(judge, peaks, alpha);
    speed.push((paths.length * horizon) / (performance.now() - began));
    const tested = test.map((it) => pathsOf(judge, it, baselines));
    const levels = levelsOf(known, calibration, baselines);
    tally.benign(tested, levels, order.slice(-test.length));
    for (const thief of thieves) {
      for (const it of variantsOf(traces, thief, horizon, test)) {
        tally.attack(it, pathsOf(judge, it.queries, it.name.includes(" ") ? [] : baselines), levels);
      }
    }
    if (split < costlySplits) splitAccounts(traces, thieves, horizon, judge, levels, paths, tally, split);
  }
  return {
    splits,
    horizon,
    alpha: alpha.num / alpha.den,
    detectors: tally.results(),
    queriesPerSecond: Math.round(1000 * median(scoredAlone(streams, traces, exam))),
    bytesPerPrincipal: stateBytes(streams, traces, exam),
  };
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
function examOf(traces: Traces): Exam | undefined {
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
function pathsOf(judge: Judge, stream: readonly Query[], baselines: readonly Baseline[]): Paths {
  const path = new Path(judge);
  const readings = stream.map((it) => path.step(it));
  return {
    strangeness: readings.map((it) => it.strangeness),
    progress: readings.map((it) => it.learnt),
    lines: readings.map((it) => it.lineRun),
    ...Object.fromEntries(signals.map((it, j) => [it, readings.map((r) => r.pace[j] ?? 0)])),
    ...Object.fromEntries(baselines.map((it) => [it.name, it.path(stream)])),
  };
}

type Levels = Readonly<Record<string, readonly (readonly [path: string, level: number])[]>>;

/** Per detector the paths it watches, each with its level. `combined` is what the product does. */
function levelsOf(known: readonly Paths[], { levels }: Calibration, baselines: readonly Baseline[]): Levels {
  const peaks = (name: string) => known.map((it) => Math.max(...(it[name] ?? [0])));
  const at = (name: string, rate = alpha) => [name, alarmLevel(peaks(name), rate)?.level ?? Infinity] as const;
  const out: Record<string, (readonly [string, number])[]> = {
    combined: [
      ["strangeness", levels.strangeness?.level ?? Infinity],
      ["progress", levels.progress?.level ?? Infinity],
      ["lines", levels.lines?.level ?? Infinity],
    ],
    strangeness: [at("strangeness")],
    progress: [at("progress")],
    lines: [at("lines")],
  };
  for (const it of signals) out[`signal ${it}`] = [at(it)];
  for (const it of baselines) {
    out[`${it.name}, own threshold`] = [[it.name, it.threshold(known.map((paths) => paths[it.name] ?? []))]];
    out[`${it.name}, PathCal`] = [at(it.name)];
  }
  return out;
}

/** When a detector alarms on a stream, counted from 1; undefined if never. */
function alarmAt(paths: Paths, watched: readonly (readonly [string, number])[]): number | undefined {
  let first: number | undefined;
  for (const [name, level] of watched) {
    const t = paths[name]?.findIndex((it) => it > level) ?? -1;
    if (t >= 0 && (first === undefined || t + 1 < first)) first = t + 1;
  }
  return first;
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

/** Counts, over splits. */
class Tally {
  readonly #alarms = new Map<string, { alarms: number; tested: number; worst: number }>();
  readonly #attacks = new Map<string, Map<string, { at: (number | undefined)[]; fidelity: number[] }>>();
  readonly #distinct = new Set<number>();

  benign(tested: readonly Paths[], levels: Levels, ids: readonly number[]): void {
    for (const it of ids) this.#distinct.add(it);
    for (const [name, watched] of Object.entries(levels)) {
      const alarms = tested.filter((it) => alarmAt(it, watched) !== undefined).length;
      const it = this.#alarms.get(name) ?? { alarms: 0, tested: 0, worst: 0 };
      this.#alarms.set(name, {
        alarms: it.alarms + alarms,
        tested: it.tested + tested.length,
        worst: Math.max(it.worst, alarms / tested.length),
      });
    }
  }

  attack(stream: AttackStream, paths: Paths, levels: Levels): void {
    for (const [name, watched] of Object.entries(levels)) {
      if (watched.every(([path]) => path in paths)) this.record(name, stream, alarmAt(paths, watched));
    }
  }

  record(detector: string, { name, principal, answered }: AttackStream, at: number | undefined): void {
    const attacks =
      this.#attacks.get(detector) ?? new Map<string, { at: (number | undefined)[]; fidelity: number[] }>();
    this.#attacks.set(detector, attacks);
    const it = attacks.get(name) ?? { at: [], fidelity: [] };
    attacks.set(name, it);
    it.at.push(at);
    it.fidelity.push(fidelityAt(principal, answered[(at ?? answered.length) - 1] ?? 0));
  }

  results(): Record<string, DetectorResult> {
    const out: Record<string, DetectorResult> = {};
    for (const [name, { alarms, tested, worst }] of this.#alarms) {
      // Splits share principals: the interval is that of the distinct ones at the mean rate, not of the sum.
      const n = this.#distinct.size;
      out[name] = {
        falseAlarms: alarms,
        benignPrincipals: tested,
        interval: clopperPearson(Math.round((alarms / tested) * n), n),
        worstSplit: worst,
        attacks: [...(this.#attacks.get(name) ?? [])].map(([attack, { at, fidelity }]) => ({
          name: attack,
          detected: at.filter((it) => it !== undefined).length / at.length,
          streams: at.length,
          medianQueries: finite(median(at.map((it) => it ?? Infinity))),
          cloneFidelityAtDetection: fidelity.reduce((a, b) => a + b, 0) / fidelity.length,
        })),
      };
    }
    return out;
  }
}

/** Agreement of a clone trained on the first n answers, between the measured numbers by straight lines; 1/10 below the first. */
function fidelityAt({ cloneFidelity = {} }: TracePrincipal, n: number): number {
  const known = Object.entries(cloneFidelity)
    .map(([at, value]) => [Number(at), value] as const)
    .sort((a, b) => a[0] - b[0]);
  let before: readonly [number, number] = [0, 0.1];
  for (const it of known) {
    if (n <= it[0]) {
      const part = it[0] === before[0] ? 1 : (n - before[0]) / (it[0] - before[0]);
      return before[1] + part * (it[1] - before[1]);
    }
    before = it;
  }
  return before[1];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Infinity;
}

function finite(it: number): number | null {
  return Number.isFinite(it) ? it : null;
}

/** Scored queries per millisecond of one meter, five runs. */
function scoredAlone(streams: readonly (readonly Query[])[], traces: Traces, exam: Exam | undefined): number[] {
  const calibration = small(streams, traces, exam);
  return Array.from({ length: 5 }, () => {
    const began = performance.now();
    let n = 0;
    for (const stream of streams.slice(300, 330)) {
      const meter = new Meter(calibration);
      for (const it of stream) meter.step(it);
      n += stream.length;
    }
    return n / (performance.now() - began);
  });
}

function stateBytes(streams: readonly (readonly Query[])[], traces: Traces, exam: Exam | undefined): number {
  const meter = new Meter(small(streams, traces, exam));
  for (const it of streams[300] ?? []) meter.step(it);
  return JSON.stringify(meter.snapshot()).length;
}

function small(streams: readonly (readonly Query[])[], traces: Traces, exam: Exam | undefined): Calibration {
  const at = (from: number, to: number) => streams.slice(from, to);
  return calibrate(
    { reference: at(0, 60), paths: at(60, 70) },
    { strata: traces.classes, alpha, horizon: streams[0]?.length ?? 1, seed: 1, ...(exam && { exam }) },
  );
}

function table({ detectors, splits, queriesPerSecond, bytesPerPrincipal }: ReturnType<typeof measure>): string {
  const lines = [
    `${splits} resplits; ${queriesPerSecond} scored queries/s/core; ${bytesPerPrincipal} bytes a principal as JSON`,
    "",
  ];
  for (const [name, it] of Object.entries(detectors)) {
    const rate = (100 * it.falseAlarms) / it.benignPrincipals;
    lines.push(
      `${name}: false alarms ${rate.toFixed(2)} % [${it.interval.map((v) => (100 * v).toFixed(2)).join(", ")}], worst split ${(100 * it.worstSplit).toFixed(1)} %`,
    );
    for (const a of it.attacks) {
      lines.push(
        `    ${a.name.padEnd(52)} ${(100 * a.detected).toFixed(0).padStart(4)} % @ ${String(a.medianQueries ?? "—").padStart(4)}  fidelity ${a.cloneFidelityAtDetection.toFixed(2)}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
