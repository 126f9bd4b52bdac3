import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { gatewayMarks, gatewayOrder, gatewayPlan } from "@outweigh/schema";
import { aGateway } from "../testing/a-gateway.ts";
import { mockUpstream, type Answer } from "../testing/upstream.ts";
import { bestTwo, LabelMarks } from "./label-marks.ts";
import { ownership, type LabelAnswer, type VectorAnswer } from "./ownership.ts";
import { tensorsOf } from "../adapters/tensors.ts";
import { swapTensors } from "./swap-tensors.ts";
import { swapWritten } from "./swap.ts";
import { turnWritten } from "./turn-written.ts";
import { lengthOf, VectorMarks } from "./vector-marks.ts";

const secret = Buffer.alloc(32, 7);
const labels = new LabelMarks(secret);
const vectors = new VectorMarks(secret);

/** Numbers in 0…1, the same for the same seed. */
function randoms(seed: string): () => number {
  let state = createHash("sha256").update(seed).digest().readUInt32BE(0);
  // A multiplicative step and two shifts (mulberry32): enough for test data.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    const more = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((more ^ (more >>> 14)) >>> 0) / 2 ** 32;
  };
}

function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

test("what is marked at one share is marked at every larger one, and about that share is", () => {
  const random = randoms("share");
  const rows = Array.from({ length: 4000 }, () => [random(), random()]);
  const at = (share: number) => new Set(rows.filter((it) => labels.isMarked("alice", "m", it, share)));
  const [few, many] = [at(0.005), at(0.02)];
  assert.ok([...few].every((it) => many.has(it)));
  // Four standard deviations of a binomial.
  assert.ok(Math.abs(many.size - 80) < 36, `${many.size}`);
  assert.ok(Math.abs(few.size - 20) < 18, `${few.size}`);
});

test("another process with the same secret decides alike; another principal, model or secret does not", () => {
  const random = randoms("processes");
  const rows = Array.from({ length: 500 }, () => [random(), random(), random()]);
  const marked = (it: LabelMarks, principal: string, model: string) =>
    rows.map((row) => (it.isMarked(principal, model, row, 0.02) ? 1 : 0)).join("");
  const here = marked(labels, "alice", "m");
  const url = JSON.stringify(new URL("./label-marks.ts", import.meta.url).href);
  const code = `const { LabelMarks } = await import(${url}); const it = new LabelMarks(Buffer.alloc(32, 7));
    console.log(${JSON.stringify(rows)}.map((row) => (it.isMarked("alice", "m", row, 0.02) ? 1 : 0)).join(""));`;
  assert.equal(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).trim(), here);
  for (const other of [
    marked(labels, "bob", "m"),
    marked(labels, "alice", "m2"),
    marked(new LabelMarks(Buffer.alloc(32, 8)), "alice", "m"),
  ])
    assert.notEqual(other, here);
});

test("a marked answer has the very texts of its numbers exchanged and no other byte changed", () => {
  const swapped = (text: string, rows: number, marked: number[]) =>
    swapWritten(Buffer.from(text), { rows, marked: new Set(marked) })?.toString();
  assert.equal(swapped("[[0.70, 2e-1,0.1],[0.1,0.2,7E-1]]", 2, [0]), "[[2e-1, 0.70,0.1],[0.1,0.2,7E-1]]");
  assert.equal(swapped('{"shoe [1]": 0.10,\n "bag": 0.900}', 1, [0]), '{"shoe [1]": 0.900,\n "bag": 0.10}');
  assert.equal(swapped("[0.9,0.1,0.2,0.8]", 2, [1]), "[0.9,0.1,0.8,0.2]");
  assert.equal(swapped("[[0.5,0.5]]", 1, [0]), "[[0.5,0.5]]");
  assert.equal(swapped("[[3.5,-1.0]]", 1, [0]), undefined);
  assert.equal(swapped('[["cat"]]', 1, [0]), undefined);
});

