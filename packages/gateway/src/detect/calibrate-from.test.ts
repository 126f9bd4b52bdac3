import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Meter, type Query } from "@outweigh/extraction";
import { gatewayModel } from "@outweigh/schema";
import { GatewayError } from "../error.ts";
import { gatewayKey } from "../record/journal.ts";
import { calibrateFrom } from "./calibrate-from.ts";
import { calibratePrompts } from "./calibrate-prompts.ts";
import { readCalibration, writeCalibration, writePromptCalibration } from "./calibration-file.ts";

const model = gatewayModel.parse({ name: "m", classes: 3, calibration: "x" });

/** Numbers from a seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/** Benign clients ask about points near one of three centres; the model is sure near a centre. */
function aQuery(random: () => number, far = 0) {
  const which = Math.floor(random() * 3);
  const noise = () => (random() + random() + random() - 1.5) * 0.4;
  const input = [0, 1, 2, 3].map((it) => (it === which ? 2 : 0) + far + noise());
  const scores = [0, 1, 2].map((it) => Math.exp(2 * (input[it] ?? 0)));
  const sum = scores.reduce((a, b) => a + b);
  return { input, probabilities: scores.map((it) => it / sum) };
}

function aFolder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), "outweigh-calibrate-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function benign(folder: string, principals: number, each: number): string {
  const file = join(folder, "benign.ndjson");
  const lines = Array.from({ length: principals }, (_, p) => {
    const random = dice(p + 11);
    return Array.from({ length: each }, () => JSON.stringify({ principal: `p${p}`, ...aQuery(random) }));
  });
  writeFileSync(file, lines.flat().join("\n"));
  return file;
}

const options = { model, horizon: 40, alpha: { num: 1, den: 20 }, say: () => {} };

test("what is learnt from a file is signed, read back, and tells benign queries from foreign ones", async (t) => {
  const folder = aFolder(t);
  const made = await calibrateFrom({ ...options, benign: benign(folder, 160, 40) });
  assert.equal(made.principals, 160);
  assert.equal(made.queries, 6400);
  assert.ok(made.alarms.includes("strangeness"));
  const file = join(folder, "m.calibration");
  const key = gatewayKey(folder);
  writeCalibration(file, made.calibration, key.privateKey);
  const read = readCalibration(file, key.publicKey);
  assert.equal(read.kind, "numeric");
  assert.ok(read.kind === "numeric" && read.groups.length > 0);

  const alarmed = (seed: number, far: number) => {
    const meter = new Meter(made.calibration.single);
    const random = dice(seed);
    return Array.from({ length: 40 }, () => {
      const { input, probabilities } = aQuery(random, far);
      const stratum = probabilities.indexOf(Math.max(...probabilities));
      const query: Query = { features: Float32Array.from(input), stratum, probabilities };
      return meter.step(query).strange === true;
    }).some(Boolean);
  };
  const strangers = Array.from({ length: 20 }, (_, i) => alarmed(5000 + i, 6)).filter(Boolean).length;
  const honest = Array.from({ length: 100 }, (_, i) => alarmed(9000 + i, 0)).filter(Boolean).length;
  assert.equal(strangers, 20);
  // One in twenty is promised on average; with 100 of them, more than 14 would be a chance below 1 in 1,000.
  assert.ok(honest <= 14, `${honest} of 100`);
});

test("the same file gives the same calibration", async (t) => {
  const file = benign(aFolder(t), 40, 20);
  const [one, two] = await Promise.all([
    calibrateFrom({ ...options, benign: file }),
    calibrateFrom({ ...options, benign: file }),
  ]);
  assert.deepEqual(one, two);
});

test("so few principals that nothing can be promised give a calibration that pages nobody", async (t) => {
  const made = await calibrateFrom({ ...options, alpha: { num: 1, den: 1000 }, benign: benign(aFolder(t), 30, 20) });
  assert.deepEqual(made.alarms, []);
});

test("what does not read is named with its file and line", async (t) => {
  const folder = aFolder(t);
  const file = join(folder, "b.ndjson");
  const good = JSON.stringify({ principal: "p", input: [1], probabilities: [0.5, 0.3, 0.2] });
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /line 2: not JSON/],
    ['{"principal": "p", "input": [1]}', /line 2: probabilities/],
    ['{"principal": "p", "input": [1], "probabilities": [1, 0]}', /line 2: probabilities: expected 3, got 2/],
    ['{"input": [1], "probabilities": [1, 0, 0]}', /line 2: expected a principal/],
    ["", /at least 25 principals, got 1/],
  ];
  for (const [text, expected] of cases) {
    writeFileSync(file, `${good}\n${text}\n`);
    await assert.rejects(calibrateFrom({ ...options, benign: file }), (error) => {
      assert.ok(error instanceof GatewayError && error.code === "BAD_CALIBRATION");
      assert.match(error.message, expected);
      return true;
    });
  }
  await assert.rejects(calibrateFrom({ ...options, benign: join(folder, "none") }), GatewayError);
  const same = Array.from({ length: 30 }, (_, p) => good.replace('"p"', `"p${p}"`));
  writeFileSync(file, [...same, ...same].join("\n"));
  await assert.rejects(calibrateFrom({ ...options, benign: file }), /b\.ndjson: nothing can be learnt from it/);
});

test("prompts are learnt from a file as levels alone, signed, and read back", async (t) => {
  const folder = aFolder(t);
  const file = join(folder, "prompts.ndjson");
  const lines = Array.from({ length: 60 }, (_, p) => {
    const random = dice(p + 3);
    return Array.from({ length: 12 }, (_, i) => {
      const prompt = `please summarise report ${Math.floor(random() * 1000)} for the team`;
      const time = new Date(1_795_000_000_000 + i * 60_000 * (1 + random())).toISOString();
      return JSON.stringify({ principal: `p${p}`, prompt, time });
    });
  });
  writeFileSync(file, lines.flat().join("\n"));
  const made = await calibratePrompts({ ...options, benign: file });
  assert.equal(made.queries, 720);
  assert.ok(made.alarms.includes("elicitation") && made.alarms.includes("novelty"));
  const key = gatewayKey(folder);
  writePromptCalibration(join(folder, "c"), made.calibration, key.privateKey);
  assert.deepEqual(readCalibration(join(folder, "c"), key.publicKey), { kind: "prompts", ...made.calibration });
  assert.doesNotMatch(JSON.stringify(made), /summarise/);
  writeFileSync(file, '{"principal": "p", "prompt": "x", "time": "yesterday"}\n');
  await assert.rejects(calibratePrompts({ ...options, benign: file }), /line 1: time/);
});
