import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Member } from "./story.ts";
import { Waiting } from "./waiting.ts";

const member = (id: number, principal: number): Member => ({
  id: `a${id}`,
  rule: "r",
  severity: "low",
  summary: `${id} of ${principal}`,
  firstAt: 0,
  lastAt: 0,
  ...(principal > 0 && { principal: `p${principal}` }),
});

test("it is a list of the latest, each once, that also finds those of a principal", () => {
  const steps = fc.array(fc.tuple(fc.nat(12), fc.nat(3), fc.boolean()), { maxLength: 60 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 8 }), (all, limit) => {
      const waiting = new Waiting(limit);
      let list: Member[] = [];
      for (const [id, principal, leaves] of all) {
        const it = member(id, principal);
        list = list.filter((other) => other.id !== it.id);
        if (leaves) waiting.remove(it.id);
        else {
          list = [...list, it].slice(-limit);
          waiting.add(it);
        }
        assert.deepEqual(waiting.all, list);
        const found = waiting.with(it).toSorted((a, b) => (a.id < b.id ? -1 : 1));
        const isOf = (other: Member) =>
          other.id === it.id || (it.principal !== undefined && other.principal === it.principal);
        assert.deepEqual(
          found,
          list.filter(isOf).toSorted((a, b) => (a.id < b.id ? -1 : 1)),
        );
      }
      const again = new Waiting(limit);
      again.set(waiting.all);
      assert.deepEqual(again.all, list);
    }),
  );
});
