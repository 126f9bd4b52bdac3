// How much of a simulated output layer has been shown when the ledger alarms, and whether an honest application stays silent.
import { LogitLedger, type LogitReading } from "../../packages/extraction/src/index.ts";
import { Dice } from "./dice.ts";

/** One kind of use of log-probabilities. */
export interface LedgerResult {
  readonly name: string;
  readonly attack: boolean;
  /** Answers until the alarm; undefined if there was none. */
  readonly answers: number | undefined;
  readonly of: number;
  readonly alarm: string | undefined;
  /** Directions counted by then, and the width of the layer. */
  readonly rank: number;
  readonly hidden: number;
}

const [hidden, vocabulary] = [256, 4000];
/** As the gateway sets them. */
const [maxMaps, maxProgress] = [24, 0.25];
const answers = 6 * hidden;

/** Full rows and bias sweeps, exact and rounded, and honest applications. */
export function measureLedger(): LedgerResult[] {
  const layer = simulate(new Dice(61));
  const all = Int32Array.from({ length: vocabulary }, (_, i) => i);
  const pick = (from: number, n: number) => Int32Array.from({ length: n }, (_, i) => (from * n + i) % vocabulary);
  return [0, 1e-2].flatMap((rounding) => {
    const of = rounding === 0 ? "exact" : `rounded to ${rounding}`;
    const run = (name: string, attack: boolean, ask: (n: number) => Asked) =>
      follow(`${name}, ${of}`, attack, rounding, layer, ask);
    return [
      run("whole rows, a new prefix each", true, (n) => ({ prefix: n, tokens: all })),
      run("20 tokens at a time by bias maps on one prefix", true, (n) => ({ prefix: 0, map: n, tokens: pick(n, 20) })),
      run("whole rows from 20 maps a prefix", true, (n) => ({
        prefix: Math.floor(n / 20),
        map: n % 20,
        tokens: pick(n % 20, vocabulary / 20),
      })),
      run("an application with one static map, top 20", false, (n) => ({
        prefix: n,
        map: -1,
        tokens: pick(n % 7, 20),
      })),
      run("an application without maps, top 5", false, (n) => ({ prefix: n % 40, tokens: pick(n % 11, 5) })),
    ];
  });
}

interface Asked {
  readonly prefix: number;
  readonly map?: number;
  readonly tokens: Int32Array;
}

/** Log-probabilities of W g, g from the prefix. */
function simulate(dice: Dice): (prefix: number) => Float64Array {
  const weights = Float64Array.from({ length: vocabulary * hidden }, () => dice.normal() / Math.sqrt(hidden));
  return (prefix) => {
    const from = new Dice(62, prefix);
    const state = Float64Array.from({ length: hidden }, () => from.normal());
    const logits = new Float64Array(vocabulary);
    for (let v = 0, at = 0; v < vocabulary; v++)
      for (let k = 0; k < hidden; k++) logits[v]! += weights[at++]! * state[k]!;
    const normaliser = Math.log(logits.reduce((sum, it) => sum + Math.exp(it), 0));
    return logits.map((it) => it - normaliser);
  };
}

function follow(
  name: string,
  attack: boolean,
  rounding: number,
  layer: (prefix: number) => Float64Array,
  ask: (n: number) => Asked,
): LedgerResult {
  const ledger = new LogitLedger({ hidden, vocabulary, rounding, maxMaps, maxProgress });
  let last: LogitReading | undefined;
  const rows = new Map<number, Float64Array>();
  for (let n = 0; n < answers; n++) {
    const { prefix, map, tokens } = ask(n);
    const row = rows.get(prefix) ?? layer(prefix);
    rows.set(prefix, row);
    const shown = Float64Array.from(tokens, (it) => row[it]!);
    last = ledger.observe({
      prefix: `p${prefix}`,
      ...(map !== undefined && { bias: `m${map}` }),
      tokens,
      logprobs: rounding > 0 ? shown.map((it) => Math.round(it / rounding) * rounding) : shown,
    });
    if (last.alarm) return { name, attack, answers: n + 1, of: answers, alarm: last.alarm, rank: last.rank, hidden };
  }
  return { name, attack, answers: undefined, of: answers, alarm: undefined, rank: last?.rank ?? 0, hidden };
}
