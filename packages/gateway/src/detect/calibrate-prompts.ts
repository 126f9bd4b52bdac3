// What benign prompts of a model look like, from what the owner recorded. No text is kept, only levels.
import { randomBytes } from "node:crypto";
import { alarmLevel, nullRates, PromptPath, promptSignals, textKey, type Prompt } from "@outweigh/extraction";
import { z } from "zod";
import { bad, dealt, readJsonLines } from "./benign-file.ts";
import type { CalibrateOptions } from "./calibrate-from.ts";
import type { PromptCalibration } from "./calibration-file.ts";

/** Principals that say how often benign prompts ask for reasoning or grades; the others set the levels. */
const ratesShare = 1 / 6;
/** Fewest principals of a calibration: below, nothing could be promised at all. */
const minPrincipals = 25;

const asked = z.object({
  principal: z.string().min(1).max(256),
  prompt: z.string().max(1_000_000),
  /** When, in ISO 8601. */
  time: z.iso.datetime({ offset: true }),
  /** Turns of the conversation so far, this one included. */
  depth: z.int().min(1).default(1),
});

export interface CalibratedPrompts {
  readonly calibration: Omit<PromptCalibration, "kind">;
  readonly principals: number;
  readonly queries: number;
  /** The signals that can alarm. Each does for at most `alpha` of benign principals; all together for at most their sum. */
  readonly alarms: readonly string[];
}

/**
 * Learns the levels of all prompt signals from NDJSON in the order of time: `{"principal": …, "prompt": …, "time": …, "depth": 1}`.
 *
 * @throws {GatewayError} BAD_CALIBRATION for a line that does not read, naming file and line; too few principals.
 */
export async function calibratePrompts({
  benign,
  horizon,
  alpha,
  say,
}: Pick<CalibrateOptions, "benign" | "horizon" | "alpha" | "say">): Promise<CalibratedPrompts> {
  const streams = new Map<string, Prompt[]>();
  let queries = 0;
  for await (const { value, place } of readJsonLines(benign)) {
    const it = asked.safeParse(value);
    if (!it.success) {
      const [issue] = it.error.issues;
      throw bad(`${place}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a prompt"}`);
    }
    const { principal, prompt, time, depth } = it.data;
    const stream = streams.get(principal) ?? [];
    if (stream.length < horizon) stream.push({ text: prompt, time: Date.parse(time) / 1000, depth });
    streams.set(principal, stream);
    if (++queries % 10_000 === 0) say(`${queries} prompts of ${streams.size} principals read`);
  }
  if (streams.size < minPrincipals)
    throw bad(`${benign}: expected prompts of at least ${minPrincipals} principals, got ${streams.size}`);

  say(`${queries} prompts of ${streams.size} principals read; learning from them`);
  const all = dealt([...streams.values()]);
  const first = all.slice(0, Math.ceil(all.length * ratesShare));
  const rates = nullRates(first);
  // Levels are numbers: they hold for every key.
  const key = textKey(randomBytes(32));
  const peaks = all.slice(first.length).map((stream) => peaksOf(new PromptPath(key, rates), stream));
  const levels = Object.fromEntries(
    promptSignals.flatMap((signal, i) => {
      const level = alarmLevel(
        peaks.map((it) => it[i] ?? 0),
        alpha,
      );
      return level ? [[signal, { level: level.level, alpha: alpha.num / alpha.den }] as const] : [];
    }),
  );
  return { calibration: { rates, levels }, principals: streams.size, queries, alarms: Object.keys(levels) };
}

/** The highest value of each signal on a path. */
function peaksOf(path: PromptPath, stream: readonly Prompt[]): number[] {
  const peaks = promptSignals.map(() => 0);
  for (const it of stream) path.step(it).forEach((value, i) => (peaks[i] = Math.max(peaks[i] ?? 0, value)));
  return peaks;
}
