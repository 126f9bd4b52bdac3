import { clopperPearson, type Query } from "../../packages/extraction/src/index.ts";
import type { TracePrincipal } from "./traces.ts";

/** A stream of queries with a thief in it. */
export interface AttackStream {
  readonly name: string;
  readonly queries: readonly Query[];
  /** Attack queries answered after each query of the stream: what the thief has learnt from. */
  readonly answered: readonly number[];
  readonly principal: TracePrincipal;
}

/** Per detector its running value over a stream. */
export interface Paths {
  readonly [detector: string]: readonly number[];
}

/** What became of one kind of attack stream. */
export interface AttackResult {
  name: string;
  detected: number;
  streams: number;
  medianQueries: number | null;
  /** Null where no clone of the streams was ever measured. */
  cloneFidelityAtDetection: number | null;
}

/** One detector over all resplits. */
export interface DetectorResult {
  falseAlarms: number;
  benignPrincipals: number;
  interval: readonly [number, number];
  worstSplit: number;
  attacks: AttackResult[];
}
/** Per detector the paths it watches, each with its level. */
export type Levels = Readonly<Record<string, readonly (readonly [path: string, level: number])[]>>;

/** When a detector alarms on a stream, counted from 1; undefined if never. */
export function alarmAt(paths: Paths, watched: readonly (readonly [string, number])[]): number | undefined {
  let first: number | undefined;
  for (const [name, level] of watched) {
    const t = paths[name]?.findIndex((it) => it > level) ?? -1;
    if (t >= 0 && (first === undefined || t + 1 < first)) first = t + 1;
  }
  return first;
}
/** A tally as plain data, so that several can be merged. */
export interface TallyState {
  readonly alarms: readonly (readonly [string, { alarms: number; tested: number; worst: number }])[];
  readonly attacks: readonly (readonly [string, readonly (readonly [string, Caught])[]])[];
  readonly distinct: readonly number[];
}

/** When each stream of one kind was caught (null: never), and the clone's fidelity by then, where it was measured. */
interface Caught {
  at: (number | null)[];
  fidelity: number[];
}

/** Counts, over splits. */
export class Tally {
  readonly #alarms = new Map<string, { alarms: number; tested: number; worst: number }>();
  readonly #attacks = new Map<string, Map<string, Caught>>();
  readonly #distinct = new Set<number>();
  readonly #floor: number;

  /** @param floor Fidelity of a clone that was taught nothing. */
  constructor(floor = 0) {
    this.#floor = floor;
  }

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
    const attacks = this.#attacks.get(detector) ?? new Map<string, Caught>();
    this.#attacks.set(detector, attacks);
    const it = attacks.get(name) ?? { at: [], fidelity: [] };
    attacks.set(name, it);
    it.at.push(at ?? null);
    const fidelity = fidelityAt(principal, answered[(at ?? answered.length) - 1] ?? 0, this.#floor);
    if (fidelity !== undefined) it.fidelity.push(fidelity);
  }

  state(): TallyState {
    return {
      alarms: [...this.#alarms],
      attacks: [...this.#attacks].map(([name, it]) => [name, [...it]]),
      distinct: [...this.#distinct],
    };
  }

  /** What several tallies of the same principals found together. */
  static merged(states: readonly TallyState[]): Record<string, DetectorResult> {
    const sum = new Tally();
    for (const { alarms, attacks, distinct } of states) {
      for (const it of distinct) sum.#distinct.add(it);
      for (const [name, it] of alarms) {
        const known = sum.#alarms.get(name) ?? { alarms: 0, tested: 0, worst: 0 };
        sum.#alarms.set(name, {
          alarms: known.alarms + it.alarms,
          tested: known.tested + it.tested,
          worst: Math.max(known.worst, it.worst),
        });
      }
      for (const [name, kinds] of attacks) {
        const known = sum.#attacks.get(name) ?? new Map<string, Caught>();
        sum.#attacks.set(name, known);
        for (const [kind, { at, fidelity }] of kinds) {
          const caught = known.get(kind) ?? { at: [], fidelity: [] };
          known.set(kind, { at: [...caught.at, ...at], fidelity: [...caught.fidelity, ...fidelity] });
        }
      }
    }
    return sum.#results();
  }

  #results(): Record<string, DetectorResult> {
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
          detected: at.filter((it) => it !== null).length / at.length,
          streams: at.length,
          medianQueries: finite(median(at.map((it) => it ?? Infinity))),
          cloneFidelityAtDetection:
            fidelity.length === 0 ? null : fidelity.reduce((a, b) => a + b, 0) / fidelity.length,
        })),
      };
    }
    return out;
  }
}

/** Agreement of a clone trained on the first n answers, between the measured numbers by straight lines, from `floor` at none. */
function fidelityAt({ cloneFidelity }: TracePrincipal, n: number, floor: number): number | undefined {
  if (!cloneFidelity) return undefined;
  let before: readonly [number, number] = [0, floor];
  const known = Object.entries(cloneFidelity).map(([at, value]) => [Number(at), value] as const);
  for (const it of known.sort((a, b) => a[0] - b[0])) {
    if (n <= it[0]) {
      const part = it[0] === before[0] ? 1 : (n - before[0]) / (it[0] - before[0]);
      return before[1] + part * (it[1] - before[1]);
    }
    before = it;
  }
  return before[1];
}

/** The middle value, the upper one of two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Infinity;
}

function finite(it: number): number | null {
  return Number.isFinite(it) ? it : null;
}
