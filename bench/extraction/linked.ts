// Does linking find the accounts of one thief, whom does it join by mistake, and what does the pooled re-test make of both?
import {
  alarmLevel,
  foundAmong,
  linkAccounts,
  minHash,
  mergeStreams,
  nullRates,
  partitionP,
  PromptPath,
  promptSignals,
  textKey,
  TextReader,
  turnsP,
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
  /** Honest accounts that were joined to any group, of so many; means over several worlds. */
  readonly honestJoined: number;
  readonly honest: number;
  readonly retest?: PooledTest;
}

/** What testing all groups together gave: how many were tested, and which stood out. */
export interface PooledTest {
  readonly groups: number;
  readonly thiefFound: boolean;
  readonly honestFound: number;
  /** The signal that stands out most in the thief's group. */
  readonly by: string;
  readonly partition: number;
  readonly turns: number;
}
export type Linked = readonly LinkResult[];

const reader = new TextReader(textKey(new Uint8Array(32)));
const alpha = { num: 1, den: 100 };
/** As the gateway links, but for the largest group. */
const options = { falseLinks: 2, maxMembers: 32 };
const hours = 168;
/** Made worlds of numeric accounts for each number of accounts. The links were made on other seeds. */
const worlds = 10;
/** Benign groups that say how far each signal goes, and those that say how seldom all go as far. */
const groups = { scale: 200, paths: 1300 };
/** Prompts of a group that are tested, and of each member of a benign one. */
const [tested, ofMember] = [200, 40];

/** Links on made-up clocks and networks for numeric traffic, and on the recorded prompt streams where there are any. */
export function measureLinked(folder: string): Linked {
  return [...[2, 5, 10, 20].map(numeric), ...prompted(readStreams(folder))];
}

/** 300 honest accounts with clocks of their own, one in five behind a shared cloud; k accounts of one scheduler, half on one network. */
function numeric(k: number): LinkResult {
  const all = Array.from({ length: worlds }, (_, world) => numericWorld(k, new Dice(73, world, k)));
  const mean = (of: (it: LinkResult) => number) => all.reduce((sum, it) => sum + of(it), 0) / worlds;
  return {
    name: `numeric, ${k} accounts`,
    found: mean((it) => it.found),
    honestJoined: mean((it) => it.honestJoined),
    honest: all[0]?.honest ?? 0,
  };
}

