import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compileRules } from "../document.ts";
import { SigmaEngine, type EngineOptions } from "../engine.ts";
import type { SigmaMatch } from "../match.ts";
import { anEvent, run, selectionText, texts } from "../testing/build.ts";

const minute = 60_000;
const start = 1_700_000_000_000;

/** Rules a, b and c match events whose `kind` is that; `correlation` joins them. */
function joined(correlation: object, others: object = {}): string {
  const rules = ["a", "b", "c"].map((kind) => selectionText({ kind }, { name: `on_${kind}`, level: "low" }));
  const section = { rules: ["on_a"], "group-by": ["user"], timespan: "10m", ...correlation };
  return texts(...rules, JSON.stringify({ title: "J", name: "joined", correlation: section, ...others }));
}

interface Seen {
  readonly kind?: string | string[];
  readonly at: number;
  readonly [field: string]: unknown;
}
const events = (list: readonly Seen[]) =>
  list.map(({ kind = "a", at, ...fields }, place) =>
    anEvent({ kind, user: "u", ...fields }, { id: `e${place}`, time: start + at * minute }),
  );

const see = (correlation: object, list: readonly Seen[], options?: EngineOptions): SigmaMatch[] =>
  run([joined(correlation)], events(list), options);
const times = (...at: number[]): Seen[] => at.map((it) => ({ at: it }));

const threeTimes = { type: "event_count", condition: { gte: 3 } };

test("fires when the count is reached, with its events, group and number", () => {
  const [match, ...more] = see(threeTimes, times(0, 4, 9));
  assert.equal(more.length, 0);
  assert.deepEqual(match?.events, ["e0", "e1", "e2"]);
  assert.deepEqual(match?.group, { user: "u" });
  assert.equal(match?.count, 3);
  assert.equal(match?.time, start + 9 * minute);
  assert.equal(match?.level, "low", "as bad as the worst of what it joins");
  assert.deepEqual(match?.matched, [
    { field: "user", value: "u" },
    { field: "event_count", value: "3" },
  ]);
});

test("a window has no fixed borders, and both of its ends count", () => {
  assert.equal(see(threeTimes, times(0, 9, 10)).length, 1);
  assert.equal(see(threeTimes, times(0, 9, 10.01)).length, 0);
  assert.equal(see(threeTimes, times(5, 9, 14)).length, 1);
});

test("starts over after it fired: one match for each full count", () => {
  assert.equal(see(threeTimes, times(0, 1, 2, 3, 4)).length, 1);
  assert.equal(see(threeTimes, times(0, 1, 2, 3, 4, 5)).length, 2);
});

test("counts each group apart, and nothing without a group", () => {
  const list = ["u", "v", "u", "v", "u"].map((user, at) => ({ at, user }));
  assert.deepEqual(
    see(threeTimes, list).map((it) => it.group),
    [{ user: "u" }],
  );
  assert.equal(
    see(
      threeTimes,
      [0, 1, 2].map((at) => ({ at, user: undefined })),
    ).length,
    0,
  );
  assert.equal(see({ ...threeTimes, "group-by": [] }, times(0, 1, 2)).length, 1, "no field means one group");
});

test("no choice of names makes two groups one", () => {
  const list = [
    ["a", "b,c"],
    ["a,b", "c"],
    ["a", "b"],
  ].map(([user, host], at) => ({ at, user, host }));
  assert.equal(see({ ...threeTimes, "group-by": ["user", "host"] }, list).length, 0);
  const long = ["x".repeat(5000), `${"x".repeat(4999)}y`, "x".repeat(4998)].map((user, at) => ({ at, user }));
  assert.equal(see(threeTimes, long).length, 0);
});

test("an event with a list belongs to the group of each member", () => {
  const list = [["u", "v"], ["u"], ["u", "w"]].map((user, at) => ({ at, user }));
  assert.deepEqual(
    see(threeTimes, list).map((it) => it.group),
    [{ user: "u" }],
  );
});

test("rules that are joined keep silent, unless a correlation says generate", () => {
  const rules = (others: object): string[] =>
    run([joined(threeTimes, others)], events(times(0, 1, 2))).map((it) => it.rule);
  assert.deepEqual(rules({}), ["joined"]);
  assert.deepEqual(rules({ generate: true }), ["on_a", "on_a", "on_a", "joined"]);
});