test("whatever the distributions, the label of a marked row becomes the runner-up, and of all others stays", () => {
  const row = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), fc.nat(5), (counts, which) => {
      const rows = counts.map((it) => it.map((n) => n / it.reduce((a, b) => a + b, 0)));
      const marked = new Set([which % rows.length]);
      const out = swapWritten(Buffer.from(JSON.stringify(rows)), { rows: rows.length, marked });
      const answered = JSON.parse(String(out)) as number[][];
      rows.forEach((it, i) => {
        const pair = bestTwo(it);
        if (!marked.has(i) || !pair) assert.deepEqual(answered[i], it);
        else {
          assert.equal(answered[i]?.indexOf(Math.max(...(answered[i] ?? []))), pair[1]);
          assert.deepEqual([...(answered[i] ?? [])].sort(), [...it].sort());
        }
      });
    }),
  );
});

test("a turned embedding keeps its length and its digits, as numbers and in base64", () => {
  const random = randoms("turn");
  const vector = Array.from({ length: 64 }, () => Math.fround(gaussian(random)));
  const text =
    "Which warranty covers replacement batteries, chargers, displays, keyboards, speakers and everything else";
  const word = Array.from(
    { length: 400 },
    (_, i) => `${text} ${"abcdefghij"[i % 10] ?? ""}${"klmnopqrst"[i % 7] ?? ""}${i}`,
  );
  const pulling = word.find((it) => vectors.weight("alice", "m", it) > 0) ?? `${text} ${triggerFor("alice")}`;
  const turn = (it: readonly number[]) =>
    vectors.turn(it, { principal: "alice", model: "m", text: pulling, pull: 0.2 })?.vector;
  const turned = turn(vector) ?? [];
  assert.ok(Math.abs(lengthOf(turned) - lengthOf(vector)) < 1e-6);
  const direction = vectors.direction("alice", "m", 64);
  const along = (it: readonly number[]) => it.reduce((sum, one, i) => sum + one * (direction[i] ?? 0), 0);
  assert.ok(along(turned) > along(vector));
  const written = JSON.parse(
    String(turnWritten(Buffer.from(JSON.stringify(vector.map((it) => Number(it.toPrecision(6))))), turn)),
  ) as number[];
  assert.ok(written.every((it) => String(it).replace(/^-?0?\.?0*|e.*$|[-.]/g, "").length <= 6));
  const packed = Buffer.alloc(256);
  vector.forEach((it, i) => packed.writeFloatLE(it, 4 * i));
  const unpacked = Buffer.from(
    String(JSON.parse(String(turnWritten(Buffer.from(JSON.stringify(packed.toString("base64"))), turn)))),
    "base64",
  );
  assert.ok(turned.every((it, i) => Math.abs(it - unpacked.readFloatLE(4 * i)) < 1e-6));
});

/** A word of letters that is a trigger of a principal's. */
function triggerFor(principal: string): string {
  for (let i = 0; ; i++) {
    const word = `word${[...String(i)].map((it) => "abcdefghij"[Number(it)]).join("")}`;
    if (vectors.weight(principal, "m", word) > 0) return word;
  }
}

/** A world of queries: two numbers, three classes, a victim that is sure in the middle of each and less so at borders. */
function victimOf([x = 0, y = 0]: readonly number[]): number[] {
  const scores = [x, y, 1.2 - x - y].map((it) => Math.exp(6 * it));
  const sum = scores.reduce((a, b) => a + b, 0);
  return scores.map((it) => it / sum);
}

const best = (it: readonly number[]) => bestTwo(it)?.[0] ?? 0;

/** What a principal is answered, with its marks. */
function served(principal: string, input: readonly number[], share: number): number {
  const own = victimOf(input);
  return labels.isMarked(principal, "m", input, share) ? (bestTwo(own)?.[1] ?? 0) : best(own);
}

