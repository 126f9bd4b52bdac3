// Victims and streams that were in no folder: networks over made-up records, honest users of many habits, and thieves that really
// query them. Seeded.
import { Dice } from "./dice.ts";
import { thieves, type Market } from "./second-thieves.ts";
import { ask, newLayers, train, type Answer, type Widths } from "./network.ts";
import type { TracePrincipal, Traces } from "./traces.ts";

/** What a made victim looks like. */
export interface Shape {
  readonly widths: Widths;
  /**
   * - `table`: columns that go together, some skewed, some whole numbers. - `mixed`: the same with flags that are 0 or 1. - `curve`:
   * neighbouring columns are alike, as in a spectrum or a recording.
   */
  readonly records: "table" | "mixed" | "curve";
}

/** The made victims: name, shape. */
export const shapes = {
  "24 columns": { widths: [24, 48, 32, 7], records: "table" },
  "16 columns": { widths: [16, 32, 24, 4], records: "mixed" },
  "256 columns": { widths: [256, 64, 48, 12], records: "curve" },
} as const satisfies Record<string, Shape>;

const benignPrincipals = 600;
const horizon = 352;
/** Where the clone of each thief is trained, to know its fidelity. */
const checkpoints = [16, 32, 64, 128, 256, 352];

/** Everything one seed decides. */
export function madeVictim(shape: Shape, seed: number): Traces {
  const { widths } = shape;
  const world = makeWorld(shape, seed);
  const dice = new Dice(seed, 1);
  const lessons = Array.from({ length: 6000 }, () => {
    const { input, label } = world.draw(dice);
    return { input, probabilities: Float64Array.from({ length: widths[3] }, (_, c) => (c === label ? 1 : 0)) };
  });
  const victim = train(newLayers(widths, dice), lessons, 12, dice);
  const reply = (input: Float64Array) => ask(victim, input);
  const reserved = Array.from({ length: 2000 }, () => world.draw(dice).input);
  const truth = reserved.map((it) => reply(it).label);

  const rows: { input: Float64Array; answer: Answer }[] = [];
  const principals: TracePrincipal[] = [];
  const add = (inputs: readonly Float64Array[], it: Omit<TracePrincipal, "row" | "n">) => {
    principals.push({ ...it, row: rows.length, n: inputs.length });
    for (const input of inputs) rows.push({ input, answer: reply(input) });
  };
  add(
    Array.from({ length: 5000 }, () => world.draw(dice).input),
    { id: "reference", kind: "reference" },
  );
  for (let i = 0; i < benignPrincipals; i++)
    add(honest(world, shape, new Dice(seed, 2, i)), { id: `user-${i}`, kind: "benign" });

  const market: Market = {
    classes: widths[3],
    width: widths[0],
    reply,
    draw: (from) => world.draw(from).input,
    foreign: makeWorld(shape, seed + 1000).draw,
    fresh: (from) => newLayers(widths, from),
  };
  for (const [kind, [attack, steal]] of Object.entries(thieves).entries()) {
    for (let s = 0; s < 3; s++) {
      const inputs = steal(market, horizon, new Dice(seed, 3, s, kind)).slice(0, horizon);
      const cloneFidelity = fidelities(inputs, market, reserved, truth, new Dice(seed, 4, s));
      add(inputs, { id: `${attack}-${s}`, kind: "attack", attack, seed: s, cloneFidelity });
    }
  }
  return tracesOf(widths[3], rows, principals, reserved, truth);
}

interface World {
  draw(dice: Dice): { readonly input: Float64Array; readonly label: number };
  /** A new record of one class. */
  of(label: number, dice: Dice): Float64Array;
}

/** Each class has three groups of records, with five ways in which their columns go together. */
function makeWorld({ widths, records }: Shape, seed: number): World {
  const dice = new Dice(seed, 0);
  const width = widths[0];
  const vector = (size: number) => {
    const free = Float64Array.from({ length: width }, () => size * dice.normal());
    return records === "curve" ? smooth(free) : free;
  };
  const groups = Array.from({ length: widths[3] }, () =>
    Array.from({ length: 3 }, () => ({ centre: vector(1.1), loads: Array.from({ length: 5 }, () => vector(0.6)) })),
  );
  const share = [0.5, 0.3, 0.2];
  const of = (label: number, from: Dice) => {
    const { centre, loads } = groups[label]![from.pick(share)]!;
    const factors = loads.map(() => from.normal());
    return Float64Array.from({ length: width }, (_, i) => {
      const value = centre[i]! + loads.reduce((sum, it, k) => sum + it[i]! * factors[k]!, 0) + 0.35 * from.normal();
      if (records === "curve") return value;
      if (i % 4 === 1) return Math.exp(value / 2) - 1;
      if (i % 4 === 2 && records === "mixed") return value > 0 ? 1 : 0;
      return i % 4 === 3 ? Math.round(2 * value) / 2 : value;
    });
  };
  const classShare = groups.map((_, c) => 1 / (1 + c / 3));
  return {
    of,
    draw(from) {
      const label = from.pick(classShare);
      return { input: of(label, from), label };
    },
  };
}

