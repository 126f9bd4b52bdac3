// What benign prompts of a model look like, from what the owner recorded. No text is kept, only levels, highest values and the mean
// of an encoder's vectors.
import { randomBytes } from "node:crypto";
import {
  alarmLevel,
  mergeStreams,
  nullRates,
  PromptPath,
  promptSignals,
  textKey,
  TextReader,
  type Prompt,
  type Rate,
} from "@outweigh/extraction";
import { z } from "zod";
import { bad, dealt, dice, readJsonLines } from "./benign-file.ts";
import { groupsDrawn, groupSizes, type CalibrateOptions } from "./calibrate-from.ts";
import { watchedTimes, type PromptCalibration, type PromptLevels } from "./calibration-file.ts";
import type { Encoder } from "./encoder.ts";
import { alikeIn } from "./linking.ts";

/** Principals that say how often benign prompts ask for reasoning or grades; the others set the levels. */
const ratesShare = 1 / 6;
/** Fewest principals of a calibration: below, nothing could be promised at all. */
const minPrincipals = 25;
/** Prompts of each of those principals that say where an encoder's vectors lie. */
const centredOn = 8;

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

type PromptOptions = Pick<CalibrateOptions, "benign" | "horizon" | "alpha" | "say"> & {
  /** Whose vectors prompts are told apart by; absent: hashed ones. The calibration is then worth nothing with another. */
  readonly encoder?: Encoder | undefined;
};

/**
 * Learns the levels of all prompt signals from NDJSON in the order of time: `{"principal": …, "prompt": …, "time": …, "depth": 1}`.
 *
 * @throws {GatewayError} BAD_CALIBRATION for a line that does not read, naming file and line; too few principals.
 */
export async function calibratePrompts(options: PromptOptions): Promise<CalibratedPrompts> {
  const { horizon, alpha, say, encoder } = options;
  const { streams, queries } = await readStreams(options);
  say(`${queries} prompts of ${streams.length} principals read; learning from them`);
  const all = dealt(streams);
  const first = all.slice(0, Math.ceil(all.length * ratesShare));
  const rates = nullRates(first);
  const centre = encoder && (await centreOf(encoder, first));
  // Levels are numbers: they hold for every key.
  const reader = new TextReader(textKey(randomBytes(32)));
  const walk = (stream: readonly Prompt[]) => peaksOf(new PromptPath(reader, rates, centre), stream, horizon, encoder);

  const rest = all.slice(first.length);
  const peaks = await inTurn(rest, walk);
  const levels = levelsOf(peaks, alpha);
  const groups: { members: number; levels: PromptLevels }[] = [];
  for (const members of groupSizes.filter((it) => it * 2 <= rest.length)) {
    say(`learning the levels of groups of ${members}`);
    const drawn = drawGroups(rest, members, Math.ceil(horizon / members));
    groups.push({ members, levels: levelsOf(await inTurn(drawn, walk), alpha) });
  }
  const calm = peaks.filter((it) =>
    promptSignals.every((signal, i) => (it[i] ?? 0) < (levels[signal]?.level ?? Infinity)),
  );
  return {
    calibration: {
      rates,
      levels,
      watched: levelsOf(peaks, { num: alpha.num * watchedTimes, den: alpha.den }),
      horizon,
      groups,
      peaks: promptSignals.map((_, i) => calm.map((it) => it[i] ?? 0)),
      ...(encoder && centre && { encoder: { digest: encoder.digest, centre } }),
    },
    principals: streams.length,
    queries,
    alarms: Object.keys(levels),
  };
}

async function readStreams({ benign, horizon, say }: PromptOptions) {
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
  return { streams: [...streams.values()], queries };
}

/** The mean of an encoder's vectors: they lie to one side, and regions are told apart around it. */
async function centreOf(encoder: Encoder, streams: readonly (readonly Prompt[])[]): Promise<number[]> {
  const texts = streams.flatMap((it) => it.slice(0, centredOn).map(({ text }) => text));
  const sum = Array.from({ length: encoder.dimensions }, () => 0);
  for (const text of texts) (await encoder.encode(text)).forEach((it, i) => (sum[i]! += it / texts.length));
  return sum;
}

/** As many accounts together, half of the time of one template where there are such: honest groups of that kind exist. */
function drawGroups(streams: readonly (readonly Prompt[])[], members: number, each: number): Prompt[][] {
  const random = dice(members);
  const alike = alikeIn(streams.map((stream) => stream.map((it) => it.text)));
  const any = () => Math.floor(random() * streams.length);
  return Array.from({ length: groupsDrawn }, (_, n) => {
    const one = any();
    const near = n % 2 === 0 ? [] : alike(one).slice(0, members - 1);
    const chosen = [one, ...near];
    while (chosen.length < members) chosen.push(any());
    return mergeStreams(chosen.map((i) => (streams[i] ?? []).slice(0, each)));
  });
}

function levelsOf(peaks: readonly (readonly number[])[], alpha: Rate): PromptLevels {
  return Object.fromEntries(
    promptSignals.flatMap((signal, i) => {
      const level = alarmLevel(
        peaks.map((it) => it[i] ?? 0),
        alpha,
      );
      return level ? [[signal, { level: level.level, alpha: alpha.num / alpha.den }] as const] : [];
    }),
  );
}

/** The highest value of each signal on a path. */
async function peaksOf(
  path: PromptPath,
  stream: readonly Prompt[],
  horizon: number,
  encoder: Encoder | undefined,
): Promise<number[]> {
  const peaks = promptSignals.map(() => 0);
  for (const it of stream.slice(0, horizon)) {
    const values = encoder ? path.finish(it, await encoder.encode(path.begin(it))) : path.step(it);
    values.forEach((value, i) => (peaks[i] = Math.max(peaks[i] ?? 0, value)));
  }
  return peaks;
}

/** One after the other: an encoder answers one at a time. */
async function inTurn<T, U>(list: readonly T[], what: (it: T) => Promise<U>): Promise<U[]> {
  const out: U[] = [];
  for (const it of list) out.push(await what(it));
  return out;
}
