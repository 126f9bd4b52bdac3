import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { eventsOfDay, newSource, readSource, withEvents } from "./source-state.ts";

const hourMs = 3_600_000;

test("the events of a day are those that came in it, to the hour, and never more than all", () => {
  const steps = fc.array(fc.record({ after: fc.nat({ max: 20 * hourMs }), events: fc.integer({ min: 1, max: 9 }) }));
  fc.assert(
    fc.property(steps, fc.nat({ max: 30 * hourMs }), (taken, later) => {
      let now = 1_795_000_000_000;
      let state = newSource("http-access", now);
      const all = taken.map(({ after, events }) => {
        now += after;
        state = withEvents(state, { events, last: now, now });
        return { at: now, events };
      });
      now += later;
      const since = (ms: number) => all.reduce((sum, it) => (it.at > now - ms ? sum + it.events : sum), 0);
      const told = eventsOfDay(readSource(JSON.parse(JSON.stringify(state))), now);
      assert.ok(told >= since(24 * hourMs) && told <= since(25 * hourMs), `${told}`);
      assert.ok(told <= state.events && (state.hours ?? []).length <= 25);
    }),
  );
});