function numericWorld(k: number, dice: Dice): LinkResult {
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

function tell(name: string, found: readonly Group[], mine: string, k: number, honest: number): LinkResult {
  const largest = Math.max(0, ...found.map((it) => it.members.filter((id) => id.startsWith(mine)).length));
  const joined = found.flatMap((it) => it.members).filter((id) => !id.startsWith(mine)).length;
  return { name, found: largest / k, honestJoined: joined, honest };
}

/** The hydras of the prompt streams among all benign principals: cut down to fewer accounts, whole, and whole without their turns. */
function prompted(streams: readonly PromptStream[] | undefined): LinkResult[] {
  if (!streams) return [];
  const benign = streams.filter((it) => it.principal.label === "benign");
  const honest = benign.map((it) => accountOf(it.prompts, it.principal.id));
  const hydras = streams.filter((it) => it.principal.kind === "hydra");
  const retest = retester(benign);
  return [...new Set(hydras.map((it) => it.principal.group))].flatMap((team, n) => {
    const whole = hydras.filter((it) => it.principal.group === team).map((it) => it.prompts);
    const cases = [2, 5, 10].map((k) => [`${k} accounts`, whole.slice(0, k)] as const);
    const mixed = ["10 accounts, in no order", shuffledTurns(whole, new Dice(72, n))] as const;
    return [...cases, mixed].map(([label, members]) => {
      const accounts = members.map((it, i) => accountOf(it, `hydra-${i}`));
      const found = linkAccounts([...honest, ...accounts], options);
      const prompts = new Map([
        ...benign.map((it) => [it.principal.id, it.prompts] as const),
        ...members.map((it, i) => [`hydra-${i}`, it] as const),
      ]);
      return {
        ...tell(`prompts, hydra ${n + 1}, ${label}`, found, "hydra-", members.length, honest.length),
        retest: retest(found, prompts, members),
      };
    });
  });
}

function accountOf(prompts: readonly Prompt[], id: string): Account {
  const activity = Array.from({ length: hours }, () => 0);
  for (const it of prompts) activity[Math.floor(it.time / 3600) % hours]! += 1;
  return { id, sketch: minHash(hotShingles(prompts)), activity, times: prompts.map((it) => it.time) };
}

/** The same prompts at the same times, each sent by an account drawn at random. */
function shuffledTurns(members: readonly (readonly Prompt[])[], dice: Dice): Prompt[][] {
  const out: Prompt[][] = members.map(() => []);
  for (const it of mergeStreams(members)) out[dice.below(out.length)]!.push(it);
  return out;
}

/** Shingles in at least 30 % of the prompts. */
function hotShingles(prompts: readonly Prompt[]): number[] {
  const counts = new Map<number, number>();
  for (const it of prompts) {
    for (const shingle of reader.read(it.text).distinct) counts.set(shingle, (counts.get(shingle) ?? 0) + 1);
  }
  return [...counts].filter(([, n]) => n >= 0.3 * prompts.length).map(([it]) => it);
}

type Retester = (
  found: readonly Group[],
  prompts: ReadonlyMap<string, readonly Prompt[]>,
  thief: readonly (readonly Prompt[])[],
) => PooledTest;

/**
 * Tests all groups at once: each by the signal that goes furthest, against benign groups, half of them of one kind, as accounts of
 * one public template come together. Of the groups that are named, at most 1 % are false on average, however many are tested.
 */
function retester(benign: readonly PromptStream[]): Retester {
  const rates = nullRates(benign.map((it) => it.prompts));
  const peaksOf = (members: readonly (readonly Prompt[])[]) => {
    const path = new PromptPath(reader, rates);
    const highest = promptSignals.map(() => 0);
    for (const it of mergeStreams(members).slice(0, tested)) {
      path.step(it).forEach((v, j) => (highest[j] = Math.max(highest[j] ?? 0, v)));
    }
    return highest;
  };
  const dice = new Dice(32);
  const draw = (n: number) =>
    Array.from({ length: n }, () => {
      const first = benign[dice.below(benign.length)]!;
      const alike = dice.uniform() < 0.5 ? benign.filter((it) => it.principal.kind === first.principal.kind) : benign;
      const members = Array.from({ length: 2 + dice.below(9) }, () => alike[dice.below(alike.length)]!.prompts);
      return peaksOf(members.map((it) => it.slice(0, ofMember)));
    });
  const first = draw(groups.scale);
  // What 99 of 100 benign groups stay below; where that is nothing, one unit.
  const scale = promptSignals.map(
    (_, j) =>
      alarmLevel(
        first.map((it) => it[j] ?? 0),
        alpha,
      )?.level || 1,
  );
  const far = (peaks: readonly number[]) => peaks.map((it, j) => it / (scale[j] ?? 1));
  const known = draw(groups.paths).map((it) => Math.max(...far(it)));
  return (found, prompts, thief) => {
    const each = found.map(({ members }) => far(peaksOf(members.map((id) => prompts.get(id) ?? []))));
    const isThief = (i: number) => found[i]?.members.some((id) => id.startsWith("hydra-")) === true;
    const named = foundAmong(
      each.map((it) => Math.max(...it)),
      known,
      alpha,
    );
    const mine = each[found.findIndex((_, i) => isThief(i))] ?? [];
    const items = thief.map(
      (it) => new Set(it.map(({ text }) => reader.read(text).shingles.reduce((a, b) => a ^ b, 0))),
    );
    const order = mergeStreams(thief.map((it, i) => it.map(({ time }) => ({ time, i })))).map((it) => it.i);
    return {
      groups: found.length,
      thiefFound: named.some(isThief),
      honestFound: named.filter((i) => !isThief(i)).length,
      by: promptSignals[mine.indexOf(Math.max(...mine))] ?? "",
      partition: partitionP(items, new Set(items.flatMap((it) => [...it])).size * 2),
      turns: turnsP(order),
    };
  };
}