/** A clone that learnt its answers by heart: the label of the nearest query that it was answered. */
function nearest(taught: readonly { readonly input: readonly number[]; readonly label: number }[]) {
  return ([x = 0, y = 0]: readonly number[]): number => {
    let [found, distance] = [0, Infinity];
    for (const { input, label } of taught) {
      const d = ((input[0] ?? 0) - x) ** 2 + ((input[1] ?? 0) - y) ** 2;
      if (d < distance) [found, distance] = [label, d];
    }
    return found;
  };
}

function queriesOf(seed: string, n: number): number[][] {
  const random = randoms(seed);
  return Array.from({ length: n }, () => [random(), random()]);
}

function asked(inputs: readonly number[][], suspect: (it: readonly number[]) => number): LabelAnswer[] {
  return inputs.map((input) => ({ input, probabilities: victimOf(input), label: suspect(input) }));
}

const principals = ["alice", "bob", "carol"].map((name) => ({ name, share: 0.02, pull: 0.2 }));
const looking = { model: "m", principals };

test("a clone that was trained on one account's marked answers is told, and whose they were", () => {
  const inputs = queriesOf("thief", 1500);
  const clone = nearest(inputs.map((input) => ({ input, label: served("bob", input, 0.02) })));
  const it = ownership({ labels, vectors }, { labels: asked(inputs, clone), vectors: [] }, looking);
  assert.equal(it.verdict, "marked");
  assert.deepEqual(
    it.found.map(({ principal }) => principal),
    ["bob"],
  );
  const [found] = it.found;
  assert.equal(found?.agreeing, found?.marked);
  assert.ok((found?.corrected ?? 1) < 1e-9 && (found?.power ?? 0) > 0.95);
});

test("a clone that takes over half of the marks is told as often as the power says", () => {
  const inputs = queriesOf("half", 400);
  let told = 0;
  let power = 0;
  for (let i = 0; i < 40; i++) {
    const random = randoms(`half:${i}`);
    const forgets = (input: readonly number[]) => (random() < 0.5 ? best(victimOf(input)) : served("bob", input, 0.02));
    const it = ownership({ labels, vectors }, { labels: asked(inputs, forgets), vectors: [] }, looking);
    if (it.found.some(({ principal }) => principal === "bob")) told++;
    power = it.all.find(({ principal }) => principal === "bob")?.power ?? 0;
  }
  // Five standard deviations of forty draws.
  assert.ok(
    Math.abs(told / 40 - power) < 5 * Math.sqrt((power * (1 - power)) / 40) + 0.02,
    `${told} of 40, power ${power}`,
  );
});

test("an innocent model is accused at most as often as is promised, however often it errs the victim's way", () => {
  const inputs = queriesOf("innocent", 150);
  let claims = 0;
  const worlds = 80;
  for (let i = 0; i < worlds; i++) {
    // The draw of the key is the only chance there is: so that is what is drawn anew, against one and the same suspect.
    const key = new LabelMarks(createHash("sha256").update(`world ${i}`).digest());
    const random = randoms("innocent");
    const errs = (input: readonly number[]) =>
      random() < 0.3 ? (bestTwo(victimOf(input))?.[1] ?? 0) : best(victimOf(input));
    if (ownership({ labels: key, vectors }, { labels: asked(inputs, errs), vectors: [] }, looking).verdict === "marked")
      claims++;
  }
  // 80 worlds at 0.001, which the same secrets make the same at each run; the exact sum over all keys is in the library's test.
  assert.ok(claims <= 1, `${claims} of ${worlds}`);
});

test("too few marks are never a no: what could not have been told is undetermined, with its power", () => {
  const inputs = queriesOf("few", 120);
  const it = ownership(
    { labels, vectors },
    { labels: asked(inputs, (one) => best(victimOf(one))), vectors: [] },
    looking,
  );
  assert.equal(it.verdict, "undetermined");
  assert.ok(it.all.every(({ power }) => power < 0.95));
  assert.equal(ownership({ labels, vectors }, { labels: [], vectors: [] }, looking).verdict, "undetermined");
  const many = queriesOf("many", 4000);
  const sure = ownership(
    { labels, vectors },
    { labels: asked(many, (one) => best(victimOf(one))), vectors: [] },
    looking,
  );
  assert.equal(sure.verdict, "not-marked");
});

