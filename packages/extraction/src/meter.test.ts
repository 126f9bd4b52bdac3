import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest, makeBank } from "./bank.ts";
import { calibrate, learnJudge, peakOf, setLevels, type Calibration, type Stream } from "./calibration.ts";
import { uniform } from "./hash.ts";
import { Meter } from "./meter.ts";
import { Path } from "./path.ts";
import { maxExamClasses, setExam } from "./progress.ts";
import type { Query } from "./query.ts";
import { signals } from "./scores.ts";
import { learnSpace, place, unit } from "./space.ts";

const strata = 3;
const horizon = 60;
const width = 6;

/** A number that looks drawn from N(0, 1). */
const normal = (a: number, b: number, c: number) => {
  let sum = 0;
  for (let i = 0; i < 12; i++) sum += uniform(a, b, c * 12 + i);
  return sum - 6;
};

/** A benign principal: own offset, own noise, own favourite stratum. `shift` moves all it asks: a foreign pool. */
function stream(who: number, shift = 0, length = horizon): Stream {
  return Array.from({ length }, (_, t): Query => {
    const stratum = Math.floor(uniform(who, t, 1) ** 2 * strata);
    const features = Array.from(
      { length: width },
      (_, i) => stratum * 4 + normal(who, t, i + 2) + 0.3 * normal(who, 10_000, i) + shift,
    );
    const top = 0.5 + uniform(who, t, 99) / 2;
    return { features, stratum, probabilities: [top, 1 - top, 0] };
  });
}

const streams = (from: number, n: number, shift = 0) => Array.from({ length: n }, (_, i) => stream(from + i, shift));

const known = new Map<number, Calibration>();

/** Learnt once for each number of paths. */
function calibrated(paths = 200): Calibration {
  const it = known.get(paths) ?? learn(paths);
  known.set(paths, it);
  return it;
}

const learn = (paths: number): Calibration =>
  calibrate(
    { reference: streams(0, 60), paths: streams(300, paths) },
    { strata, alpha: { num: 1, den: 100 }, horizon, seed: 5 },
  );

test("alarms on a foreign pool within a few queries, and seldom on new benign principals", () => {
  const calibration = calibrated();
  for (const attack of streams(5000, 5, 6)) {
    const meter = new Meter(calibration);
    const at = attack.findIndex((it) => meter.step(it).strange === true);
    assert.ok(at >= 0 && at < 20, `alarmed at ${at}`);
  }
  const level = calibration.levels.strangeness?.level ?? 0;
  const alarms = streams(6000, 300).filter((it) => peakOf(calibration.judge, it).strangeness > level).length;
  assert.ok(alarms <= 9, `${alarms} of 300 at a promised 0.5 %`);
});

test("promises nothing with too few principals, and never says no instead", () => {
  const calibration = calibrated(50);
  assert.equal(calibration.levels.strangeness, undefined);
  assert.deepEqual(calibration.certifiable, { num: 1, den: 51 });
  assert.equal(new Meter(calibration).step(stream(1)[0] ?? assert.fail()).strange, undefined);
});

test("a meter restored in the middle reads on as if nothing had happened", () => {
  const calibration = calibrated();
  const queries = [...stream(7000), ...stream(7001)];
  const whole = new Meter(calibration);
  const expected = queries.map((it) => whole.step(it));
  for (const cut of [1, 31, 60, 75]) {
    const first = new Meter(calibration);
    queries.slice(0, cut).forEach((it) => first.step(it));
    const second = new Meter(calibration);
    second.restore(JSON.parse(JSON.stringify(first.snapshot())));
    assert.deepEqual(
      queries.slice(cut).map((it) => second.step(it)),
      expected.slice(cut),
    );
  }
});

for (const classes of [10, maxExamClasses]) {
  test(`a principal's state fits into 64 KB with ${classes} classes, histories full and progress kept`, () => {
    const wide = (who: number): Stream =>
      Array.from({ length: 600 }, (_, t) => ({
        features: Array.from({ length: 64 }, (_, i) => uniform(who, t, i)),
        input: Array.from({ length: 64 }, (_, i) => uniform(who, t, 64 + i)),
        stratum: t % 3,
      }));
    const reference = Array.from({ length: 5 }, (_, i) => wide(i));
    const queries = reference.flat();
    const answered = Array.from({ length: 1500 }, (_, i) => ({
      input: queries[i]?.features ?? [],
      label: i % classes,
    }));
    const exam = setExam(learnSpace(queries.map((it) => it.features)), classes, answered, answered.slice(0, 100));
    const judge = learnJudge(reference, { strata, alpha: { num: 1, den: 100 }, horizon: 600, seed: 1, exam });
    const path = new Path(judge);
    for (const it of wide(9)) path.step(it);
    const bytes = JSON.stringify(path.snapshot()).length;
    assert.ok(bytes > 50_000 && bytes <= 65_536, `${bytes} bytes`);
  });
}

