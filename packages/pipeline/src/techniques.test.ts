// No rule or detector names a technique that its pinned catalogue does not have, and nothing is pinned that nobody names.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { makeRegister } from "./register.ts";
import { Line } from "./line.ts";
import { rules } from "./testing/recordings.ts";

interface Catalogue {
  readonly catalogue: string;
  readonly version: string;
  readonly ids: readonly string[];
  readonly tactics?: readonly string[];
}

const file = join(import.meta.dirname, "..", "..", "..", "content", "techniques.yml");
const catalogues: readonly Catalogue[] = parse(readFileSync(file, "utf8"));
const ids = catalogues.flatMap((it) => it.ids);
const tactics = catalogues.flatMap((it) => it.tactics ?? []);

/** A register in which every placeholder has a value, so that no rule is refused. */
const register = makeRegister([
  { name: "m", class: "private", places: ["s3://b/m", "oci:m", "k8s:ml/m"], readers: ["svc"] },
]);
const line = new Line({ register, rules });
const named = line.rules().flatMap((it) => it.techniques);
const tags = rules.flatMap((text) =>
  [...text.matchAll(/\battack\.([a-su-z][a-z-]+|t[a-z][a-z-]+)\b/g)].map(([, it = ""]) => it),
);

test("every technique and tactic that a rule or detector names is pinned", () => {
  assert.ok(line.rules().length > 60 && line.refused().length === 0);
  assert.deepEqual([...new Set(named.filter((it) => !ids.includes(it)))], []);
  assert.deepEqual([...new Set(tags.filter((it) => !tactics.includes(it)))], []);
});

test("every pinned one is named somewhere, once, in order", () => {
  assert.deepEqual(
    ids.filter((it) => !named.includes(it)),
    [],
  );
  for (const it of catalogues) assert.deepEqual([...it.ids], [...new Set(it.ids)].sort(), it.catalogue);
});
