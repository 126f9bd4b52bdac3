// Does linking find the accounts of one thief, whom does it join by mistake, and what does the pooled re-test make of both?
import {
  alarmLevel,
  linkAccounts,
  minHash,
  mergeStreams,
  nullRates,
  partitionP,
  PromptPath,
  promptSignals,
  shinglesOf,
  textKey,
  turnsP,
  wordsOf,
  type Account,
  type Group,
  type Prompt,
} from "../../packages/extraction/src/index.ts";
import { Dice } from "./dice.ts";
import { readStreams, type PromptStream } from "./prompts.ts";

/** What became of one set of accounts with a thief's among them. */
export interface LinkResult {
  readonly name: string;
  /** Share of the thief's accounts in its largest group. */
  readonly found: number;
  /** Honest accounts that were joined to any group, of so many. */
  readonly honestJoined: number;
  readonly honest: number;
  /** Signals of the pooled re-test that alarmed on the thief's group, and groups of honest accounts that any alarmed on. */
  readonly alarmed?: readonly string[];
  readonly honestAlarmed?: number;
  readonly partition?: number;
  readonly turns?: number;
}
export type Linked = readonly LinkResult[];

const key = textKey(new Uint8Array(32));
/** A link only leads to a test, so a score of false ones is borne. */
const options = { falseLinks: 20, maxMembers: 32 };
const hours = 168;

/** Links on made-up clocks and networks for numeric traffic, and on the recorded prompt streams where there are any. */
export function measureLinked(folder: string): Linked {
  return [...[2, 5, 10, 20].map(numeric), ...prompted(readStreams(folder))];
}

/** 300 honest accounts with clocks of their own, one in five behind a shared cloud; k accounts of one scheduler, half on one network. */
function numeric(k: number): LinkResult {
  const dice = new Dice(31, k);
  const clock = (queries: number, busy: (hour: number) => number) => {
    const weights = Array.from({ length: hours }, (_, h) => busy(h));
    const activity = weights.map(() => 0);
    for (let i = 0; i < queries; i++) activity[dice.pick(weights)]! += 1;
    return activity;
  };
  const honest = Array.from({ length: 300 }, (_, i): Account => {
    const zone = dice.below(24);
    const habit = Array.from({ length: hours }, () => dice.uniform() ** 3);
    const busy = (h: number) => ((h + zone) % 24 > 8 && (h + zone) % 24 < 18 ? habit[h]! : 0.02);
    const network = dice.uniform() < 0.2 ? `cloud-${dice.below(5)}` : `net-${i}`;
    return { id: `user-${i}`, activity: clock(352, busy), infrastructure: [network] };
  });
  const plan = Array.from({ length: hours }, () => dice.uniform() ** 3);
  const thief = Array.from({ length: k }, (_, i): Account => ({
    id: `thief-${i}`,
    activity: clock(Math.ceil(352 / k), (h) => plan[h]!),
    infrastructure: [i % 2 === 0 || k === 2 ? "proxy" : `exit-${i}`],
  }));
  return tell(`numeric, ${k} accounts`, linkAccounts([...honest, ...thief], options), "thief-", k, honest.length);
}

function tell(name: string, groups: readonly Group[], mine: string, k: number, honest: number): LinkResult {
  const largest = Math.max(0, ...groups.map((it) => it.members.filter((id) => id.startsWith(mine)).length));
  const joined = groups.flatMap((it) => it.members).filter((id) => !id.startsWith(mine)).length;
  return { name, found: largest / k, honestJoined: joined, honest };
}

/** The hydras of the prompt streams, whole and cut down to fewer accounts, among all benign principals. */
function prompted(streams: readonly PromptStream[] | undefined): LinkResult[] {
  if (!streams) return [];
  const benign = streams.filter((it) => it.principal.label === "benign");
  const accountOf = ({ prompts }: PromptStream, id: string): Account => {
    const activity = Array.from({ length: hours }, () => 0);
    for (const it of prompts) activity[Math.floor(it.time / 3600) % hours]! += 1;
    return { id, sketch: minHash(hotShingles(prompts)), activity, times: prompts.map((it) => it.time) };
  };
  const honest = benign.map((it) => accountOf(it, it.principal.id));
  const hydras = streams.filter((it) => it.principal.kind === "hydra");
  const teams = [...new Set(hydras.map((it) => it.principal.group))];
  const test = retester(benign);
  return teams.flatMap((team, n) =>
    [2, 5, 10].map((k) => {
      const members = hydras.filter((it) => it.principal.group === team).slice(0, k);
      const groups = linkAccounts([...honest, ...members.map((it, i) => accountOf(it, `hydra-${i}`))], options);
      const ofHonest = groups.filter((it) => !it.members.some((id) => id.startsWith("hydra-")));
      const items = members.map(
        ({ prompts }) => new Set(prompts.map((it) => shinglesOf(wordsOf(it.text), key).reduce((a, b) => a ^ b, 0))),
      );
      const order = mergeStreams(members.map((it, i) => it.prompts.map(({ time }) => ({ time, i })))).map((it) => it.i);
      return {
        ...tell(`prompts, hydra ${n + 1}, ${k} accounts`, groups, "hydra-", k, honest.length),
        alarmed: test(members.map((it) => it.prompts)),
        honestAlarmed: ofHonest.filter(
          ({ members: ids }) =>
            test(benign.filter((it) => ids.includes(it.principal.id)).map((it) => it.prompts)).length > 0,
        ).length,
        partition: partitionP(items, new Set(items.flatMap((it) => [...it])).size * 2),
        turns: turnsP(order),
      };
    }),
  );
}

/** Shingles in at least 30 % of the prompts. */
function hotShingles(prompts: readonly Prompt[]): number[] {
  const counts = new Map<number, number>();
  for (const it of prompts) {
    for (const shingle of new Set(shinglesOf(wordsOf(it.text), key)))
      counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
  }
  return [...counts].filter(([, n]) => n >= 0.3 * prompts.length).map(([it]) => it);
}

/** Which signals alarm on a merged group, at 1 % each, against 120 benign groups, half of them of one kind. */
function retester(benign: readonly PromptStream[]): (members: readonly (readonly Prompt[])[]) => string[] {
  const rates = nullRates(benign.map((it) => it.prompts));
  const peaks = (members: readonly (readonly Prompt[])[]) => {
    const path = new PromptPath(key, rates);
    const highest = promptSignals.map(() => 0);
    for (const it of mergeStreams(members).slice(0, 400)) {
      path.step(it).forEach((v, j) => (highest[j] = Math.max(highest[j] ?? 0, v)));
    }
    return highest;
  };
  const dice = new Dice(32);
  const known = Array.from({ length: 120 }, () => {
    const first = benign[dice.below(benign.length)]!;
    // Half of the groups take members of one kind: accounts of one public template come together that way.
    const alike = dice.uniform() < 0.5 ? benign.filter((it) => it.principal.kind === first.principal.kind) : benign;
    return peaks(
      Array.from({ length: 2 + dice.below(9) }, () => alike[dice.below(alike.length)]!.prompts.slice(0, 40)),
    );
  });
  const levels = promptSignals.map(
    (_, j) =>
      alarmLevel(
        known.map((it) => it[j] ?? 0),
        { num: 1, den: 100 },
      )?.level,
  );
  return (members) => {
    const own = peaks(members);
    return promptSignals.filter((_, j) => (own[j] ?? 0) > (levels[j] ?? Infinity));
  };
}
