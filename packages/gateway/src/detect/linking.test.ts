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
  assert.deepEqual(linking.groups(5000), [[0, 1, 2]]);
});