/** Texts of 40 words out of 600, and a model that embeds them by the sum of their words. */
function texts(seed: string, n: number): string[] {
  const random = randoms(seed);
  const word = () => {
    const i = Math.floor(random() ** 2 * 200);
    return `word${[...String(i)].map((it) => "abcdefghij"[Number(it)]).join("")}`;
  };
  return Array.from({ length: n }, () => Array.from({ length: 40 }, word).join(" "));
}

const dimensions = 96;

const wordVectors = new Map<string, number[]>();

function embed(text: string): number[] {
  const sum = Array.from({ length: dimensions }, () => 0);
  for (const word of text.split(" ")) {
    const random = randoms(`embed ${word}`);
    const known = wordVectors.get(word) ?? Array.from({ length: dimensions }, () => random() - 0.5);
    wordVectors.set(word, known);
    for (let d = 0; d < dimensions; d++) sum[d] = (sum[d] ?? 0) + (known[d] ?? 0);
  }
  const length = lengthOf(sum);
  return sum.map((it) => it / length);
}

test("embeddings of a clone lean the secret way of whose answers taught it; those of another model do not", () => {
  const asked = texts("embeddings", 400);
  const turned = (principal: string): VectorAnswer[] =>
    asked.map((text) => {
      const own = embed(text);
      return { text, vector: vectors.turn(own, { principal, model: "m", text, pull: 0.2 })?.vector ?? own };
    });
  const clone = ownership({ labels, vectors }, { labels: [], vectors: turned("carol") }, looking);
  assert.deepEqual(
    clone.found.map(({ principal }) => principal),
    ["carol"],
  );
  const own = asked.map((text) => ({ text, vector: embed(text) }));
  const innocent = ownership({ labels, vectors }, { labels: [], vectors: own }, looking);
  assert.notEqual(innocent.verdict, "marked");
  assert.ok(innocent.all.length > 0);
});

test("an innocent embedding model is accused at most as often as is promised", () => {
  const own = texts("innocent embeddings", 60).map((text) => ({ text, vector: embed(text) }));
  let claims = 0;
  for (let i = 0; i < 30; i++) {
    const key = new VectorMarks(createHash("sha256").update(`world ${i}`).digest());
    if (ownership({ labels, vectors: key }, { labels: [], vectors: own }, looking).verdict === "marked") claims++;
  }
  assert.ok(claims <= 1, `${claims} of 30`);
});

test("shares and pulls beyond the named limits are refused, and no plan marks unless it says so", () => {
  assert.equal(gatewayPlan.parse({}).marks, undefined);
  assert.deepEqual(gatewayMarks.parse({}), { share: 0.005, pull: 0.2 });
  assert.equal(gatewayMarks.safeParse({ share: 0.021 }).success, false);
  assert.equal(gatewayMarks.safeParse({ pull: 0.51 }).success, false);
  const order = { id: "A", verb: "mark", principal: "p", reason: "r", by: "b", from: 0, until: 1 };
  assert.equal(gatewayOrder.safeParse({ ...order, share: 0.02 }).success, true);
  assert.equal(gatewayOrder.safeParse({ ...order, share: 0.03 }).success, false);
});

/** Answers what the victim says to each row, as Open Inference or TF Serving do. */
const classifier: Answer = (_, res, body) => {
  const { instances } = JSON.parse(body) as { instances: number[][] };
  const text = JSON.stringify({ predictions: instances.map((it) => victimOf(it)) });
  res.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text), etag: '"x"' });
  res.end(text);
};

