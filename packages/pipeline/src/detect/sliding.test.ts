import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { add, slidingCount, total } from "./sliding-count.ts";
import { maxMembers, see, slidingSet } from "./sliding-set.ts";

const spanMs = 3200;
const bucketMs = spanMs / 32;

test("a count never tells more than happened in the window, nor less than in the window less one bucket", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000), { minLength: 1 }), (times) => {
      times.sort((a, b) => a - b);
      const now = times.at(-1) ?? 0;
      const counted = total(times.reduce(add, slidingCount(spanMs)));
      const within = (ms: number) => times.filter((time) => time > now - ms).length;
      assert.ok(counted <= within(spanMs) && counted >= within(spanMs - bucketMs));
    }),
  );
});

test("neither count nor set depends on the order of late sightings inside the window", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 7000, max: 10_000 }), { minLength: 1 }), (times) => {
      const sorted = [...times].sort((a, b) => a - b);
      assert.equal(total(times.reduce(add, slidingCount(spanMs))), total(sorted.reduce(add, slidingCount(spanMs))));
      const set = (list: readonly number[]) =>
        list.reduce((it, time) => see(it, String(time % 7), time, `e${time}`), slidingSet(spanMs));
      assert.deepEqual(set(times), set(sorted));
    }),
  );
});

test("a set holds each thing once, in order of sighting, none older than the window, and no more than its limit", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(20_000)), { minLength: 1, maxLength: 600 }), (sightings) => {
      const { members } = sightings.reduce((it, [name, at]) => see(it, String(name), at, `e${at}`), slidingSet(spanMs));
      const times = members.map((it) => it.at);
      assert.equal(new Set(members.map((it) => it.name)).size, members.length);
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
      assert.ok(members.length <= maxMembers && times.every((it) => it > (times.at(-1) ?? 0) - spanMs));
    }),
  );
});