/** A sum over sixteen neighbours, of the same spread: what runs on from column to column. */
function smooth(free: Float64Array): Float64Array {
  const reach = 16;
  return free.map((_, i) => {
    let sum = 0;
    for (let k = 0; k < reach; k++) sum += free[(i + k) % free.length]!;
    return sum / Math.sqrt(reach);
  });
}

/**
 * An honest user: own classes, own records (few or many, by a power law), the popular ones asked again and again with fresh
 * values, own skew of some columns, for some a drift over the stream, for some retries.
 */
function honest(world: World, { widths }: Shape, dice: Dice): Float64Array[] {
  const width = widths[0];
  const known = dice.shuffled(widths[3]).slice(0, 1 + dice.pick([0.15, 0.2, 0.2, 0.15, 0.1, 0.1, 0.1]));
  const liking = known.map(() => -Math.log(dice.uniform()));
  const records = Math.min(4000, Math.ceil(20 * dice.uniform() ** (-1 / 1.2)));
  const own = Array.from({ length: records }, () => world.of(known[dice.pick(liking)]!, dice));
  const skew = Float64Array.from({ length: width }, () => (dice.uniform() < 0.3 ? 0.4 * dice.normal() : 0));
  const noise = Math.abs(0.1 * dice.normal());
  const drift = dice.uniform() < 0.3 ? 0.5 * dice.uniform() : 0;
  const way = Float64Array.from({ length: width }, () => dice.normal() / Math.sqrt(width));
  const retries = dice.uniform() < 0.25 ? 0.2 : 0;
  const out: Float64Array[] = [];
  while (out.length < horizon) {
    const last = out.slice(-29);
    if (last.length > 0 && dice.uniform() < retries) {
      out.push(last[dice.below(last.length)]!);
      continue;
    }
    // The popular records come first: the r-th is asked for in proportion to 1 / r, roughly.
    const record = own[Math.floor(records ** dice.uniform()) - 1] ?? own[0]!;
    const moved = (drift * out.length * Math.sqrt(width)) / horizon;
    out.push(record.map((v, i) => v + skew[i]! + moved * way[i]! + noise * dice.normal()));
  }
  return out;
}

/** Agreement with the victim, on its reserved inputs, of a clone of the same build trained on the first n answers. */
function fidelities(
  inputs: readonly Float64Array[],
  market: Market,
  reserved: readonly Float64Array[],
  truth: readonly number[],
  dice: Dice,
): Record<number, number> {
  const counts = Array.from({ length: market.classes }, (_, c) => truth.filter((it) => it === c).length);
  const out: Record<number, number> = { 0: Math.max(...counts) / truth.length };
  const lessons = inputs.map((input) => ({ input, probabilities: market.reply(input).probabilities }));
  for (const n of checkpoints) {
    const clone = train(market.fresh(dice), lessons.slice(0, n), Math.max(20, Math.ceil(3000 / n)), dice);
    out[n] = reserved.filter((it, i) => ask(clone, it).label === truth[i]).length / truth.length;
  }
  return out;
}

function tracesOf(
  classes: number,
  rows: readonly { input: Float64Array; answer: Answer }[],
  principals: readonly TracePrincipal[],
  reserved: readonly Float64Array[],
  truth: readonly number[],
): Traces {
  const single = (it: ArrayLike<number>) => Float32Array.from(it);
  const arrays: Record<string, readonly Float32Array[]> = {
    emb: rows.map((it) => single(it.answer.hidden)),
    prob: rows.map((it) => single(it.answer.probabilities)),
    label: rows.map((it) => single([it.answer.label])),
    thumb: rows.map((it) => single(it.input)),
    inputs_thumb: reserved.map(single),
    inputs_label: truth.map((it) => single([it])),
  };
  return {
    classes,
    principals,
    row: (name, i) => arrays[name]?.[i] ?? new Float32Array(0),
    has: (name) => name in arrays,
    rows: (name) => arrays[name]?.length ?? 0,
  };
}
