// The parts of SARIF 2.1.0 that its published schema requires, and those that readers of it go by.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { theftKinds, type TheftPath } from "@outweigh/schema";
import type { ControlResult } from "../controls/check.ts";
import { sarifOfControls, sarifOfScan, type SarifLog } from "./sarif.ts";

const at = "2026-11-26T00:00:00.000Z";
const aPath = (over: Partial<TheftPath> = {}): TheftPath => ({
  model: "acme",
  kind: "nfs-export",
  minutes: 10,
  fix: "exportfs -ra",
  steps: [
    {
      from: "network peer",
      to: "/srv/models/a b.gguf and 2 more",
      how: "mounts it",
      basis: "verified",
      proof: "/etc/exports:3: /srv/models *",
    },
  ],
  ...over,
});
const logOf = (paths: readonly TheftPath[]) =>
  sarifOfScan({
    version: "1",
    finishedAt: at,
    paths: [...paths],
    notSeen: [{ what: "memory", why: "not on the disk" }],
  });

/** Sections 3.13 to 3.52 of the specification, as far as we write them. */
function assertValid(log: SarifLog): void {
  assert.equal(log.version, "2.1.0");
  for (const run of log.runs) {
    const { rules, name } = run.tool.driver;
    assert.ok(name.length > 0);
    assert.equal(new Set(rules.map((it) => it.id)).size, rules.length, "ids of rules are unique");
    for (const it of run.invocations) assert.equal(typeof it.executionSuccessful, "boolean");
    for (const it of run.results) {
      assert.equal(rules[it.ruleIndex]?.id, it.ruleId);
      assert.ok(it.message.text.length > 0);
      // 3.27.10: where kind is not "fail", level is "none".
      assert.equal(it.kind === "fail", it.level !== "none");
      assert.ok(it.locations.length > 0 && Object.keys(it.partialFingerprints).length > 0);
      for (const location of it.locations) {
        const uri = location.physicalLocation?.artifactLocation.uri;
        if (uri !== undefined) assert.doesNotMatch(uri, /[\s"<>\\^`{|}]/, "RFC 3986");
        const line = location.physicalLocation?.region?.startLine;
        assert.ok(line === undefined || (Number.isInteger(line) && line >= 1));
      }
      for (const flow of it.codeFlows ?? [])
        for (const thread of flow.threadFlows) assert.ok(thread.locations.length > 0);
    }
  }
}

test("a theft path stands at the line that mends it", () => {
  const log = logOf([aPath()]);
  assertValid(log);
  const [result] = log.runs[0]?.results ?? [];
  assert.deepEqual(result?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "file:///etc/exports" },
    region: { startLine: 3 },
  });
  assert.equal(result?.level, "error");
});

test("the same path of the next scan has the same fingerprint, another one another", () => {
  const printOf = (it: TheftPath) => JSON.stringify(logOf([it]).runs[0]?.results[0]?.partialFingerprints);
  const [step] = aPath().steps;
  assert.ok(step);
  assert.equal(
    printOf(aPath()),
    printOf(
      aPath({ minutes: 99, steps: [{ ...step, to: "/srv/models/a b.gguf and 7 more", proof: "/etc/exports:9: x" }] }),
    ),
  );
  assert.notEqual(printOf(aPath()), printOf(aPath({ model: "other" })));
});

test("whatever names say, the log is valid", () => {
  const text = fc.string({ minLength: 1 });
  const step = fc.record({
    from: text,
    to: text,
    how: text,
    basis: fc.constantFrom("verified" as const, "inferred" as const),
    proof: text,
  });
  const path = fc.record({
    model: text,
    kind: fc.constantFrom(...theftKinds),
    steps: fc.array(step, { minLength: 1, maxLength: 3 }),
  });
  fc.assert(fc.property(fc.array(path, { maxLength: 5 }), (paths) => assertValid(logOf(paths))));
});

test("controls are results too: what could not be told is open, not passed", () => {
  const control = {
    name: "a_b",
    title: "A title of it",
    stage: "serve",
    plane: "system",
    about: "about it, at length",
    mitigations: ["AML.M0005"],
    check: { test: "decoy" },
    fix: "mend",
    blindspots: ["none"],
  } as const;
  const result = (state: ControlResult["state"]): ControlResult => ({
    control: {
      ...control,
      mitigations: [...control.mitigations],
      blindspots: [...control.blindspots],
      name: `a_${state}`,
    },
    state,
    why: "because",
    evidence: [],
  });
  const log = sarifOfControls([result("pass"), result("fail"), result("unknown"), result("none")], {
    version: "1",
    at,
  });
  assertValid(log);
  assert.deepEqual(
    log.runs[0]?.results.map((it) => it.kind),
    ["pass", "fail", "open", "notApplicable"],
  );
});