test("value_count counts distinct values, of tuples if there are several fields", () => {
  const list = ["x", "x", "y", "z"].map((key, at) => ({ at, key, bucket: at % 2 }));
  assert.equal(see({ type: "value_count", condition: { field: "key", gte: 3 } }, list).length, 1);
  assert.equal(see({ type: "value_count", condition: { field: "key", gte: 4 } }, list).length, 0);
  assert.equal(see({ type: "value_count", condition: { field: ["key", "bucket"], gte: 4 } }, list).length, 1);
  assert.equal(see({ type: "value_count", condition: { field: "nothing", gte: 1 } }, list).length, 0);
});

test("value_sum adds numbers, also written ones, and leaves out what is none", () => {
  const list = [5, "6", "x", 7].map((size, at) => ({ at, size }));
  assert.equal(see({ type: "value_sum", condition: { field: "size", gte: 18 } }, list)[0]?.events.length, 3);
  assert.equal(see({ type: "value_sum", condition: { field: "size", gt: 18 } }, list).length, 0);
});

const closing = (correlation: object, list: readonly Seen[]): SigmaMatch[] => {
  const engine = new SigmaEngine(compileRules(joined(correlation)), { latenessMs: minute });
  const early = events(list).flatMap((it) => engine.step(it));
  return [...early, ...engine.advance(start + 1000 * minute)];
};

test("what only a full window can tell waits until the window is over", () => {
  const few = { type: "event_count", condition: { lt: 3 } };
  const engine = new SigmaEngine(compileRules(joined(few)), { latenessMs: minute });
  assert.deepEqual(
    events(times(0, 1)).flatMap((it) => engine.step(it)),
    [],
  );
  assert.deepEqual(engine.advance(start + 11 * minute), []);
  assert.equal(engine.advance(start + 12 * minute)[0]?.count, 2);
  assert.equal(closing(few, times(0, 1, 2)).length, 0);
  assert.equal(closing({ type: "event_count", condition: { eq: 2 } }, times(0, 1, 20)).length, 1);
  assert.equal(closing({ type: "event_count", condition: { gte: 2, lte: 3 } }, times(0, 1, 2, 3)).length, 0);
  assert.equal(closing({ type: "event_count", condition: { neq: 2 } }, times(0, 1)).length, 0);
});

test("value_avg is the mean of a whole window", () => {
  const list = [900, 100, 200].map((size, at) => ({ at, size }));
  assert.equal(closing({ type: "value_avg", condition: { field: "size", gte: 400 } }, list).length, 1);
  assert.equal(closing({ type: "value_avg", condition: { field: "size", gt: 400 } }, list).length, 0);
});

test("value_percentile with a percentile reads numbers", () => {
  const list = [1, 2, 3, 4, 100].map((size, at) => ({ at, size }));
  const percentile = (p: number, bound: object): number =>
    closing({ type: "value_percentile", condition: { field: "size", percentile: p, ...bound } }, list).length;
  assert.equal(percentile(50, { gte: 3, lte: 3 }), 1);
  assert.equal(percentile(99, { gt: 99 }), 1);
  assert.equal(percentile(80, { gt: 4 }), 0);
});

test("value_percentile without one reads the share of each value", () => {
  const list = Array.from({ length: 10 }, (_, at) => ({ at, image: at === 4 ? "rare" : "usual" }));
  const [match] = closing({ type: "value_percentile", condition: { field: "image", lte: 10 } }, list);
  assert.ok(match?.matched.some((it) => it.value.includes("rare")));
  assert.equal(closing({ type: "value_percentile", condition: { field: "image", lt: 10 } }, list).length, 0);
});

test("temporal wants all rules in any order, temporal_ordered in theirs", () => {
  const list: Seen[] = [
    { kind: "b", at: 0 },
    { kind: "a", at: 1 },
    { kind: "c", at: 2 },
  ];
  const rules = ["on_a", "on_b", "on_c"];
  assert.equal(see({ type: "temporal", rules }, list).length, 1);
  assert.equal(see({ type: "temporal_ordered", rules }, list).length, 0);
  assert.equal(
    see({ type: "temporal_ordered", rules }, [...list, { kind: "b", at: 3 }, { kind: "c", at: 4 }]).length,
    1,
  );
  assert.equal(see({ type: "temporal", rules }, list.slice(1)).length, 0);
  assert.equal(see({ type: "temporal", rules, condition: { gte: 2 } }, list.slice(1)).length, 1);
  assert.equal(see({ type: "temporal_ordered", rules, condition: { gte: 2 } }, list).length, 1, "b before c");
});

