import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { PipelineError } from "../error.ts";
import { Line } from "../line.ts";
import { makeRegister } from "../register.ts";
import { rules } from "../testing/recordings.ts";
import { readCatalogueNames } from "./catalogue.ts";
import { checkControls } from "./check.ts";
import { readControl } from "./control.ts";
import { readLogSources } from "./coverage.ts";
import { readVectors, vectorCoverage, type Vectors } from "./vectors.ts";

const content = join(import.meta.dirname, "..", "..", "..", "..", "content");
const textOf = (path: string) => readFileSync(join(content, path), "utf8");
const vectors = readVectors(textOf("rand.yml"));
const controls = readdirSync(join(content, "controls"), { recursive: true, encoding: "utf8" })
  .filter((it) => it.endsWith(".yml"))
  .map((it) => readControl(basename(it, ".yml"), textOf(join("controls", it))));
const register = makeRegister([
  { name: "m", class: "private", places: ["s3://b/m", "oci:m", "k8s:ml/m"], readers: ["svc"] },
]);
const used = new Line({ register, rules }).rules();
const logSources = readLogSources(textOf("logsources.yml"));

test("every measure that a group names is there, and the groups hold as many ways as the report", () => {
  const named = vectors.groups.flatMap((it) => it.controls);
  assert.deepEqual(
    named.filter((it) => !controls.some(({ name }) => name === it)),
    [],
  );
  const told = vectors.groups.flatMap((it) => it.rules);
  assert.deepEqual(
    told.filter((it) => !used.some(({ id }) => id === it)),
    [],
  );
  assert.equal(
    vectors.groups.reduce((sum, it) => sum + it.ways, 0),
    38,
  );
});

test("a group is covered by what holds alone: by nothing where nothing sends and nothing was scanned", () => {
  const facts = { register: [], scans: [], now: 0 };
  const results = checkControls(controls, facts);
  const blind = vectorCoverage(vectors, { results, rules: used, logSources, sending: [] });
  assert.deepEqual([...new Set(blind.map((it) => it.state))].sort(), ["uncovered", "unknown"]);
  assert.equal(blind.find((it) => it.name === "physical")?.state, "uncovered");

  const seeing = vectorCoverage(vectors, { results, rules: used, logSources, sending: ["kubernetes-audit"] });
  const states = seeing.find((it) => it.name === "unauthorized-code")?.measures.map((it) => [it.name, it.state]);
  assert.deepEqual(Object.fromEntries(states ?? []), {
    formats_without_code: "unknown",
    servers_ask: "unknown",
    workflow_secrets_kept: "unknown",
    mlflow_path_traversal: "fails",
    k8s_exec_in_pod: "holds",
    k8s_exec_in_model_namespace: "holds",
    lnx_weights_upload_tool: "fails",
  });
  assert.equal(seeing.find((it) => it.name === "unauthorized-code")?.state, "covered");
});

test("what could not be told is neither covered nor uncovered, and what concerns nothing covers nothing", () => {
  const one = (controls: string[]): Vectors => ({
    source: "s",
    title: "t",
    groups: [{ name: "g", title: "g", ways: 1, controls, rules: ["no-such-rule"], beyond: "b" }],
  });
  const at = (state: "pass" | "fail" | "unknown" | "none") =>
    controls.slice(0, 1).map((control) => ({ control, state, why: "", evidence: [] }));
  const name = controls[0]?.name ?? "";
  const state = (which: Parameters<typeof at>[0]) =>
    vectorCoverage(one([name]), { results: at(which), rules: [], logSources, sending: ["auditd"] })[0]?.state;
  assert.deepEqual((["pass", "fail", "unknown", "none"] as const).map(state), [
    "covered",
    "uncovered",
    "unknown",
    "uncovered",
  ]);
});

test("every pinned id of ATLAS has a name, and no other has", () => {
  const text = textOf("techniques.yml");
  const [atlas]: { ids: string[]; mitigations: string[] }[] = parse(text);
  assert.deepEqual(
    [...readCatalogueNames(text).keys()].sort(),
    [...(atlas?.ids ?? []), ...(atlas?.mitigations ?? [])].sort(),
  );
});

test("any text is groups or the coded error", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      assert.throws(
        () => readVectors(JSON.stringify({ source: "s", groups: it })),
        (error) => error instanceof PipelineError && error.code === "BAD_CONTROL",
      );
    }),
  );
});