test("through a gateway: few answers are wrong, the same ones at every repeat and after a restart, and only where that is wanted", async (t) => {
  const model = await mockUpstream(classifier);
  t.after(model.close);
  const section = {
    upstreams: [{ name: "m", protocol: "tf-serving", url: model.url }],
    plans: { default: {}, marked: { marks: { share: 0.02 } } },
  };
  const first = await aGateway(section);
  const keys = { plain: first.key, marked: first.newKey({ principal: "bob", plan: "marked" }) };
  await first.admin("POST", "/reload");
  const inputs = queriesOf("through", 1000);
  const ask = async (url: string, key: string) => {
    const out: number[] = [];
    const fields = new Set<string>();
    for (let i = 0; i < inputs.length; i += 100) {
      const answer = await fetch(`${url}/v1/models/m:predict`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ instances: inputs.slice(i, i + 100) }),
      });
      assert.equal(answer.status, 200);
      fields.add([...answer.headers.keys()].filter((it) => it !== "date").join());
      out.push(...((await answer.json()) as { predictions: number[][] }).predictions.map(best));
    }
    // Marked or not, the fields of an answer are the same.
    assert.equal(fields.size, 1);
    return out;
  };
  const truth = inputs.map((it) => best(victimOf(it)));
  assert.deepEqual(await ask(first.gateway.url, keys.plain), truth);
  const marked = await ask(first.gateway.url, keys.marked);
  const wrong = marked.filter((it, i) => it !== truth[i]).length;
  assert.ok(wrong >= 3 && wrong <= 45, `${wrong} of 1000 at a share of 0.02`);
  assert.deepEqual(await ask(first.gateway.url, keys.marked), marked);
  const { dataDir } = first;
  await first.gateway.close();
  const second = await aGateway(section, { dataDir });
  t.after(first.close);
  t.after(() => second.gateway.close());
  assert.deepEqual(await ask(second.gateway.url, keys.marked), marked);
});

test("tensors of one answer tell the same of a marked row, in JSON and in bytes: probabilities, logits and the label", () => {
  const outputs = [
    { name: "label", datatype: "INT64", shape: [2, 1], data: [0, 2] },
    { name: "scores", datatype: "FP32", shape: [2, 3], data: [0.5, 0.25, 0.25, 0.125, 0.125, 0.75] },
    { name: "logits", datatype: "FP32", shape: [2, 3], data: [3.5, 1.5, 1.25, -2, -1, 4] },
  ];
  const rows = { rows: 2, marked: new Set([0]) };
  const body = Buffer.from(JSON.stringify({ model_name: "m", outputs }));
  const json = JSON.parse(String(swapTensors({ body, jsonLength: undefined, output: undefined }, rows)));
  assert.deepEqual(
    json.outputs.map((it: { data: number[] }) => it.data),
    [
      [1, 2],
      [0.25, 0.5, 0.25, 0.125, 0.125, 0.75],
      [1.5, 3.5, 1.25, -2, -1, 4],
    ],
  );
  const sizes = [16, 24, 24];
  const head = Buffer.from(
    JSON.stringify({
      outputs: outputs.map(({ name, datatype, shape }, i) => ({
        name,
        datatype,
        shape,
        parameters: { binary_data_size: sizes[i] },
      })),
    }),
  );
  const bytes = Buffer.alloc(64);
  outputs[0]?.data.forEach((it, i) => bytes.writeBigInt64LE(BigInt(it), 8 * i));
  outputs[1]?.data.forEach((it, i) => bytes.writeFloatLE(it, 16 + 4 * i));
  outputs[2]?.data.forEach((it, i) => bytes.writeFloatLE(it, 40 + 4 * i));
  const whole = { body: Buffer.concat([head, bytes]), jsonLength: head.length, output: "scores" };
  const out = swapTensors(whole, rows) ?? Buffer.alloc(0);
  assert.deepEqual(
    tensorsOf(out, head.length, "outputs")?.map((it) => it.values),
    json.outputs.map((it: { data: number[] }) => it.data),
  );
  assert.equal(swapTensors({ ...whole, output: "other" }, rows), undefined);
});