test("at one and the same time, order can't be told and is not held against", () => {
  const rules = ["on_a", "on_b"];
  assert.equal(
    see({ type: "temporal_ordered", rules }, [
      { kind: "b", at: 0 },
      { kind: "a", at: 0 },
    ]).length,
    1,
  );
});

test("one event does not follow itself", () => {
  const rules = ["on_a", "also_a"].map((name) => selectionText({ kind: "a" }, { name }));
  const correlation = { type: "temporal_ordered", rules: ["on_a", "also_a"], "group-by": ["user"], timespan: "10m" };
  const text = texts(...rules, JSON.stringify({ title: "J", name: "joined", correlation }));
  assert.equal(run([text], events(times(0))).length, 0);
  assert.equal(run([text], events(times(0, 1))).length, 1);
});

test("aliases join fields of different names", () => {
  const correlation = {
    type: "temporal",
    rules: ["on_a", "on_b"],
    "group-by": ["ip"],
    aliases: { ip: { on_a: "src", on_b: "dst" } },
  };
  const list = (dst: string): Seen[] => [
    { kind: "a", at: 0, src: "1.1.1.1" },
    { kind: "b", at: 1, dst },
  ];
  assert.deepEqual(see(correlation, list("1.1.1.1"))[0]?.group, { ip: "1.1.1.1" });
  assert.equal(see(correlation, list("2.2.2.2")).length, 0);
});

test("a correlation can join correlations: many failures, then a success", () => {
  const many = JSON.stringify({
    title: "M",
    name: "many",
    correlation: { type: "event_count", rules: ["on_a"], "group-by": ["user"], timespan: "10m", condition: { gte: 3 } },
  });
  const text = texts(many, joined({ type: "temporal_ordered", rules: ["many", "on_b"] }, { level: "critical" }));
  const list: Seen[] = [...times(0, 1, 2), { kind: "b", at: 3 }];
  const found = run([text], events(list));
  assert.deepEqual(
    found.map((it) => [it.rule, it.level, it.events]),
    [["joined", "critical", ["e0", "e1", "e2", "e3"]]],
  );
  assert.equal(run([text], events([...list].reverse())).length, 1, "whatever order they arrive in");
  assert.equal(run([text], events([{ kind: "b", at: 0 }, ...times(1, 2, 3)])).length, 0);
});

const unlinked: readonly (readonly [what: string, code: string, text: string])[] = [
  ["a rule that is not there", "UNKNOWN_RULE", joined({ ...threeTimes, rules: ["nobody"] })],
  ["itself", "CYCLE", joined({ ...threeTimes, rules: ["joined"] })],
  [
    "a filter",
    "UNKNOWN_RULE",
    texts(
      joined({ ...threeTimes, rules: ["f_1"] }),
      JSON.stringify({
        title: "f_1",
        logsource: {},
        filter: { rules: ["on_a"], selection: { x: 1 }, condition: "selection" },
      }),
    ),
  ],
];
for (const [what, code, text] of unlinked) {
  test(`refuses a correlation that joins ${what}`, () =>
    assert.throws(() => new SigmaEngine(compileRules(text)), { code }));
}
test("refuses two documents of one name", () =>
  assert.throws(
    () => new SigmaEngine(compileRules(texts(joined(threeTimes), selectionText({ x: 1 }, { name: "on_a" })))),
    { code: "DUPLICATE" },
  ));

test("counts late events within the lateness, and says how many came later", () => {
  const engine = new SigmaEngine(compileRules(joined(threeTimes)), { latenessMs: 5 * minute });
  const matches = events(times(20, 12, 11, 4)).flatMap((it) => engine.step(it));
  assert.equal(matches.length, 1);
  const late = events(times(20, 4)).flatMap((it) => engine.step(it));
  assert.equal(late.length, 0);
  assert.equal(engine.counters.late, 1);
});

