import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  alarmLevel,
  clopperPearson,
  nullRates,
  PromptPath,
  promptSignals,
  textKey,
  TextReader,
  type Prompt,
} from "../../packages/extraction/src/index.ts";
import { mix } from "../../packages/extraction/src/hash.ts";

/** One signal at the stated bound. */
export interface PromptSignalResult {
  readonly falseAlarms: number;
  readonly benignPrincipals: number;
  readonly interval: readonly [number, number];
  /** Share of principals caught, per kind of attack. */
  readonly attacks: Readonly<Record<string, number>>;
  /** Share of false alarms per kind of benign principal: the hard cases. */
  readonly benign: Readonly<Record<string, number>>;
}

interface Principal {
  readonly id: string;
  readonly kind: string;
  readonly label: "benign" | "attack";
  /** Which accounts are one thief's. */
  readonly group?: string | number;
}

const alpha = { num: 1, den: 100 };
/** Of the benign principals: the null of the bets, the paths; the rest is the test. */
const share = { null: 1 / 6, paths: 1 / 2 };

/** Vectors of a stream's prompts, in order; absent: hashed ones. */
export type Vectors = ReadonlyMap<readonly Prompt[], readonly Float32Array[]>;

/**
 * Every signal alone over resplits of the benign principals. Undefined when the folder has no prompt streams.
 * @param vectors Of an encoder, in place of hashed ones.
 */
export function measurePrompts(
  folder: string,
  splits: number,
  { streams = readStreams(folder), vectors }: { streams?: readonly PromptStream[] | undefined; vectors?: Vectors } = {},
): Record<string, PromptSignalResult> | undefined {
  if (!streams) return undefined;
  const reader = new TextReader(textKey(new Uint8Array(32)));
  const benign = streams.filter((it) => it.principal.label === "benign");
  const thieves = streams.filter((it) => it.principal.label === "attack");
  const counts = promptSignals.map(() => ({
    benign: new Map<string, number[]>(),
    attack: new Map<string, number[]>(),
  }));

  const walked = new Map<string, Map<readonly Prompt[], number[]>>(); // few nulls come up, and walking costs most
  for (let split = 0; split < splits; split++) {
    const order = benign.map((it, i) => [it, mix(mix(split + 17) ^ i)] as const).sort((a, b) => a[1] - b[1]);
    const at = (from: number, to: number) =>
      order.slice(Math.round(from * order.length), Math.round(to * order.length)).map(([it]) => it);
    const first = at(0, share.null).map((it) => it.prompts);
    const rates = nullRates(first);
    const centre = vectors && meanOf(first.flatMap((it) => vectors.get(it) ?? []));
    const peaks = (prompts: readonly Prompt[]) => {
      const name = `${rates.elicitation} ${rates.grading} ${centre ? split : ""}`;
      const known = walked.get(name) ?? new Map<readonly Prompt[], number[]>();
      walked.set(name, known);
      const found =
        known.get(prompts) ?? peaksOf(new PromptPath(reader, rates, centre), prompts, vectors?.get(prompts));
      known.set(prompts, found);
      return found;
    };
    const known = at(share.null, share.null + share.paths).map((it) => peaks(it.prompts));
    const levels = promptSignals.map(
      (_, j) =>
        alarmLevel(
          known.map((it) => it[j] ?? 0),
          alpha,
        )?.level ?? Infinity,
    );
    const count = (tested: readonly PromptStream[], side: "benign" | "attack") => {
      for (const { principal, prompts } of tested) {
        peaks(prompts).forEach((it, j) => {
          const of = counts[j]?.[side];
          const hits = of?.get(principal.kind) ?? [];
          hits.push(it > (levels[j] ?? Infinity) ? 1 : 0);
          of?.set(principal.kind, hits);
        });
      }
    };
    count(at(share.null + share.paths, 1), "benign");
    count(thieves, "attack");
  }
  const mean = (it: readonly number[]) => it.reduce((sum, v) => sum + v, 0) / it.length;
  return Object.fromEntries(
    promptSignals.map((signal, j) => {
      const all = [...(counts[j]?.benign.values() ?? [])].flat();
      const alarms = all.reduce((sum, it) => sum + it, 0);
      const rates = (of: Map<string, number[]> | undefined) =>
        Object.fromEntries([...(of ?? [])].map(([kind, hits]) => [kind, mean(hits)]));
      const n = benign.length;
      return [
        signal,
        {
          falseAlarms: alarms,
          benignPrincipals: all.length,
          interval: clopperPearson(Math.round((alarms / all.length) * n), n),
          attacks: rates(counts[j]?.attack),
          benign: rates(counts[j]?.benign),
        },
      ];
    }),
  );
}

export interface PromptStream {
  readonly principal: Principal;
  readonly prompts: readonly Prompt[];
}

/** The prompt streams of a trace folder; undefined when it has none. */
export function readStreams(traces: string): PromptStream[] | undefined {
  const folder = join(traces, "prompts");
  if (!existsSync(join(folder, "streams.ndjson"))) return undefined;
  const lines = (name: string) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((it) => it !== "");
  const texts = new Map<number, string>(
    lines("texts.ndjson")
      .map((it) => JSON.parse(it))
      .map((it) => [it.i, it.text]),
  );
  const { frames, principals } = JSON.parse(readFileSync(join(folder, "principals.json"), "utf8"));
  const frame = new Map<number, string>(frames.map((it: { id: number; text: string }) => [it.id, it.text]));
  const byPrincipal = new Map<string, Prompt[]>();
  for (const { p, t, x, f, d, lb } of lines("streams.ndjson").map((it) => JSON.parse(it))) {
    const slot = texts.get(x) ?? "";
    const text = f === undefined ? slot : (frame.get(f) ?? "{}").split("{}").join(slot);
    const prompts = byPrincipal.get(p) ?? [];
    prompts.push({ text, time: t, depth: d, ...(lb !== undefined && { bias: String(lb) }) });
    byPrincipal.set(p, prompts);
  }
  return (principals as Principal[]).map((principal) => ({ principal, prompts: byPrincipal.get(principal.id) ?? [] }));
}

function peaksOf(path: PromptPath, prompts: readonly Prompt[], vectors: readonly Float32Array[] | undefined): number[] {
  const peaks = promptSignals.map(() => 0);
  prompts.forEach((it, n) => {
    const vector = vectors?.[n];
    if (vector) path.begin(it);
    const values = vector ? path.finish(it, vector) : path.step(it);
    values.forEach((value, j) => (peaks[j] = Math.max(peaks[j] ?? 0, value)));
  });
  return peaks;
}

function meanOf(vectors: readonly Float32Array[]): number[] {
  const sum = Array.from(vectors[0] ?? [], () => 0);
  for (const it of vectors) it.forEach((value, i) => (sum[i]! += value / vectors.length));
  return sum;
}
