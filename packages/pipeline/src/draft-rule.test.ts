import assert from "node:assert/strict";
import { test } from "node:test";
import { event, parseFilter, type FilterTerm, type OcsfEvent } from "@outweigh/schema";
import fc from "fast-check";
import { Backtest } from "./backtest.ts";
import { draftRule } from "./draft-rule.ts";
import { makeRegister } from "./register.ts";

const anEvent = (over: Partial<OcsfEvent>): OcsfEvent =>
  event.parse({
    id: "e1",
    source: "registry",
    time: 1_000,
    class_uid: 6006,
    category_uid: 6,
    activity_id: 2,
    type_uid: 600_602,
    severity_id: 1,
    metadata: { version: "1.8.0", product: { name: "test" } },
    principal: "ana",
    bytes: 0,
    ...over,
  });

function matches(terms: readonly FilterTerm[], of: OcsfEvent): boolean {
  const register = makeRegister([]);
  const tried = new Backtest({ rules: [draftRule(terms).text], register, kindOf: () => undefined });
  assert.deepEqual(tried.refused, []);
  tried.step(of);
  return tried.report().rules.some((it) => it.hits > 0);
}

test("a filter becomes a rule that finds the same events", () => {
  const terms = parseFilter("principal:role/*,ben -operation:list bytes:>=1000 external:true address:203.0.113.7");
  const hit = {
    principal: "role/dev",
    operation: "download",
    bytes: 1000,
    src_external: true,
    src_endpoint: { ip: "203.0.113.7" },
  };
  assert.equal(matches(terms, anEvent(hit)), true);
  assert.equal(matches(terms, anEvent({ ...hit, principal: "ben" })), true);
  for (const miss of [{ principal: "ROLE/dev" }, { operation: "list" }, { bytes: 999 }, { src_external: false }])
    assert.equal(matches(terms, anEvent({ ...hit, ...miss })), false, JSON.stringify(miss));
});

test("what a rule cannot hold is named, not dropped", () => {
  const { text, left } = draftRule(parseFilter("leak time:>=24h id:e1 model:acme"));
  assert.deepEqual(
    left.map(({ term }) => term),
    ["leak", "time", "id"],
  );
  assert.match(text, /model\|cased:\n\s+- acme\n/);
});

test("any value selects itself and nothing else, whatever stands in it", () => {
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(text, text, fc.boolean(), (wanted, other, excluded) => {
      const terms: FilterTerm[] = [{ field: "artifact", op: "=", values: [wanted], excluded }];
      const means = (it: string) =>
        excluded !== (wanted.endsWith("*") ? it.startsWith(wanted.slice(0, -1)) : it === wanted);
      for (const artifact of [wanted, other, `${wanted}x`])
        assert.equal(matches(terms, anEvent({ artifact })), means(artifact), JSON.stringify([wanted, artifact]));
    }),
    { numRuns: 200 },
  );
});
