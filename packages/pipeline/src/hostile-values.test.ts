// A record parsed from JSON may hold objects that say how they are to be written, falsely: whoever asks them throws, and a detector that
// throws is off for that event.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { sourceKinds, type OcsfEvent } from "@outweigh/schema";
import fc from "fast-check";
import { parse } from "yaml";
import { detectKind } from "./ingest/sources.ts";
import { Line } from "./line.ts";
import { makeRegister } from "./register.ts";
import { aModel, anEvent } from "./testing/nouns.ts";
import { rules } from "./testing/recordings.ts";

const rulesFolder = join(import.meta.dirname, "..", "..", "..", "content", "rules");

const hostile = fc.constantFrom<unknown>(
  { toString: 1, valueOf: 1 },
  [{ toString: 1 }],
  { toString: { toString: null }, length: -1 },
  { length: 1e9, 0: "a" },
  JSON.parse('{"__proto__":{"toString":1},"constructor":1,"toJSON":1}'),
  null,
  true,
  -1e308,
  "",
  [],
  [[[]]],
);

/** JSON records of the rules' proofs. */
const records = readdirSync(rulesFolder, { recursive: true, encoding: "utf8" })
  .filter((it) => it.endsWith(".test.yml"))
  .flatMap((it) => {
    const cases: unknown = parse(readFileSync(join(rulesFolder, it), "utf8"), { maxAliasCount: 1000 });
    return (Array.isArray(cases) ? cases : []).flatMap(({ records: own = [], source }) =>
      own.flatMap((record: unknown) => {
        const text = typeof record === "string" ? record : JSON.stringify(record);
        const kind = source ?? detectKind(text);
        return kind !== undefined && text.startsWith("{") ? [{ text, kind }] : [];
      }),
    );
  });

/** With the value at one of its leaves or branches put in the place of another. */
function changed(value: unknown, at: number, to: unknown): unknown {
  let left = at;
  const walk = (it: unknown): unknown => {
    if (left-- === 0) return to;
    if (Array.isArray(it)) return it.map(walk);
    if (typeof it !== "object" || it === null) return it;
    return Object.fromEntries(Object.entries(it).map(([name, child]) => [name, walk(child)]));
  };
  return walk(value);
}

const lineOf = (own: readonly string[]) =>
  new Line({ register: makeRegister([aModel()], { networks: ["10.0.0.0/8"] }), rules: own });
const failures = (outcome: ReturnType<Line["run"]>) =>
  "rejected" in outcome
    ? []
    : outcome.alerts.filter((it) => it.rule === "detector-failed").map(({ summary }) => summary);

test("no value in a record turns its reader or a detector off", () => {
  assert.ok(records.length > 100);
  const line = lineOf(rules);
  let offset = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...records),
      fc.constantFrom(...sourceKinds.filter((it) => it !== "auto")),
      fc.nat({ max: 3 }),
      fc.nat({ max: 80 }),
      hostile,
      ({ text, kind }, other, isOther, at, to) => {
        const record = JSON.stringify(changed(JSON.parse(text), at, to));
        detectKind(record);
        const outcome = line.run(record, {
          source: "s",
          kind: isOther === 0 ? other : kind,
          file: "f",
          offset: offset++,
        });
        assert.deepEqual(failures(outcome), []);
      },
    ),
    { numRuns: 1_000 },
  );
});

const operations = [
  "permit",
  "seen",
  "launch",
  "open",
  "download",
  "copy",
  "list",
  "login",
  "complete",
  "mount",
  "grant",
];
const unmapped = [
  "exe",
  "inputs",
  "outputs",
  "by",
  "agreed_by",
  "reason",
  "lasts",
  "address",
  "permit",
  "digest",
  "declared",
];
const more = [
  "subject",
  "person",
  "country",
  "latitude",
  "longitude",
  "since",
  "retired",
  "copied_to",
  "form",
  "dialect",
];

test("no field of an event that its source leaves open turns a detector off", () => {
  const line = lineOf([]);
  const open = fc.oneof({ weight: 2, arbitrary: hostile }, { weight: 1, arbitrary: fc.constant("file:/m/a") });
  const object = (...names: readonly string[]) =>
    fc.oneof(fc.record(Object.fromEntries(names.map((it) => [it, open])), { requiredKeys: [] }), hostile);
  const event = fc.record(
    {
      operation: fc.constantFrom(...operations),
      weights: fc.boolean(),
      unmapped: fc.oneof(
        object(...unmapped, ...more),
        fc.constantFrom(
          { declared: false, digest: { toString: 1 } },
          { inputs: ["/a"], outputs: ["/a"], exe: { toString: 1 } },
        ),
      ),
      actor: object("user", "session", "process"),
      device: object("hostname"),
      process: object("pid", "cmd_line"),
      file: object("size", "path"),
      src_endpoint: object("ip"),
      dst_endpoint: object("ip"),
      http_request: object("user_agent"),
      api: object("operation"),
      databucket: object("file"),
    },
    { requiredKeys: ["operation"] },
  );
  fc.assert(
    fc.property(event, (over) => {
      const drafted: OcsfEvent = anEvent({ ...over, model: "acme-13b" });
      const outcome = line.take(
        { ok: true, events: [drafted], raw: [{}] },
        { source: "s", kind: "agent", offset: 0, file: "f" },
      );
      assert.deepEqual(failures(outcome), []);
    }),
    { numRuns: 2_000 },
  );
});