test("a key that changes hands is noticed by its own habit within tens of queries", () => {
  const { judge } = calibrated();
  const at = signals.indexOf("change");
  const pace = (queries: Stream) => {
    const path = new Path({ ...judge, horizon: queries.length });
    return queries.map((it) => path.step(it).pace[at] ?? 0);
  };
  for (let i = 0; i < 5; i++) {
    const own = stream(9100 + i, 0, 200);
    const bar = 2 * Math.max(...pace(own));
    const taken = pace([...own.slice(0, 120), ...stream(9200 + i, 3, 200).slice(120)]);
    assert.ok(Math.max(...taken.slice(0, 120)) < bar && Math.max(...taken.slice(120, 160)) > bar, `stream ${i}`);
  }
});

test("a quarter of strange queries among honest ones stays on record, though evidence is lost in between", () => {
  const { judge } = calibrated();
  const at = signals.indexOf("distance");
  const surplus = (queries: Stream) => {
    const path = new Path(judge);
    return Math.max(...queries.map((it) => path.step(it).surplus[at] ?? 0));
  };
  const honest = Math.max(...streams(6000, 100).map(surplus));
  for (let i = 0; i < 5; i++) {
    const foreign = stream(9400 + i, 6);
    const mixed = stream(9300 + i).map((it, t) => (t % 4 === 3 ? (foreign[t] ?? it) : it));
    assert.ok(surplus(mixed) > honest, `stream ${i}: ${surplus(mixed)} against ${honest}`);
  }
});

test("with ceilings a meter pages only while it is ready, and says when the budget is used up", () => {
  const { judge, peaks } = calibrated();
  const attack = stream(5000, 6);
  const alarms = (lift: number, strangeness: number) => {
    const lifted = peaks.map((it) => ({ ...it, strangeness: it.strangeness + lift }));
    const ceilings = { strangeness, learnt: 2, budget: 0.9 };
    const meter = new Meter(setLevels(judge, lifted, { num: 1, den: 100 }), ceilings);
    return attack.map((it) => meter.step(it).strange);
  };
  assert.ok(alarms(0, 50).includes(true));
  assert.ok(
    alarms(100, 50).every((it) => it === undefined),
    "calibrating: benign traffic is above the ceiling",
  );
});

test("line searches are walked for longer than anybody benign walks", () => {
  const calibration = setLevels(
    calibrated().judge,
    Array.from({ length: 799 }, () => ({ strangeness: 1, progress: 0, lines: 2 })),
    { num: 1, den: 100 },
  );
  const meter = new Meter(calibration);
  const [from = assert.fail()] = stream(9000);
  const walk = Array.from({ length: 10 }, (_, t) => ({
    ...from,
    features: Array.from(from.features, (v) => v + t / 4),
  }));
  assert.ok(walk.map((it) => meter.step(it)).some((it) => it.walking === true));
  assert.ok(stream(9001).every((it) => new Meter(calibration).step(it).walking === false));
});

test("an exact repeat says nothing", () => {
  const meter = new Meter(calibrated());
  const [query = assert.fail()] = stream(8000, 6);
  const once = meter.step(query);
  const again = meter.step(query);
  assert.deepEqual(again.evidence, once.evidence);
});

test("refuses strata, lengths and values that cannot be", () => {
  const meter = new Meter(calibrated());
  const good = stream(1)[0] ?? assert.fail();
  for (const bad of [
    { stratum: 3 },
    { stratum: -1 },
    { stratum: 0.5 },
    { features: [1] },
    { features: [NaN, 0, 0, 0, 0, 0] },
  ]) {
    assert.throws(() => meter.step({ ...good, ...bad }), { name: "ExtractionError", code: "BAD_QUERY" });
  }
});

test("the search that gives up early finds what the full search finds", () => {
  const space = learnSpace(
    streams(0, 5)
      .flat()
      .map((it) => it.features),
  );
  const rows = streams(0, 5)
    .flat()
    .map((it) => ({ point: place(space, it.features), stratum: 0 }));
  const bank = makeBank(space.dimensions, 1, [rows]);
  for (const it of streams(50, 2).flat()) {
    const query = place(space, it.features);
    const squares = rows.map(({ point }) => point.reduce((sum, v, i) => sum + (v - (query[i] ?? 0)) ** 2, 0));
    squares.sort((a, b) => a - b);
    const naive = Math.sqrt(squares.slice(0, 5).reduce((sum, v) => sum + v, 0) / 5);
    assert.ok(Math.abs((nearest(bank, 0, query) ?? NaN) - naive) < 1e-6);
  }
});

test("a rotation changes no distance between standardised points", () => {
  const vectors = streams(0, 4)
    .flat()
    .map((it) => it.features);
  const space = learnSpace(vectors);
  const z = (v: ArrayLike<number>) => space.mean.map((m, i) => ((v[i] ?? 0) - m) * (space.scale[i] ?? 0));
  const [a = [], b = []] = vectors;
  const [pa, pb] = [place(space, a), place(space, b)];
  const plain = Math.hypot(...z(a).map((v, i) => v - (z(b)[i] ?? 0)));
  const turned = Math.hypot(...pa.map((v, i) => v - (pb[i] ?? 0))) / unit;
  assert.ok(Math.abs(plain - turned) < 0.01, `${plain} and ${turned}`);
});
