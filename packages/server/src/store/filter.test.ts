import assert from "node:assert/strict";
import { test } from "node:test";
import { printFilter } from "@outweigh/schema";
import fc from "fast-check";
import { Kysely, PostgresAdapter, DummyDriver, PostgresIntrospector, PostgresQueryCompiler } from "kysely";
import { ServerError } from "../error.ts";
import { alertFields } from "./alerts.ts";
import { eventCondition, eventFields } from "./events.ts";
import { readNumber, whereOf, type FilterFields } from "./filter.ts";
import { incidentFields } from "./incidents.ts";

const now = Date.UTC(2026, 10, 25, 12);
const texts = ["title", "reason"];

/** Only compiles: nothing is connected. */
const compiler = new Kysely<Record<string, never>>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
});
const compiled = (text: string, fields: FilterFields = incidentFields) =>
  whereOf(text, fields, texts, now).compile(compiler);

test("every value becomes a parameter", () => {
  const { sql, parameters } = compiled('status:open severity:>=high model:a,b* -principal:"x y" leak');
  assert.match(sql, /status = any\(\$1\)/);
  assert.deepEqual(parameters, [["new", "in-progress", "on-hold"], 4, "a", "b", "x y", "leak", "leak"]);
});

test("an empty filter matches everything", () => assert.equal(compiled("").sql, "true"));

test("what is excluded is excluded where there is nothing, too", () => {
  assert.match(compiled("-assignee:ana").sql, /not coalesce\(\(assignee = \$1\), false\)/);
});

for (const [text, why] of [
  ["colour:red", /no field "colour".*known: id, number, status/],
  ["status:>new", /has no order/],
  ["status:gone", /wants open, new/],
  ["severity:bad", /wants one of informational/],
  ["number:x", /wants a whole number/],
  ["first:yesterday", /wants a time/],
  ['model:"open', /cannot read the filter/],
  ["constructor:1", /no field "constructor"/],
  ["__proto__:1", /no field "__proto__"/],
] as const) {
  test(`refuses ${text} and says why`, () => {
    assert.throws(
      () => compiled(text),
      (error) => error instanceof ServerError && error.code === "BAD_FILTER" && why.test(error.message),
    );
  });
}

test("times may be days, instants, or so long ago", () => {
  const time = (value: string) => readNumber("time", value, now, "first");
  assert.equal(time("2026-11-25"), Date.UTC(2026, 10, 25));
  assert.equal(time("2026-11-25T09:30:00Z"), Date.UTC(2026, 10, 25, 9, 30));
  assert.equal(time("2026-11-25T09:30"), Date.UTC(2026, 10, 25, 9, 30), "without a zone it is UTC");
  assert.equal(time("24h"), now - 86_400_000);
});

test("sizes may have a unit", () => {
  const size = (value: string) => readNumber("number", value, now, "bytes");
  assert.deepEqual(["12", "1.5GB", "2kb"].map(size), [12, 1_500_000_000, 2000]);
});

const field = fc.constantFrom(
  ...Object.keys({ ...incidentFields, ...alertFields, ...eventFields }),
  "other",
  undefined,
);
const anyFilter = fc
  .array(
    fc.record({
      field,
      op: fc.constantFrom("=" as const, ">" as const, "<=" as const),
      values: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
      excluded: fc.boolean(),
    }),
    { maxLength: 5 },
  )
  .map(printFilter);

test("no text of a filter becomes part of a statement, of either engine", () => {
  const marked = anyFilter.map((it) => it.replaceAll("a", "'zq;--"));
  fc.assert(
    fc.property(fc.oneof(marked, anyFilter, fc.string()), (text) => {
      for (const compile of [
        () => compiled(text).sql,
        () => compiled(text, alertFields).sql,
        () => eventCondition(text, now).sql,
      ]) {
        try {
          assert.match(compile(), /^[\w\s$().,=<>{}:|'-]*$/);
          assert.doesNotMatch(compile(), /zq;/);
        } catch (error) {
          if (!(error instanceof ServerError)) throw error;
          assert.equal(error.code, "BAD_FILTER");
        }
      }
    }),
  );
});
