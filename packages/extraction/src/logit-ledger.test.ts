import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { uniform } from "./hash.ts";
import { LogitLedger, type LogitOptions } from "./logit-ledger.ts";

const options: LogitOptions = { hidden: 48, vocabulary: 1000, rounding: 0, maxMaps: 20, maxProgress: 0.25 };

/** A simulated output layer: log-probabilities of W g for the prefix numbered `n`, rounded as the options say. */
function row(n: number, rounding: number): Float64Array {
  const { hidden, vocabulary } = options;
  const logits = new Float64Array(vocabulary);
  for (let v = 0; v < vocabulary; v++) {
    for (let k = 0; k < hidden; k++) logits[v]! += (uniform(1, v, k) - 0.5) * (uniform(2, n, k) - 0.5);
  }
  const normaliser = Math.log(logits.reduce((sum, it) => sum + Math.exp(it), 0));
  return logits.map((it) => (rounding > 0 ? Math.round((it - normaliser) / rounding) * rounding : it - normaliser));
}

const all = Int32Array.from({ length: options.vocabulary }, (_, i) => i);

for (const rounding of [0, 1e-4, 1e-2]) {
  test(`full rows rounded to ${rounding} alarm by rank before half of the layer is shown`, () => {
    const ledger = new LogitLedger({ ...options, rounding });
    for (let n = 0; n < options.hidden; n++) {
      const reading = ledger.observe({ prefix: `p${n}`, tokens: all, logprobs: row(n, rounding) });
      if (reading.alarm === undefined) continue;
      assert.equal(reading.alarm, "rank");
      assert.ok(reading.progress < 0.5, `alarmed at ${reading.progress}`);
      return;
    }
    assert.fail("never alarmed");
  });

  test(`the rank of the layer is found and not passed, rounded to ${rounding}`, () => {
    const ledger = new LogitLedger({ ...options, rounding });
    let rank = 0;
    for (let n = 0; n < 3 * options.hidden; n++) {
      ({ rank } = ledger.observe({ prefix: `p${n}`, tokens: all, logprobs: row(n, rounding) }));
    }
    // Centring costs at most one direction.
    assert.ok(rank >= options.hidden - 1 && rank <= options.hidden, `rank ${rank}`);
  });
}

test("twenty maps on one prefix are a sweep, whatever they show", () => {
  const ledger = new LogitLedger(options);
  let alarm: string | undefined;
  for (let i = 0; i < 20; i++) {
    assert.equal(alarm, undefined);
    ({ alarm } = ledger.observe({ prefix: "p", bias: `map-${i}`, tokens: [i], logprobs: [-1] }));
  }
  assert.equal(alarm, "bias-sweep");
});

test("an application with one static map and top-20 log-probabilities stays silent", () => {
  const ledger = new LogitLedger(options);
  for (let n = 0; n < 5000; n++) {
    const tokens = Array.from({ length: 20 }, (_, i) => Math.floor(uniform(3, n, i) * options.vocabulary));
    const reading = ledger.observe({ prefix: `p${n}`, bias: "static", tokens, logprobs: tokens.map(() => -2) });
    assert.equal(reading.alarm, undefined);
    assert.equal(reading.rank, 0);
  }
});

test("the same row again teaches nothing", () => {
  const ledger = new LogitLedger(options);
  for (let n = 0; n < 10; n++) ledger.observe({ prefix: `copy-${n}`, tokens: all, logprobs: row(0, 0) });
  assert.equal(ledger.observe({ prefix: "last", tokens: all, logprobs: row(0, 0) }).rank, 1);
});

test("refuses tokens outside the vocabulary", () => {
  assert.throws(() => new LogitLedger(options).observe({ prefix: "p", tokens: [1000], logprobs: [0] }), {
    name: "ExtractionError",
    code: "BAD_QUERY",
  });
});

test("a restored ledger answers as the first does, wherever it was cut", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 120 }), (cut, width) => {
      const reveal = (n: number) => {
        const tokens = Array.from({ length: width }, (_, i) => (n * 37 + i * 11) % options.vocabulary);
        return {
          prefix: `p${n % 5}`,
          bias: `map-${n % 7}`,
          tokens,
          logprobs: tokens.map((it) => -uniform(4, n % 5, it)),
        };
      };
      const first = new LogitLedger(options);
      for (let n = 0; n < cut; n++) first.observe(reveal(n));
      const second = new LogitLedger(options);
      second.restore(JSON.parse(JSON.stringify(first.snapshot())));
      for (let n = cut; n < cut + 20; n++) assert.deepEqual(second.observe(reveal(n)), first.observe(reveal(n)));
      assert.deepEqual(second.snapshot(), first.snapshot());
    }),
    { numRuns: 30 },
  );
});

test("a ledger takes no state of another layer, and no value that is not finite", () => {
  const other = new LogitLedger({ ...options, vocabulary: 2000 });
  assert.throws(() => new LogitLedger(options).restore(other.snapshot()), { code: "BAD_STATE" });
  const bad = { prefix: "p", tokens: [1], logprobs: [NaN] };
  assert.throws(() => new LogitLedger(options).observe(bad), { code: "BAD_QUERY" });
});

test("a layer too wide to sketch alarms when the sketch is full, whatever share that is", () => {
  const wide = { hidden: 4000, vocabulary: 5000, rounding: 0, maxMaps: 20, maxProgress: 0.99 };
  const ledger = new LogitLedger(wide);
  const one = { prefix: "p", tokens: [1], logprobs: [-1] };
  assert.equal(ledger.observe(one).alarm, undefined);
  const axis = Buffer.alloc(4 * 1024).toString("base64");
  ledger.restore({ ...ledger.snapshot(), basis: Array.from({ length: 1024 }, () => axis) });
  const { alarm, progress } = ledger.observe(one);
  assert.equal(alarm, "rank");
  assert.ok(progress < 0.3);
});

test("what one principal makes us hold is bounded, however many prefixes and tokens it sends", () => {
  const large = new LogitLedger({ hidden: 8000, vocabulary: 200_000, rounding: 0, maxMaps: 20, maxProgress: 0.5 });
  for (let n = 0; n < 300; n++) {
    const tokens = Int32Array.from({ length: 2000 }, (_, i) => (n * 2000 + i) % 200_000);
    large.observe({ prefix: "x".repeat(5000) + n, bias: "y".repeat(5000), tokens, logprobs: tokens.map(() => -1) });
  }
  const { prefixes } = large.snapshot();
  assert.ok(prefixes.length <= 256);
  assert.ok(prefixes.reduce((sum, it) => sum + it.held, 0) <= 131_072);
  assert.ok(JSON.stringify(prefixes).length < 2_500_000);
});
