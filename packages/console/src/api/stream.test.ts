import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { makeCutter } from "./stream.ts";

test("messages come out whole, however the stream was cut; comments and other fields do not", () => {
  const text = 'retry: 1000\n\ndata: {"noun":"alert"}\n\n: still here\n\nevent: x\nid: 7\ndata: a\ndata: b\n\ndata:';
  fc.assert(
    fc.property(fc.array(fc.nat({ max: text.length })), (cuts) => {
      const cutter = makeCutter();
      const at = [0, ...cuts.sort((a, b) => a - b), text.length];
      const heard = at.slice(1).flatMap((end, i) => cutter(text.slice(at[i], end)));
      assert.deepEqual(heard, ['{"noun":"alert"}', "a\nb"]);
    }),
  );
});

test("a message without an end does not fill the memory, and the next one is heard", () => {
  const cutter = makeCutter();
  for (let i = 0; i < 200; i++) assert.deepEqual(cutter(`data: ${"x".repeat(1000)}`), []);
  cutter("\n\n");
  assert.deepEqual(cutter("data: y\n\n"), ["y"]);
});
