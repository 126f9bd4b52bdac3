import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { improbability, makeDensity } from "./density.ts";
import { uniform } from "./hash.ts";
import { unit } from "./space.ts";

const dimensions = 4;
const normal = (a: number, b: number, c: number) => {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += uniform(a, b, c * 12 + i);
  return sum;
};
const pointOf = (values: readonly number[]) => Int16Array.from(values, (it) => Math.round(it * unit));
/** Two groups; in each the second column follows the first, in one upwards and in the other downwards. */
function record(who: number, t: number): number[] {
  const [which, along] = [uniform(who, t, 99) < 0.5 ? 1 : -1, normal(who, t, 0)];
  const noise = (i: number) => 0.1 * normal(who, t, i);
  return [3 * which + along + noise(1), which * along + noise(2), noise(3), which + noise(4)];
}
const principals = Array.from({ length: 30 }, (_, who) =>
  Array.from({ length: 20 }, (_unused, t) => ({ point: pointOf(record(who, t)), stratum: 0 })),
);
const density = makeDensity(dimensions, 2, principals, 1);
const of = (values: readonly number[]) => improbability(density, 0, pointOf(values)) ?? assert.fail();

test("columns that are each usual and do not go together are less probable than any benign query", () => {
  const benign = Array.from({ length: 200 }, (_, t) => of(record(500, t)));
  // Each value of its own group, and the second column against the first.
  const mixed = Array.from({ length: 200 }, (_, t) => {
    const [a = 0, b = 0, c = 0, d = 0] = record(600, t);
    return Math.abs(b) > 1 ? of([a, -b, c, d]) : Infinity;
  });
  assert.ok(Math.min(...mixed) > Math.max(...benign), `${Math.min(...mixed)} above ${Math.max(...benign)}`);
});

test("nothing is said of a stratum that nobody asked, and the same queries give the same groups", () => {
  assert.equal(improbability(density, 1, pointOf([0, 0, 0, 0])), undefined);
  assert.equal(improbability(density, 9, pointOf([0, 0, 0, 0])), undefined);
  assert.deepEqual(makeDensity(dimensions, 2, principals, 1), density);
});

test("giving up groups early changes no answer", () => {
  const stride = 1 + dimensions + (dimensions * (dimensions + 1)) / 2;
  const groups = density.groups[0] ?? assert.fail();
  const slow = (x: readonly number[]) => {
    const terms = Array.from({ length: groups.length / stride }, (_, k) => {
      const it = groups.subarray(k * stride, (k + 1) * stride);
      let sum = it[0] ?? 0;
      for (let i = 0, at = 1 + dimensions; i < dimensions; i++) {
        let z = 0;
        for (let j = 0; j <= i; j++) z += (it[at++] ?? 0) * ((x[j] ?? 0) - (it[1 + j] ?? 0));
        sum += 0.5 * z * z;
      }
      return sum;
    });
    return Math.min(...terms);
  };
  const value = fc.integer({ min: -8 * unit, max: 8 * unit }).map((it) => it / unit);
  fc.assert(
    fc.property(fc.array(value, { minLength: dimensions, maxLength: dimensions }), (x) => {
      assert.ok(Math.abs(of(x) - slow(x)) <= 1e-9 * Math.max(1, Math.abs(slow(x))));
    }),
  );
});

test("columns that never vary, and few queries, give finite numbers", () => {
  const still = principals
    .slice(0, 2)
    .map((it) => it.map(({ stratum }) => ({ point: pointOf([1, 1, 1, 1]), stratum })));
  assert.ok(Number.isFinite(improbability(makeDensity(dimensions, 1, still, 1), 0, pointOf([9, -9, 9, -9]))));
  assert.equal(
    improbability(makeDensity(dimensions, 1, [still[0]?.slice(0, 3) ?? []], 1), 0, pointOf([0, 0, 0, 0])),
    undefined,
  );
});