const seen = fc.record({
  // An event may match several of the rules.
  kind: fc.subarray(["a", "b", "c"], { minLength: 1 }),
  at: fc.integer({ min: 0, max: 60 }),
  key: fc.integer({ min: 0, max: 4 }),
  size: fc.integer({ min: 0, max: 9 }),
});
const list = fc.array(seen, { maxLength: 25 });

/** Whether any window of ten minutes fulfils `holds`: the specification, read slowly. */
function anyWindow<Item extends { at: number }>(items: readonly Item[], holds: (window: Item[]) => boolean): boolean {
  return items.some(({ at }) => holds(items.filter((it) => it.at <= at && it.at >= at - 10)));
}
test("an event without a time counts nowhere and spoils nothing", () => {
  const engine = new SigmaEngine(compileRules(joined(threeTimes)));
  engine.step(anEvent({ kind: "a", user: "u" }, { time: Number.NaN }));
  assert.equal(events(times(0, 1, 2)).flatMap((it) => engine.step(it)).length, 1);
  assert.equal(engine.counters.late, 1);
});

/** Three matches in order, none of which is the event right before it. */
const isOrdered = (window: readonly Kinds[]): boolean => {
  const of = (kind: string, after?: Kinds): Kinds[] =>
    window.filter((it) => it.kind.includes(kind) && it !== after && it.at >= (after?.at ?? 0));
  return of("a").some((a) => of("b", a).some((b) => of("c", b).length > 0));
};
interface Kinds {
  readonly kind: readonly string[];
  readonly at: number;
}

const all = ["on_a", "on_b", "on_c"];
const oracles: readonly (readonly [
  string,
  object,
  (window: { kind: string[]; at: number; key: number; size: number }[]) => boolean,
])[] = [
  ["event_count", { rules: all, condition: { gte: 4 } }, (it) => it.length >= 4],
  ["value_count", { rules: all, condition: { field: "key", gt: 2 } }, (it) => new Set(it.map((e) => e.key)).size > 2],
  [
    "value_sum",
    { rules: all, condition: { field: "size", gte: 20 } },
    (it) => it.reduce((sum, e) => sum + e.size, 0) >= 20,
  ],
  ["temporal", { rules: all }, (it) => new Set(it.flatMap((e) => e.kind)).size === 3],
  ["temporal_ordered", { rules: all }, isOrdered],
];
for (const [type, correlation, holds] of oracles) {
  test(`${type} fires if and only if some window fulfils it, in whatever order its events arrive`, () => {
    const documents = compileRules(joined({ type, ...correlation }));
    fc.assert(
      fc.property(list, (items) => {
        const engine = new SigmaEngine(documents, { latenessMs: 1000 * minute });
        const fired = events(items).flatMap((it) => engine.step(it)).length > 0;
        assert.equal(fired, anyWindow(items, holds));
      }),
      { numRuns: 400 },
    );
  });
}

test("a stored and restored state goes on as if nothing had happened", () => {
  const types = [
    ...oracles.map(([type, it]) => ({ type, ...it })),
    { type: "event_count", rules: all, condition: { lt: 3 } },
    { type: "value_avg", rules: all, condition: { field: "size", gt: 5 } },
  ].map((it) => compileRules(joined(it)));
  fc.assert(
    fc.property(fc.constantFrom(...types), list, fc.nat(25), (documents, items, cut) => {
      const whole = new SigmaEngine(documents);
      const [before, after] = [new SigmaEngine(documents), new SigmaEngine(documents)];
      const stream = events(items);
      const expected = stream.flatMap((it) => whole.step(it));
      const actual = stream.slice(0, cut).flatMap((it) => before.step(it));
      after.restore(JSON.parse(JSON.stringify(before.snapshot())));
      actual.push(...stream.slice(cut).flatMap((it) => after.step(it)));
      assert.deepEqual(actual, expected);
      assert.deepEqual(after.snapshot(), whole.snapshot());
      assert.deepEqual(after.advance(start + 1e9), whole.advance(start + 1e9));
    }),
    { numRuns: 400 },
  );
});

