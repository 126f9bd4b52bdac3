import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { modelEntry, theftKinds, type ModelEntry, type ScannedModel } from "@outweigh/schema";
import { parse } from "yaml";
import { Line } from "../line.ts";
import { PipelineError } from "../error.ts";
import { makeRegister } from "../register.ts";
import { rules } from "../testing/recordings.ts";
import { checkControls, type ControlFacts, type ControlState, type ScanFacts } from "./check.ts";
import { readControl, stages, type Control } from "./control.ts";

const content = join(import.meta.dirname, "..", "..", "..", "..", "content");
const files = readdirSync(join(content, "controls"), { recursive: true, encoding: "utf8" }).filter((it) =>
  it.endsWith(".yml"),
);
const controls = files.map((it) => ({
  stage: it.split("/")[0],
  control: readControl(basename(it, ".yml"), readFileSync(join(content, "controls", it), "utf8")),
}));

const now = Date.parse("2026-11-26T00:00:00Z");
const schemes = [
  "file:/m",
  "s3://b/m/",
  "gs://b/m/",
  "az://a/c/",
  "hf:a/m",
  "git:github.com/a/m",
  "oci:a/m",
  "mlflow:1/a",
  "wandb:a/b/c",
  "k8s:ml/m",
  "llm:m",
  "http:/m/",
  "databricks:a.b.c",
];
const model = (over: Partial<ModelEntry> = {}): ModelEntry => ({
  ...modelEntry.parse({ name: "m", class: "private", places: schemes }),
  owner: "ann",
  readers: ["svc"],
  digest: "d".repeat(64),
  ...over,
});
const aModel = (over: Partial<ScannedModel["copies"][number]> = {}): ScannedModel => ({
  id: "m",
  name: "m",
  digest: "d".repeat(64),
  bytes: 1,
  tensors: 1,
  formats: ["safetensors"],
  copies: [
    {
      path: "/m/a",
      format: "safetensors",
      bytes: 1,
      digest: "d".repeat(64),
      complete: true,
      readableBy: [],
      declared: true,
      ...over,
    },
  ],
});
const looked = theftKinds.map((kind) => ({ kind, complete: true }));
const aScan = (over: Partial<ScanFacts> = {}): ScanFacts => ({
  host: "h",
  finishedAt: new Date(now).toISOString(),
  models: [aModel()],
  paths: [],
  looked,
  ...over,
});
const decoy = model({ name: "d", class: "decoy", owner: "ann" });

/** An installation in which all is well. */
const well: ControlFacts = {
  register: [model(), decoy],
  scans: [aScan()],
  sources: ["http-access", "cloudtrail", "kubernetes-audit", "gateway"].map((kind) => ({
    name: kind,
    kind,
    isSilent: false,
    lastEventAt: now,
  })),
  rules: new Line({ register: makeRegister([model()]), rules }).rules().map((it) => it.id),
  agents: [{ host: "H", tier: "T0", reports: true }],
  now,
};

/** The same with what this control tests gone wrong. */
function broken({ check }: Control): ControlFacts {
  switch (check.test) {
    case "no-path":
      return {
        ...well,
        scans: [
          aScan({
            paths: check.kinds.map((kind) => ({
              model: "m",
              kind,
              minutes: 5,
              fix: "mend it",
              steps: [{ from: "a", to: "b", how: "c", basis: "verified", proof: "p" }],
            })),
          }),
        ],
      };
    case "declared":
      return { ...well, scans: [aScan({ models: [aModel({ declared: false })] })] };
    case "no-format":
      return { ...well, scans: [aScan({ models: [aModel({ format: check.formats[0] ?? "" })] })] };
    case "registered":
      return { ...well, register: [{ ...model(), [check.says]: check.says === "readers" ? [] : undefined }] };
    case "scanned":
      return { ...well, scans: [aScan({ finishedAt: "2025-01-01T00:00:00Z" })] };
    case "source":
      return { ...well, sources: check.kinds.map((kind) => ({ name: kind, kind, isSilent: true, lastEventAt: now })) };
    case "rules":
      return { ...well, rules: [] };
    case "agents":
      return { ...well, agents: [{ host: "h", reports: false }] };
    case "decoy":
      return { ...well, register: [model()] };
  }
}

