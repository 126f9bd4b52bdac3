import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { restsOn, type Grade, type Holding, type IncidentRow } from "@outweigh/schema";
import { anEvent } from "../testing/an-event.ts";
import { impactOf, type Known } from "./impact.ts";
import { storyOf } from "./story.ts";

const incident: IncidentRow = {
  id: "i",
  number: 1,
  title: "t",
  severity: "high",
  reason: "r",
  act: "obtain",
  method: "credentials",
  principals: ["old-ci"],
  models: ["acme-13b"],
  alerts: ["a"],
  firstAt: 0,
  lastAt: 1_000,
  status: "new",
  createdAt: 0,
  updatedAt: 0,
};
const held: Holding = {
  model: "acme-13b",
  principal: "old-ci",
  bytes: 2_000_000_000,
  fraction: 1,
  bound: "exact",
  declared: false,
  complete: true,
};
const nothing: Known = {
  incident,
  alerts: [],
  events: [],
  rests: restsOn([{ grade: "signed" }]),
  holdings: [],
  models: [],
  copies: [],
  hosts: 0,
  now: 3_601_000,
  isReader: () => false,
};

test("where nothing was seen, every row says so and none says no", () => {
  const { risks, objectives, reach } = impactOf(nothing);
  assert.deepEqual(
    risks.map((it) => it.known),
    [false, false, false, false, false],
  );
  assert.deepEqual([objectives, reach], [[], []]);
});

test("a complete copy that left is told with its size, its value and what it is consistent with", () => {
  const told = impactOf({
    ...nothing,
    holdings: [held],
    events: [anEvent("e", { src_external: true })],
    models: [
      { name: "acme-13b", class: "private", value: 4_000_000, owner: "nlp", places: ["hf:a/b"], readers: ["*"] },
      { name: "acme-70b", class: "private", places: ["hf:a/c"], readers: ["*"] },
    ],
    hosts: 2,
    isReader: (model) => model === "acme-70b",
  });
  assert.deepEqual(
    told.risks.map((it) => it.said),
    [
      "old-ci holds all of acme-13b, 2 GB: usable alone",
      "acme-13b would cost 4000000 to replace; not exclusive any more for at least 60 min",
      "no gateway or inference log tells what its principals asked",
      "no undeclared copy on the 2 scanned hosts; others were not seen",
      "acme-13b (private, nlp)",
    ],
  );
  assert.deepEqual(
    told.objectives.map((it) => it.objective),
    ["gain-assets", "competitive-advantage"],
  );
  assert.deepEqual(told.reach, [{ principal: "old-ci", mayRead: ["acme-70b"], holds: ["acme-13b"] }]);
});

test("a bound is told as one, and what answers taught as what was measured", () => {
  const told = impactOf({
    ...nothing,
    incident: { ...incident, act: "replicate", method: "queries" },
    holdings: [{ ...held, bound: "<=" }],
    events: [anEvent("e", { unmapped: { fidelity: 0.83, queries: 412 } })],
  });
  assert.match(told.risks[0]?.said ?? "", /may hold all of acme-13b, at most 2 GB/);
  assert.deepEqual(told.risks[2], {
    risk: "attacker-research",
    said: "a copy learnt from what they asked would agree with the model on 83 % of held-out inputs",
    known: true,
  });
});

test("what nothing but plain events tell is known nowhere: said as what they say, with who could have written them", () => {
  const claim = { id: "a", rule: "r", title: "Queries that teach a clone", summary: "s", severity: "high" as const };
  const times = { firstAt: 0, lastAt: 1_000, events: ["e"], count: 1, matched: [], playbook: "p" };
  const alerts = [{ ...claim, ...times, techniques: ["AML.T0024.001", "T1098"] }];
  const events = [anEvent("e", { src_external: true, unmapped: { fidelity: 0.9 } })];
  const incident = { ...nothing.incident, act: "replicate" as const };
  const model = { name: "acme-13b", class: "private" as const, value: 4_000_000, places: [], readers: [] };
  const of = (...graded: (Grade | undefined)[]) => {
    const rests = restsOn(graded.map((grade) => ({ grade })));
    const known = { ...nothing, incident, alerts, events, rests, holdings: [held], models: [model] };
    return { impact: impactOf(known), story: storyOf(incident, alerts, [held], rests) };
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom("plain" as const, undefined), { minLength: 1, maxLength: 9 }), (grades) => {
      const { impact, story } = of(...grades);
      assert.match(story, /It rests on .*plain.*could have written them\.$|None of its events was graded.*\.$/);
      assert.ok(impact.objectives.length >= 3);
      for (const { because } of impact.objectives) assert.match(because, /^if its events are true: /);
      const [lost, , learnt] = impact.risks;
      for (const it of [lost, learnt])
        assert.deepEqual([it?.known, it?.said.startsWith("if its events are")], [false, true]);
      const text = JSON.stringify([impact, story]);
      assert.doesNotMatch(text, /proven|verified|confirmed|not exclusive any more/i);
    }),
  );
  for (const grade of ["signed", "authenticated"] as const) {
    const { impact, story } = of(grade, "plain", "plain");
    assert.doesNotMatch(JSON.stringify([impact, story]), /if its events are true|could have written/);
    assert.equal(impact.risks[0]?.known, true);
  }
});
