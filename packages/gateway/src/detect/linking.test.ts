import assert from "node:assert/strict";
import { test } from "node:test";
import { textKey } from "@outweigh/extraction";
import { Linking } from "./linking.ts";

const key = textKey(Buffer.from("a test's secret"));

test("accounts behind one address are a group, others are none, and a crowd behind one proxy is none", () => {
  const linking = new Linking(key, 1000);
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

test("of more accounts than are compared, those that asked last are taken back after a restart", () => {
  const linking = new Linking(key, 1000);
  for (let slot = 0; slot < 2_500; slot++)
    linking.restore(slot, { activity: [], shingles: [], tokens: [], prompts: 1, lastAt: slot });
  linking.keepAll();
  const kept = linking.keep({ nameOf: (slot) => `p-${slot}`, slotOf: () => undefined });
  assert.deepEqual([kept.length, kept[0]?.who, kept.at(-1)?.who], [2_000, ["p-500"], ["p-2499"]]);
});
