// `npm run bench -- custody [--json] [schedules] [seed]`: the ledger against an oracle, its speed, memory, and the slow theft.
import { Ledger, type Entry, type LedgerModel } from "@outweigh/custody";
import { Dice } from "../packages/custody/src/testing/dice.ts";
import { playSchedule } from "../packages/custody/src/testing/schedule.ts";

const chunk = 8 * 1024 * 1024;
const shards = 6;
const shardBytes = 278 * chunk;
const dayMs = 86_400_000;

/** A model of 14 GB in six files, read in pieces of 8 MiB. */
const model: LedgerModel = {
  name: "acme-13b",
  parts: Array.from({ length: shards }, (_, i) => ({ path: `shard-${i}`, bytes: shardBytes })),
  readers: ["pod-*"],
};

/** Measures all of it. `schedules` is 20,000 unless given; a million take some minutes. */
export async function run({ json, args }: { json: boolean; args: readonly string[] }): Promise<void> {
  const [schedules = 20_000, seed = 0] = args.map(Number);
  const result = {
    schedules: schedulesAgainstOracle(schedules, seed),
    booking: speed(),
    state: memory(),
    slowTheft: slowTheft(),
  };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else print(result);
}

function schedulesAgainstOracle(count: number, seed: number) {
  const sum = { schedules: count, seed, entries: 0, exact: 0, atMost: 0, restored: 0, limited: 0 };
  for (let i = 0; i < count; i++) {
    const tried = playSchedule(seed + i);
    sum.entries += tried.entries;
    sum.exact += tried.exact;
    sum.atMost += tried.atMost;
    sum.restored += tried.restored;
    sum.limited += tried.limited;
  }
  return sum;
}

function aRead(dice: Dice, principal: string, n: number): Entry {
  const start = dice.below(278) * chunk;
  const part = `shard-${dice.below(shards)}`;
  return {
    model: "acme-13b",
    principal,
    place: "s3://m/",
    part,
    range: { start, end: start + chunk },
    time: n,
    event: `e${n}`,
    exact: true,
  };
}

/** Entries a second, beside the naive way: one mark per MiB of the model for each principal and for the coalition. */
function speed() {
  const dice = new Dice(1);
  const reads = Array.from({ length: 200_000 }, (_, i) => aRead(dice, `${i % 4 === 0 ? "thief" : "pod"}-${i % 50}`, i));
  const ledger = new Ledger([model]);
  const own = perSecond(reads.length, () => {
    for (const it of reads) ledger.book(it);
  });
  const naive = perSecond(reads.length, () => naiveMarks(reads));
  return { entries: reads.length, perSecond: own, naivePerSecond: naive, ratio: own / naive };
}

function naiveMarks(reads: readonly Entry[]): number {
  const mib = 1024 * 1024;
  const perShard = shardBytes / mib;
  const readers = new Map<string, { marks: Uint8Array; held: number }>();
  let held = 0;
  for (const { principal, part = "", range } of reads) {
    for (const name of principal.startsWith("pod") ? [principal] : [principal, "coalition"]) {
      const it = readers.get(name) ?? { marks: new Uint8Array(shards * perShard), held: 0 };
      readers.set(name, it);
      const from = Number(part.slice(6)) * perShard + (range?.start ?? 0) / mib;
      for (let at = from; at < from + chunk / mib; at++) {
        if (it.marks[at] === 0) it.held++;
        it.marks[at] = 1;
      }
      held = Math.max(held, it.held);
    }
  }
  return held;
}

/** Heap and snapshot of many principals with one read each, and of one with the most ranges that 8 MiB chunks make. */
function memory() {
  const principals = 50_000;
  const dice = new Dice(2);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const ledger = new Ledger([model]);
  for (let i = 0; i < principals; i++) ledger.book(aRead(dice, `anonymous@203.0.113.${i}`, i));
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed - before;
  const start = performance.now();
  const snapshot = JSON.stringify(ledger.snapshot());
  const snapshotMs = performance.now() - start;
  const scattered = new Ledger([model]);
  for (let i = 0; i < shards * 278; i += 2) {
    const range = { start: (i % 278) * chunk, end: (i % 278) * chunk + chunk };
    scattered.book({ ...aRead(dice, "thief", i), part: `shard-${Math.floor(i / 278)}`, range });
  }
  const [state] = scattered.snapshot().models;
  return {
    principals,
    heapBytesPerPrincipal: Math.round(heap / principals),
    gc: globalThis.gc !== undefined,
    snapshotBytesPerPrincipal: Math.round(snapshot.length / principals),
    snapshotMs,
    scatteredThiefSnapshotBytes: JSON.stringify(state?.accounts[0]).length,
  };
}

/** Three stolen keys take 1.2 % a day in random chunks among a rolling deployment; a volume rule watches beside the books. */
function slowTheft() {
  const dice = new Dice(3);
  const ledger = new Ledger([model]);
  const volumeLimit = 1_000_000_000;
  const reached = new Map<number, number>();
  const volumeAlerts = { thief: 0, pods: 0 };
  let n = 0;
  for (let day = 0; day < 240; day++) {
    const volumes = new Map<string, number>();
    const book = (entry: Entry) => {
      volumes.set(entry.principal, (volumes.get(entry.principal) ?? 0) + (entry.bytes ?? chunk));
      return ledger.book({ ...entry, time: day * dayMs + n });
    };
    for (const { path = "", bytes } of day % 2 === 0 ? (model.parts ?? []) : []) {
      book({ ...aRead(dice, `pod-${day % 12}`, n++), part: path, range: undefined, bytes });
    }
    for (let i = 0; i < 20; i++) {
      const { coalition } = book(aRead(dice, `stolen-${i % 3}`, n++));
      for (const share of [0.01, 0.1, 0.25, 0.5, 0.9]) {
        if ((coalition.fraction ?? 0) > share && !reached.has(share)) reached.set(share, day);
      }
    }
    for (const [principal, bytes] of volumes) {
      if (bytes > volumeLimit) volumeAlerts[principal.startsWith("pod") ? "pods" : "thief"]++;
    }
  }
  const { accounted, unaccounted } = ledger.balance("acme-13b");
  const thieves = ledger.holdings("acme-13b").filter((it) => !it.declared).length;
  return {
    dayReached: Object.fromEntries([...reached].map(([share, day]) => [`${share * 100} %`, day])),
    coalition: ledger.coalition("acme-13b"),
    thieves,
    accountedBytes: Number(accounted),
    unaccountedBytes: Number(unaccounted),
    volumeRule: { limitBytesPerDay: volumeLimit, alertsOnThief: volumeAlerts.thief, alertsOnPods: volumeAlerts.pods },
  };
}

function perSecond(count: number, act: () => unknown): number {
  const start = performance.now();
  act();
  return Math.round((count / (performance.now() - start)) * 1000);
}

function print(result: object): void {
  for (const [name, numbers] of Object.entries(result)) {
    process.stdout.write(`${name}\n`);
    for (const [what, it] of Object.entries(numbers))
      process.stdout.write(`  ${what.padEnd(30)} ${JSON.stringify(it)}\n`);
  }
}
