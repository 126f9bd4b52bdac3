// What a restart must not change: verdicts, progress, counters, budgets. Streams are cut at any point, and a real process is ended.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { revealed, type Entry } from "@outweigh/evidence";
import { calibrate, textKey, TextReader, type Query } from "@outweigh/extraction";
import type { GatewayClient } from "@outweigh/schema";
import fc from "fast-check";
import { writeCalibration } from "../detect/calibration-file.ts";
import type { KeptRow, SlotNames } from "../detect/kept.ts";
import { NumericWatch } from "../detect/numeric-watch.ts";
import { PromptWatch } from "../detect/prompt-watch.ts";
import { Linking } from "../detect/linking.ts";
import { createKey } from "../keys/key-file.ts";
import { gatewayKey } from "../record/journal.ts";
import { mockUpstream, saying } from "../testing/upstream.ts";
import { until } from "../testing/until.ts";

/** Repeatable noise in 0…1. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

function queryOf(x: readonly number[]): Query {
  const p = 1 / (1 + Math.exp(-4 * (x[0] ?? 0)));
  return { features: x, stratum: p > 0.5 ? 0 : 1, probabilities: [p, 1 - p] };
}

/** A made-up client's queries, around `at`. */
function stream(seed: number, at: number, length: number): number[][] {
  const random = dice(seed);
  return Array.from({ length }, () => Array.from({ length: 4 }, () => at + random() - 0.5));
}

const horizon = 64;
const benign = Array.from({ length: 120 }, (_, i) => stream(i + 1, 0, horizon).map(queryOf));
const single = calibrate(
  { reference: benign.slice(0, 20), paths: benign.slice(20) },
  { strata: 2, alpha: { num: 1, den: 100 }, horizon, seed: 1 },
);
const numeric = { kind: "numeric" as const, single, groups: [{ members: 2, levels: single.levels }] };
const model = { name: "clf", failClosed: false, classes: 2 };
/** A little off the centre: seen after a dozen queries, not at once. */
const theft = stream(7, 0.1, horizon - 1);

/** The same principals in another run, where their slots are others. */
const [before, after]: SlotNames[] = [0, 5].map((shift) => ({
  nameOf: (slot: number) => `p${slot - shift}`,
  slotOf: (name: string) => Number(name.slice(1)) + shift,
}));

function rowsOf(
  kept: readonly {
    readonly kind: KeptRow["kind"];
    readonly who: readonly string[];
    readonly at: number;
    readonly state: object;
  }[],
): KeptRow[] {
  return kept.map(({ state, ...it }) => ({ ...it, model: "", belongs: "", body: JSON.stringify(state) }));
}

test("numbers: a stream that is cut by a restart is judged as one that is not, alone and in a group", () => {
  const groupsOf = (shift: number) => [[shift, shift + 1]];
  const run = (cut: number) => {
    let watch = new NumericWatch(model, numeric, () => {});
    watch.regroup(groupsOf(0), { origin: 0, time: 0 });
    let shift = 0;
    const told: unknown[] = [];
    theft.forEach((x, i) => {
      if (i === cut && before && after) {
        const rows = rowsOf(watch.keep(before));
        watch = new NumericWatch(model, numeric, () => {});
        for (const it of rows) watch.restore(it, after);
        watch.regroup(groupsOf((shift = 5)), { origin: 0, time: i });
      }
      const { found, reading } = watch.step({ slot: shift + (i % 2), origin: 0, time: i }, queryOf(x));
      told.push(
        reading,
        ...found.map(({ slot, group, ...it }) => ({
          ...it,
          slot: slot - shift,
          group: group?.map((one) => one - shift),
        })),
      );
    });
    return told;
  };
  const whole = run(-1);
  assert.ok(whole.length > theft.length, "the theft is found");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: theft.length - 1 }), (cut) => assert.deepEqual(run(cut), whole)),
    { numRuns: 12 },
  );
});