test("a state of a changed correlation starts anew, and that is counted", () => {
  const old = new SigmaEngine(compileRules(joined(threeTimes)));
  events(times(0, 1)).forEach((it) => old.step(it));
  const changed = new SigmaEngine(compileRules(joined({ ...threeTimes, timespan: "20m" })));
  changed.restore(old.snapshot());
  assert.equal(changed.counters.unrestored, 1);
  assert.deepEqual(
    events(times(2)).flatMap((it) => changed.step(it)),
    [],
  );
});

test("refuses a state that is not its own, and then remembers nothing", () => {
  const engine = new SigmaEngine(compileRules(joined(threeTimes)));
  const good = JSON.parse(JSON.stringify(engine.snapshot()));
  for (const bad of [
    null,
    1,
    [],
    {},
    { ...good, version: 2 },
    { ...good, correlations: [{}] },
    { ...good, latest: "x" },
  ]) {
    assert.throws(() => engine.restore(bad), { code: "BAD_STATE" });
  }
  fc.assert(
    fc.property(fc.anything(), (state) => {
      assert.throws(() => engine.restore(state), { name: "SigmaError", code: "BAD_STATE" });
    }),
  );
});

test("a flood of groups pushes out the quietest, and is counted", () => {
  const engine = new SigmaEngine(compileRules(joined(threeTimes)), { maxGroups: 10 });
  for (let user = 0; user < 100; user++)
    engine.step(anEvent({ kind: "a", user: String(user) }, { time: start + user }));
  assert.equal(engine.counters.groups, 90);
  assert.equal(engine.snapshot().correlations[0]?.groups.length, 10);
});

test("a flood inside one group is merged, and hides nothing that adds up", () => {
  const large = { type: "value_sum", condition: { field: "size", gte: 100_000 } };
  const flood = Array.from({ length: 20_000 }, (_, it) => ({ at: it / 4000, size: 5 }));
  assert.equal(see(large, flood).length, 1);
  const engine = new SigmaEngine(compileRules(joined({ type: "event_count", condition: { gte: 50_000 } })));
  for (const it of events(flood)) engine.step(it);
  assert.ok((engine.snapshot().correlations[0]?.groups[0]?.entries.length ?? 0) <= 1024);
  assert.ok(engine.counters.merged > 0);
  assert.equal(engine.counters.dropped, 0);
});

test("repeating one value does not push distinct ones out", () => {
  const distinct = { type: "value_count", condition: { field: "key", gte: 5 } };
  const flood: Seen[] = Array.from({ length: 8000 }, (_, it) => ({
    at: it / 1000,
    key: it % 2000 === 0 ? `rare${it}` : "same",
  }));
  assert.equal(see(distinct, flood).length, 1);
});

test("a busy group answers as one that is gone through anew for each event", () => {
  const kinds = ["event_count", "value_count", "value_sum", "temporal", "temporal_ordered"] as const;
  const event = fc.record({
    gap: fc.constantFrom(0, 0, 1, 5, 60, 700),
    late: fc.constantFrom(0, 0, 0, 0, 0, 3, 200),
    kind: fc.constantFrom("a", "a", "a", "b", "c"),
    item: fc.integer({ min: 0, max: 60 }),
  });
  const cases = fc.tuple(
    fc.constantFrom(...kinds),
    fc.integer({ min: 2, max: 70 }),
    fc.array(event, { minLength: 120, maxLength: 200 }),
  );
  fc.assert(
    fc.property(cases, ([type, threshold, list]) => {
      const isTemporal = type.startsWith("temporal");
      const condition = type.startsWith("value") ? { gte: threshold, field: "item" } : { gte: threshold };
      const text = joined({
        type,
        rules: isTemporal ? ["on_a", "on_b", "on_c"] : ["on_a"],
        ...(isTemporal ? {} : { condition }),
        "group-by": ["user"],
        timespan: "1h",
      });
      const [plain, anew] = [0, 1].map(() => new SigmaEngine(compileRules(text)));
      let clock = start;
      for (const [place, { gap, late, kind, item }] of list.entries()) {
        clock += gap * 1000;
        const one = anEvent({ kind, item, user: "u" }, { id: `e${place}`, time: clock - late * 1000 });
        // A restored engine has nothing but entries.
        anew?.restore(anew.snapshot());
        assert.deepEqual(plain?.step(one), anew?.step(one));
      }
      assert.deepEqual(plain?.snapshot(), anew?.snapshot());
    }),
    { numRuns: 40 },
  );
});
