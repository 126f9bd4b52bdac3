import assert from "node:assert/strict";
import { test } from "node:test";
import { textKey, TextReader } from "@outweigh/extraction";
import fc from "fast-check";
import { Linking } from "./linking.ts";

const reader = new TextReader(textKey(Buffer.from("a test's secret")));

test("accounts behind one address are a group, others are none, and a crowd behind one proxy is none", () => {
  const linking = new Linking(reader, 1000);
  for (let t = 0; t < 5; t++) {
    for (let slot = 0; slot < 6; slot++)
      linking.step(slot, t * 1000, [`address:10.0.0.${slot < 3 ? 1 : slot}`], undefined);
    for (let slot = 100; slot < 200; slot++) linking.step(slot, t * 1000, ["address:10.9.9.9"], undefined);
  }
  const groups = linking.groups(5000);
  assert.deepEqual(
    groups.map((it) => it.members),
    [[0, 1, 2]],
  );
  // One address says why, and promises nothing of how seldom that is.
  assert.deepEqual(groups[0]?.links, [
    { a: 0, b: 1, because: [{ feature: "infrastructure" }] },
    { a: 0, b: 2, because: [{ feature: "infrastructure" }] },
  ]);
});

test("as many names of programs as an account gives itself, the address that it comes from later is noted", () => {
  const linking = new Linking(reader, 1000);
  for (let i = 0; i < 100; i++) linking.step(0, i, ["address:10.0.0.1", `agent:invented ${i}`], undefined);
  for (const slot of [0, 1]) linking.step(slot, 200, ["address:10.0.0.2", "agent:x"], undefined);
  assert.deepEqual(
    linking.groups(1000).map((it) => it.members),
    [[0, 1]],
  );
});

test("of more accounts than are compared, those that asked last are taken back after a restart", () => {
  const linking = new Linking(reader, 1000);
  for (let slot = 0; slot < 2_500; slot++)
    linking.restore(slot, { activity: [], shingles: [], tokens: [], prompts: 1, lastAt: slot });
  linking.keepAll();
  const kept = linking.keep({ nameOf: (slot) => `p-${slot}`, slotOf: () => undefined });
  assert.deepEqual([kept.length, kept[0]?.who, kept.at(-1)?.who], [2_000, ["p-500"], ["p-2499"]]);
});

test("linking in turns tells what linking at once would have, whatever is asked between two turns", () => {
  const asked = fc.record({
    slot: fc.nat({ max: 30 }),
    at: fc.nat({ max: 60_000 }),
    address: fc.nat({ max: 12 }),
    template: fc.nat({ max: 4 }),
    word: fc.nat({ max: 9 }),
  });
  type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;
  const step = (linking: Linking, { slot, at, address, template, word }: Asked) =>
    linking.step(slot, at, [`address:${address}`], `you are judge ${template} of ${template} texts read this ${word}`);
  fc.assert(
    fc.property(
      fc.array(asked, { minLength: 20, maxLength: 200 }),
      fc.array(asked, { minLength: 1 }),
      (before, between) => {
        const linking = new Linking(reader, 1000);
        for (const it of before) step(linking, it);
        const whole = linking.groups(60_000);
        const turns = linking.groupsInTurns(60_000);
        for (let i = 0; ; i++) {
          const turn = turns.next();
          if (turn.done) {
            assert.deepEqual(turn.value, whole);
            return;
          }
          step(linking, between[i % between.length] ?? assert.fail());
        }
      },
    ),
    { numRuns: 30 },
  );
});

test("two thousand accounts are linked in more than a thousand turns", () => {
  const linking = new Linking(reader, 1000);
  for (let slot = 0; slot < 2_000; slot++)
    for (let t = 0; t < 3; t++)
      linking.step(slot, t * 1000, [`address:${slot >> 5}`], `one prompt of account ${String.fromCharCode(97 + slot)}`);
  let turns = 0;
  for (const it = linking.groupsInTurns(3000); it.next().done !== true;) turns++;
  assert.ok(turns > 1_000);
});