test("prompts: the same, with log-probabilities and links between accounts", () => {
  const reader = new TextReader(textKey(Buffer.from("a secret of this gateway")));
  const levels = { novelty: { level: 0.3, alpha: 0.01 }, "single-turn": { level: 0.5, alpha: 0.01 } };
  const calibration = {
    kind: "prompts" as const,
    horizon: 40,
    rates: { elicitation: 0.01, grading: 0.01 },
    levels,
    groups: [{ members: 2, levels }],
    peaks: Array.from({ length: 30 }, (_, i) => Array.from({ length: 10 }, (_unused, j) => (i * (j + 1)) / 40)),
  };
  const calibrated = {
    ...calibration,
    peaks: Array.from({ length: 10 }, (_, j) => calibration.peaks.map((it) => it[j] ?? 0)),
  };
  const seen = (i: number) => ({
    text: `please explain number ${i} of ${"alpha beta gamma delta".split(" ")[i % 4]} to my class`,
    bias: JSON.stringify({ [i]: 100 }),
    shown: [{ prefix: "one prompt", bias: JSON.stringify({ [i]: 100 }), tokens: ["a"], logprobs: [-1] }],
  });
  const make = () => ({ watch: new PromptWatch(model, calibrated, reader), links: new Linking(reader, 10) });
  const run = (cut: number) => {
    let { watch, links } = make();
    let shift = 0;
    watch.regroup([[0, 1]]);
    const told: unknown[] = [];
    for (let i = 0; i < 90; i++) {
      if (i === cut && before && after) {
        const [rows, trails] = [rowsOf(watch.keep(before)), rowsOf(links.keep(before))];
        for (const it of rows) assert.doesNotMatch(it.body, /explain|alpha|class/);
        ({ watch, links } = make());
        for (const it of rows) watch.restore(it, after);
        for (const { who, body } of trails) links.restore(after.slotOf(who[0] ?? "") ?? -1, JSON.parse(body));
        watch.regroup([[5, 6]]);
        shift = 5;
      }
      const slot = shift + (i % 2);
      links.step(slot, i, ["address:1"], seen(i).text);
      const { found, reading } = watch.step({ slot, origin: 0, time: 1000 * i }, seen(i));
      told.push(
        reading,
        ...found.map((it) => ({ ...it, slot: it.slot - shift, group: it.group?.map((one) => one - shift) })),
      );
    }
    return [...told, links.groups(90).map((it) => it.members.map((one) => one - shift))];
  };
  const whole = run(-1);
  assert.match(JSON.stringify(whole), /unusual-prompts.*bias-sweep/);
  assert.match(JSON.stringify(whole), /many-accounts/);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 89 }), (cut) => assert.deepEqual(run(cut), whole)),
    { numRuns: 10 },
  );
});

interface Running {
  readonly url: string;
  readonly admin: (path: string) => Promise<Record<string, unknown>>;
  end(signal: NodeJS.Signals): Promise<void>;
  readonly said: () => string;
}

async function begin(t: TestContext, section: object, options: object = {}): Promise<Running> {
  const path = join(import.meta.dirname, "../testing/gateway-process.ts");
  const child: ChildProcess = spawn(process.execPath, [path, JSON.stringify(section), JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.after(() => child.kill("SIGKILL"));
  let [out, said] = ["", ""];
  child.stdout?.on("data", (it) => (out += it));
  child.stderr?.on("data", (it) => (said += it));
  await until("a gateway", () => {
    assert.equal(child.exitCode, null, said);
    return out.includes("\n");
  });
  const { url, adminUrl, adminToken } = JSON.parse(out);
  return {
    url,
    said: () => said,
    admin: async (of) =>
      JSON.parse(await (await fetch(adminUrl + of, { headers: { authorization: `Bearer ${adminToken}` } })).text()),
    async end(signal) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    },
  };
}

function entries(dataDir: string) {
  return readFileSync(join(dataDir, "evidence.ndjson"), "utf8")
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Entry]))
    .map((it) => ({ kind: it.kind, ...revealed(it) }));
}

async function aWorld(t: TestContext, more: object = {}) {
  const upstream = await mockUpstream((req, res, body) => {
    const { inputs } = JSON.parse(body) as { inputs: { data: number[] }[] };
    const { probabilities = [] } = queryOf(inputs[0]?.data ?? []);
    saying({ outputs: [{ name: "p", datatype: "FP32", shape: [1, 2], data: Array.from(probabilities) }] })(
      req,
      res,
      body,
    );
  });
  t.after(() => upstream.close());
  const data = mkdtempSync(join(tmpdir(), "outweigh-restart-"));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const { secret } = createKey(data, { principal: "mallory" }, 0);
  const calibration = join(data, "clf.calibration");
  writeCalibration(calibration, { single, groups: [] }, gatewayKey(data).privateKey);
  const section = {
    port: 0,
    data,
    upstreams: [{ name: "clf", protocol: "open-inference", url: upstream.url }],
    models: [{ ...model, calibration }],
    ...more,
  };
  const ask = async ({ url }: Running, x: readonly number[]) => {
    const body = JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 4], data: x }] });
    const headers = { authorization: `Bearer ${secret}`, "content-type": "application/json" };
    const got = await fetch(`${url}/v2/models/clf/infer`, { method: "POST", headers, body });
    await got.arrayBuffer();
    return got.status;
  };
  const mallory = async (it: Running) =>
    ((await it.admin("/clients"))["clients"] as GatewayClient[]).find((one) => one.principal === "mallory");
  const readAll = (it: Running, queries: number) =>
    until(`${queries} queries read`, async () => (await mallory(it))?.reading?.queries === queries);
  return { data, section, ask, mallory, readAll };
}