const stateOf = (control: Control, facts: ControlFacts): ControlState | undefined =>
  checkControls([control], facts)[0]?.state;

for (const { stage, control } of controls) {
  test(`${control.name}: passes where all is well, fails where it is not, and tells a person what to do`, () => {
    assert.equal(control.stage, stage, "it lies in the folder of its stage");
    assert.equal(stateOf(control, well), "pass");
    const [result] = checkControls([control], broken(control));
    assert.equal(result?.state, "fail");
    assert.ok(result.fix && result.why.length > 0);
  });

  test(`${control.name}: is never passed by the absence of data`, () => {
    assert.notEqual(stateOf(control, { register: [], scans: [], now }), "pass");
    if (control.check.test === "no-path") {
      const blind = {
        ...well,
        scans: [aScan({ looked: looked.map((it) => ({ ...it, complete: false, why: "closed" })) })],
      };
      assert.equal(stateOf(control, blind), "unknown");
      assert.equal(stateOf(control, { ...well, scans: [aScan({ looked: undefined })] }), "unknown");
    }
  });
}

test("no stage of a model's life is without a control", () => {
  assert.deepEqual(
    stages.filter((it) => !controls.some(({ stage }) => stage === it)),
    [],
  );
});

test("every mitigation that a control names is pinned, and every pinned one is named", () => {
  const [atlas]: { mitigations: string[] }[] = parse(readFileSync(join(content, "techniques.yml"), "utf8"));
  const named = new Set(controls.flatMap(({ control }) => control.mitigations));
  assert.deepEqual([...named].sort(), atlas?.mitigations);
});

test("every kind of theft path is tested by a control", () => {
  const tested = new Set(controls.flatMap(({ control: { check } }) => (check.test === "no-path" ? check.kinds : [])));
  assert.deepEqual(
    theftKinds.filter((it) => !tested.has(it)),
    [],
  );
});

test("a host whose first scan runs is not failed, and is no excuse for another", () => {
  const named = controls.filter(({ control }) => control.check.test === "scanned").map((it) => it.control);
  const agents = [{ host: "gpu-1", reports: true }];
  for (const control of named) {
    assert.equal(stateOf(control, { ...well, agents, scans: [], scanning: ["GPU-1"] }), "unknown");
    assert.equal(stateOf(control, { ...well, agents, scans: [] }), "fail");
    const another = [...agents, { host: "gpu-2", reports: true }];
    assert.equal(stateOf(control, { ...well, agents: another, scans: [], scanning: ["gpu-1"] }), "fail");
    assert.equal(stateOf(control, { ...well, scanning: ["h"] }), "pass", "a scan that runs again takes nothing back");
  }
});

test("a fix is a command where a theft path names one, and words where only the control does", () => {
  const { control } = controls.find((it) => it.control.check.test === "no-path") ?? controls[0]!;
  const [command] = checkControls([control], broken(control));
  assert.deepEqual([command?.fix, command?.fixIs], ["mend it", "command"]);
  const facts = broken(control);
  const [words] = checkControls([control], {
    ...facts,
    scans: facts.scans.map((it) => ({ ...it, paths: it.paths.map((path) => ({ ...path, fix: undefined })) })),
  });
  assert.deepEqual([words?.fix, words?.fixIs], [control.fix, "words"]);
});

test("failed controls stand first, by time to steal", () => {
  const paths = (["setuid", "bucket-public"] as const).map((kind, i) => ({
    model: "m",
    kind,
    minutes: 10 - i,
    steps: [],
  }));
  const results = checkControls(
    controls.map((it) => it.control),
    { ...well, scans: [aScan({ paths })] },
  );
  assert.deepEqual(
    results.slice(0, 2).map((it) => [it.control.name, it.state]),
    [
      ["bucket_closed_to_everybody", "fail"],
      ["local_rights_bounded", "fail"],
    ],
  );
});

test("any text is a control or the coded error", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      assert.throws(
        () => readControl("x", text),
        (error) => error instanceof PipelineError && error.code === "BAD_CONTROL",
      );
    }),
  );
});
