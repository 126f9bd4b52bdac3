import assert from "node:assert/strict";
import { test } from "node:test";
import type { OcsfEvent } from "@outweigh/schema";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { enumerateThenPull } from "./enumerate-then-pull.ts";

const list = (over: Partial<OcsfEvent> = {}) =>
  anEvent({ operation: "catalog", artifact: undefined, weights: undefined, ...over });
const take = (repository: string, over: Partial<OcsfEvent> = {}) =>
  anEvent({ artifact: `oci:models/${repository}@sha256:${"a".repeat(64)}`, ...over });
const run = (events: readonly OcsfEvent[], declared = false) =>
  findings(
    enumerateThenPull,
    events.map((it) => [it, aContext({ declared })] as const),
  );

test("a catalogue, then three repositories", () => {
  const [it] = run([list(), take("a"), take("b"), take("c")]);
  assert.match(it?.summary ?? "", /took weights of 3 models within 30 min/);
  assert.equal(it?.events.length, 4);
});

test("three single listings weigh as much as a catalogue, one does not", () => {
  const listings = ["a", "b", "c"].map((name) => list({ operation: "list", artifact: `oci:models/${name}` }));
  const pulls = [take("a"), take("b"), take("c")];
  assert.equal(run([...listings, ...pulls]).length, 1);
  assert.deepEqual(run([...listings.slice(2), ...pulls.map((it) => ({ ...it, time: it.time }))]), []);
});

test("the listing may name nobody: address and agent tie it to the pull", () => {
  const nameless = list({ principal: "anonymous@203.0.113.77", vouched: false });
  assert.equal(run([nameless, take("a"), take("b"), take("c")]).length, 1);
  const elsewhere = list({ src_endpoint: { ip: "203.0.113.78" } });
  assert.deepEqual(run([elsewhere, take("a"), take("b"), take("c")]), []);
});

test("many shards of one model after a look at it are work", () => {
  const shards = Array.from({ length: 30 }, (_, n) => anEvent({ artifact: `hf:acme/acme-13b/model-${n}.safetensors` }));
  assert.deepEqual(run([list(), ...shards]), []);
});

test("a registered model of MLflow may be a run that was taken too, so it does not count twice", () => {
  const paths = ["mlflow:7/9c2e/artifacts/m.pkl", "mlflow:runs/5d1f/artifacts/m.pkl", "mlflow:models/fraud/12/m.pkl"];
  assert.deepEqual(run([list(), ...paths.map((artifact) => anEvent({ artifact }))]), []);
});

test("pulls before the listing, long after it, or by a declared mirror are silent", () => {
  assert.deepEqual(run([take("a"), take("b"), take("c"), list()]), []);
  const pulls = [take("a"), take("b"), take("c")].map((it) => ({ ...it, time: it.time + 7_200_000 }));
  assert.deepEqual(run([list(), ...pulls]), []);
  assert.deepEqual(run([list(), take("a"), take("b"), take("c")], true), []);
});

test("people who search their own experiments from inside are low, unless one of them is a registered model's", () => {
  const inside = { src_external: false, src_endpoint: { ip: "10.0.8.4" } };
  const taken = (name: string, over: object = {}) =>
    anEvent({ ...inside, artifact: `mlflow:7/${name}/artifacts/m.pkl`, ...over });
  const severity = (pulls: () => readonly OcsfEvent[]) => run([list(inside), ...pulls()])[0]?.severity;
  assert.equal(
    severity(() => [taken("a"), taken("b"), taken("c")]),
    "low",
  );
  assert.equal(
    severity(() => [taken("a"), taken("b", { model: "acme-13b" }), taken("c")]),
    "high",
  );
  assert.equal(
    severity(() => [take("a", inside), take("b", inside), take("c", inside)]),
    "high",
  );
  assert.equal(run([list(), take("a"), take("b"), take("c")])[0]?.severity, "high");
});
