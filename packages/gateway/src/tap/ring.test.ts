import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { recordKind, ringMemory, RingReader, RingWriter } from "./ring.ts";

const head = (sequence: number) => ({
  kind: recordKind.part,
  sequence,
  a: 1,
  b: -2,
  c: 3,
  d: 4,
  time: 1.5e12 + sequence,
});

test("whatever is written and read in turn, records come out whole, in order, and each or counted as dropped", () => {
  const steps = fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.constant("read" as const)), { maxLength: 300 });
  fc.assert(
    fc.property(steps, (schedule) => {
      const memory = ringMemory(1024);
      const writer = new RingWriter(memory);
      const reader = new RingReader(memory);
      const expected: { sequence: number; bytes: Buffer }[] = [];
      let sequence = 0;
      let drops = 0;
      for (const step of schedule) {
        if (step === "read") {
          const record = reader.next();
          const wanted = expected.shift();
          assert.equal(record?.sequence, wanted?.sequence);
          if (record && wanted) {
            assert.deepEqual(record.payload, wanted.bytes);
            assert.deepEqual([record.a, record.b, record.time], [1, -2, 1.5e12 + record.sequence]);
          }
          continue;
        }
        if (writer.push(head(sequence), step, 10_000)) expected.push({ sequence, bytes: Buffer.from(step) });
        else drops++;
        sequence++;
      }
      assert.equal(writer.drops, drops);
    }),
    { numRuns: 500 },
  );
});

test("a payload is cut at its limit", () => {
  const memory = ringMemory(1024);
  new RingWriter(memory).push(head(1), Buffer.alloc(100, 7), 10);
  assert.equal(new RingReader(memory).next()?.payload.length, 10);
});

test("a reader that died is followed by one that goes on behind what was read", () => {
  const memory = ringMemory(1024);
  const writer = new RingWriter(memory);
  writer.push(head(1), undefined, 0);
  writer.push(head(2), undefined, 0);
  assert.equal(new RingReader(memory).next()?.sequence, 1);
  const second = new RingReader(memory);
  assert.equal(second.next()?.sequence, 2);
  assert.equal(second.next(), undefined);
});

test("positions may pass 2^32", () => {
  const memory = ringMemory(1024);
  const control = new Int32Array(memory, 0, 2);
  control.fill(-64);
  const writer = new RingWriter(memory);
  const reader = new RingReader(memory);
  for (let i = 0; i < 20; i++) {
    assert.ok(writer.push(head(i), Buffer.from([i]), 10));
    assert.equal(reader.next()?.sequence, i);
  }
});