/** After how many queries a watch that saw nothing before finds something; undefined for never. */
function foundAfter(queries: readonly (readonly number[])[]): number | undefined {
  const watch = new NumericWatch(model, numeric, () => {});
  const at = queries.findIndex((x, i) => watch.step({ slot: 0, origin: 0, time: i }, queryOf(x)).found.length > 0);
  return at < 0 ? undefined : at + 1;
}

test("half of a theft before a restart, half after it: the alarm comes, and counters and budget go on", async (t) => {
  const needed = foundAfter(theft) ?? 0;
  const half = Math.floor(needed / 2);
  assert.ok(
    needed > 8 && foundAfter(theft.slice(half, needed)) === undefined,
    `found after ${needed}, the rest alone is not`,
  );
  const bits = 1_000;
  const world = await aWorld(t, { plans: { default: { limits: { informationBitsPerDay: bits } } } });
  const first = await begin(t, world.section);
  for (const x of theft.slice(0, half)) assert.equal(await world.ask(first, x), 200);
  await world.readAll(first, half);
  const used = (await world.mallory(first))?.informationBits ?? 0;
  await first.end("SIGTERM");

  const second = await begin(t, world.section);
  const again = await world.mallory(second);
  assert.deepEqual([again?.requests, again?.informationBits, again?.reading?.queries], [half, used, half]);
  assert.ok((again?.budget?.used ?? 0) > 0 && used > 0);
  for (const x of theft.slice(half, needed)) assert.equal(await world.ask(second, x), 200);
  await world.readAll(second, needed);
  await until("the alarm", () => entries(world.data).some((it) => it.kind === "finding"));
  await second.end("SIGTERM");

  const kinds = entries(world.data).map((it) => it.kind);
  assert.ok(!kinds.includes("state-forgotten") && !kinds.includes("blind-interval"), kinds.join());
  assert.equal(kinds.filter((it) => it === "finding").length, 1);
  // Told once: a third run knows that it was.
  const third = await begin(t, world.section);
  for (const x of theft.slice(needed, needed + 4)) await world.ask(third, x);
  await world.readAll(third, needed + 4);
  await third.end("SIGTERM");
  assert.equal(entries(world.data).filter((it) => it.kind === "finding").length, 1);
  for (const name of ["detectors.db", "counters.json"])
    assert.doesNotMatch(readFileSync(join(world.data, name), "latin1"), /FP32|0\.\d{6},0\.\d{6},0\.\d{6},0\.\d{6}/);
});

test("files that are torn are put aside and said, as a blind interval too; what is learnt begins anew", async (t) => {
  const world = await aWorld(t);
  const run = async () => {
    const it = await begin(t, world.section);
    assert.equal(await world.ask(it, theft[0] ?? []), 200);
    await until("a query", async () => ((await world.mallory(it))?.reading?.queries ?? 0) > 0);
    const seen = await world.mallory(it);
    const { problems } = await it.admin("/status");
    await it.end("SIGTERM");
    return { seen, said: it.said(), problems: String(problems) };
  };
  await run();
  for (const name of ["detectors.db", "counters.json"]) {
    const path = join(world.data, name);
    writeFileSync(path, readFileSync(path).subarray(0, 100));
  }
  const { seen, said, problems } = await run();
  assert.deepEqual([seen?.requests, seen?.reading?.queries], [1, 1], said);
  for (const it of [/detectors\.db: .*they begin anew/, /counters\.json: it is torn.*budgets full/]) {
    assert.match(said, it);
    assert.match(problems, it);
  }
  const all = entries(world.data);
  assert.equal(all.filter((it) => it.kind === "state-forgotten").length, 2);
  assert.equal(all.filter((it) => it.fields["cause"] === "state-refused").length, 1);
});

test("detectors work on where what they learn cannot be kept, and it is said", async (t) => {
  const world = await aWorld(t);
  // What no file can be opened as, whoever tries.
  mkdirSync(join(world.data, "detectors.db"));
  const it = await begin(t, world.section);
  assert.equal(await world.ask(it, theft[0] ?? []), 200);
  await world.readAll(it, 1);
  assert.match(String((await it.admin("/status"))["problems"]), /can neither be read nor kept: .*EISDIR/);
  await it.end("SIGTERM");
});

test("after a crash what was written last is remembered, and what came later is a blind interval", async (t) => {
  const world = await aWorld(t);
  const first = await begin(t, world.section, { keepMs: 300 });
  for (const x of theft.slice(0, 5)) await world.ask(first, x);
  await world.readAll(first, 5);
  await until("what is remembered", () =>
    readFileSync(join(world.data, "counters.json"), "utf8").includes('"requests":5'),
  );
  await first.end("SIGKILL");
  const second = await begin(t, world.section);
  const again = await world.mallory(second);
  assert.equal(again?.requests, 5);
  await second.end("SIGTERM");
  const [away] = entries(world.data).filter((it) => it.fields["cause"] === "gateway-away");
  assert.ok(Number(away?.fields["from"]) < Number(away?.fields["to"]));
});
