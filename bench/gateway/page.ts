// docs/gateway.md: what was measured, and each bar with whether it is met.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { canHold } from "./cores.ts";
import type { Result, Round } from "./run.ts";
import { prompts } from "./words.ts";

const page = join(import.meta.dirname, "..", "..", "docs", "gateway.md");

/** What another bench wrote at the end of the page: it stays. */
const dialHeading = "## What a position of the dial is worth";

export function writePage(text: string): void {
  const old = existsSync(page) ? readFileSync(page, "utf8") : "";
  const dial = old.indexOf(dialHeading);
  writeFileSync(page, dial < 0 ? text : `${text.trimEnd()}\n\n${old.slice(dial)}`);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

/** The whole page. Every round is in it, not the best. */
export function pageOf(it: Result): string {
  return [
    "# The gateway, measured",
    "",
    "One command makes every number here: `npm run bench -- gateway --write`. All targets run at once on one machine and are asked in turn, so that",
    `they share its load. Throughput: wrk with ${it.connections} connections kept alive, against an nginx that answers one document; no model is behind it.`,
    "nginx and HAProxy only forward, with one worker. Portkey's gateway knows neither keys nor limits here; it runs with Node 20 and its lockfile's versions,",
    "as in its image, and once more with the newest parts and our Node. Ours checks a key, limits and an information budget, and taps each request.",
    `Requests are ${prompts} prompts of words in turn.`,
    "",
    'A share of a peer is by processor time for each request in the same round: what one core carries. Of a peer all threads count. Of ours, "main" is the',
    'thread that carries requests, with key, limits and tap, and bounds one process; "all" has the detectors\' thread in it. **The bars ask for key, limits and',
    'tap, and are held to "main". While prompts were one letter they were held to "all" too, and missed there: it stands below each.** Detectors read what they',
    'have time for, and tell the rest as a blind interval; what they do not read is not in "all" either. wrk asks faster than model servers answer:',
    `${unseenOf(it)}.`,
    "",
    ...busy(it),
    ...barsOf(it),
    "",
    ...Object.entries(Object.groupBy(it.rounds, (one) => one.size)).flatMap(([size, rounds = []]) =>
      throughput(size, rounds),
    ),
    ...latencies(it),
    ...streamed(it),
    "## Steps of the data path",
    "",
    "| step | µs of processor time |",
    "| --- | --: |",
    ...Object.entries(it.micro).map(([name, us]) => `| ${name} | ${us.toFixed(2)} |`),
    "",
  ].join("\n");
}

/** How much detectors had no time for, in words. */
function unseenOf({ unseen }: Result): string {
  return unseen
    .map(({ target, size, records, requests }) => `${records} of ${requests} unread (${target}, ${size})`)
    .join(", ");
}

/** The load is the benchmark's own up to about three: wrk, a target and the server. */
const ownLoad = 3;

function busy({ rounds }: Result): string[] {
  const load = median(rounds.map((one) => one.load));
  if (load <= ownLoad) return [];
  const cores = availableParallelism();
  return [
    `**Taken on a busy machine**, load ${load.toFixed(0)} on ${cores} cores: times are too long. Compare targets of one round only.`,
    "",
  ];
}

/** Per round, what one target costs as a share of ours. */
function shares(rounds: readonly Round[], peer: string, ours: (it: Round) => number | undefined): number[] {
  return rounds.flatMap((it) => {
    if (it.target !== "outweigh") return [];
    const other = rounds.find((one) => one.target === peer && one.round === it.round && one.size === it.size);
    const [a, b] = [other?.measured.cpuUs, ours(it)];
    return a === undefined || b === undefined ? [] : [a / b];
  });
}

function barsOf(it: Result): string[] {
  const small = it.rounds.filter((one) => one.size === "1 kB");
  const main = (one: Round) => one.measured.mainUs;
  const all = (one: Round) => one.measured.cpuUs;
  const late = (name: string) => median((it.latency[name] ?? []).map(([p50]) => p50));
  const first = (name: string) => median((it.streams[name] ?? []).map((one) => one.firstUs[0]));
  const own = it.streams["outweigh"] ?? [];
  const [lost, merged] = [own.reduce((sum, one) => sum + one.lost, 0), own.reduce((sum, one) => sum + one.merged, 0)];
  const rows: readonly (readonly [string, string, number, string])[] = [
    bar("share of nginx, main thread, 1 kB", "≥ 0.30", median(shares(small, "nginx", main)), (x) => x >= 0.3),
    ["the same, all threads", "", median(shares(small, "nginx", all)), ""],
    bar("times Portkey, main thread, 1 kB", "≥ 20", median(shares(small, "Portkey", main)), (x) => x >= 20),
    ["the same, all threads", "", median(shares(small, "Portkey", all)), ""],
    ["times Portkey with the newest parts, main thread", "", median(shares(small, "Portkey, newest parts", main)), ""],
    bar("added latency, p50, ms", "≤ 0.25", (late("outweigh") - late("direct")) / 1000, (x) => x <= 0.25),
    bar(
      "added time to the first event, p50, ms",
      "≤ 0.4",
      (first("outweigh") - first("direct")) / 1000,
      (x) => x <= 0.4,
    ),
    bar("events of streams merged or lost", "0", lost + merged, (x) => x === 0),
  ];
  return [
    "| bar | asked | median of the rounds | |",
    "| --- | --- | --: | --- |",
    ...rows.map(
      ([name, asked, got, met]) =>
        `| ${name} | ${asked} | ${Number.isNaN(got) ? "not measured" : got.toFixed(2)} | ${Number.isNaN(got) ? "" : met} |`,
    ),
  ];
}

function bar(name: string, asked: string, got: number, met: (it: number) => boolean) {
  return [name, asked, got, met(got) ? "met" : "missed"] as const;
}

function throughput(size: string, rounds: readonly Round[]): string[] {
  const names = [...new Set(rounds.map((it) => it.target))];
  const cell = ({ requestsPerSecond, cpuUs, mainUs, errors }: Round["measured"], ours: boolean) =>
    `${Math.round(requestsPerSecond)}/s` +
    (cpuUs === undefined
      ? ""
      : ours && mainUs !== undefined
        ? `, ${mainUs.toFixed(0)} main, ${cpuUs.toFixed(0)} all µs`
        : `, ${cpuUs.toFixed(0)} µs`) +
    (errors > 0 ? `, **${errors} failed**` : "");
  const numbers = [...new Set(rounds.map((it) => it.round))];
  return [
    `## ${size}`,
    "",
    `| | ${numbers.map((n) => `round ${n + 1}, load ${rounds.find((it) => it.round === n)?.load.toFixed(1)}`).join(" | ")} |`,
    `| --- |${numbers.map(() => " --- |").join("")}`,
    ...names.map(
      (name) =>
        `| ${name} | ${numbers.map((n) => rounds.flatMap((it) => (it.round === n && it.target === name ? [cell(it.measured, name === "outweigh")] : [])).join("")).join(" | ")} |`,
    ),
    "",
  ];
}

function latencies({ latency }: Result): string[] {
  return [
    "## Latency at 1,000 requests a second, 1 kB",
    "",
    `Median and 99th percentile of each round, in µs.${canHold ? " A proxy of one process is held to one core, who asks and answers to another." : ""} On a machine with other`,
    "work the 99th says more of that work than of the proxy.",
    "",
    "| | rounds |",
    "| --- | --- |",
    ...Object.entries(latency).map(
      ([name, rounds]) => `| ${name} | ${rounds.map((it) => it.join(" / ")).join(" · ")} |`,
    ),
    "",
  ];
}

function streamed({ streams }: Result): string[] {
  return [
    "## Streams",
    "",
    "100 streams begin in a second, at random (Poisson), the same for each target; 40 events each, 5 ms apart, after 1,000 streams that are not counted.",
    `Client and server are one process${canHold ? " on one core; a proxy of one process has another" : ", so a busy machine delays both"}.`,
    "",
    "| | first event, p50 / p99 µs | an event, p50 / p99 µs | lost | merged |",
    "| --- | --- | --- | --: | --: |",
    ...Object.entries(streams).map(([name, rounds]) => {
      const sum = (of: (it: (typeof rounds)[number]) => number) => rounds.reduce((total, it) => total + of(it), 0);
      const cells = (of: (it: (typeof rounds)[number]) => readonly number[]) =>
        rounds.map((it) => of(it).join(" / ")).join(" · ");
      return `| ${name} | ${cells((it) => it.firstUs)} | ${cells((it) => it.eventUs)} | ${sum((it) => it.lost)} | ${sum((it) => it.merged)} |`;
    }),
    "",
  ];
}
