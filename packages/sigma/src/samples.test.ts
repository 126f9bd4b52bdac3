// The conformance of the engine to rules and events that others wrote. They lie beside a checkout and never in it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { compileRules, type RuleDocument } from "./document.ts";
import { SigmaEngine } from "./engine.ts";
import type { SigmaMatch } from "./match.ts";
import type { SigmaEvent } from "./field.ts";
import { importRules } from "./import.ts";
import { readSample, readZip, samplePath, skipWithoutSamples } from "./testing/samples.ts";

type Json = Readonly<Record<string, unknown>>;

interface Regression {
  readonly rule_path: string;
  readonly rule: string;
  readonly events: readonly {
    readonly Event: { readonly System: Json; readonly EventData?: Json; readonly UserData?: Json };
  }[];
}

function readRegressions(): Regression[] {
  const lines = readSample("sigma-regression/regression.ndjson").split("\n");
  return lines.filter((it) => it !== "").map((it) => JSON.parse(it));
}

/** Names as Sigma's taxonomy has them: attributes joined by an underscore, blanks taken out. */
function toFields({ System, EventData = {}, UserData = {} }: Regression["events"][number]["Event"]): Json {
  const flat: Record<string, unknown> = {};
  const put = (data: Json): void => {
    for (const [name, value] of Object.entries(data)) flat[name.replaceAll(" ", "")] = value;
  };
  for (const [name, value] of Object.entries(System)) {
    const { "#attributes": attributes, "#text": text } = Object(value);
    put({ [name]: text ?? value });
    put(Object.fromEntries(Object.entries(attributes ?? {}).map(([it, attribute]) => [`${name}_${it}`, attribute])));
  }
  put(EventData);
  for (const inner of Object.values(UserData)) put(Object(inner));
  return flat;
}

interface Expected {
  readonly rule: RuleDocument;
  readonly event: SigmaEvent;
}

function readExpected(): Expected[] {
  return readRegressions().flatMap(({ rule: text, events, rule_path: path }) => {
    const [rule] = compileRules(text);
    assert.ok(rule?.kind === "rule", path);
    return events.map(({ Event }, place) => ({
      rule,
      event: { id: `${path} ${place}`, time: 0, fields: toFields(Event), logsources: [rule.logsource] },
    }));
  });
}

test("every regression rule of SigmaHQ fires on each of its events", skipWithoutSamples, () => {
  const expected = readExpected();
  assert.equal(expected.length, 92);
  for (const { rule, event } of expected) {
    assert.equal(new SigmaEngine([rule]).step(event).length, 1, event.id);
  }
});

/**
 * Rules that rightly fire on the event of another rule: each pair looks at the same act more and less closely
 * (certutil encoding a file, a browser started without a window, a known tool under its own and another name).
 */
const overlaps = new Set([
  "Chromium Browser Instance Executed With Custom Extension",
  "File Download From Browser Process Via Inline URL",
  "File Encoded To Base64 Via Certutil.EXE",
  "PUA - AdFind.EXE Execution",
  "PUA - AdvancedRun Execution",
  "Process Creation Attempt via Wmic.EXE",
  "Suspicious Binaries and Scripts in Public Folder",
  "Suspicious Chromium Browser Instance Executed With Custom Extension",
  "Suspicious File Encoded To Base64 Via Certutil.EXE",
]);

test(
  "all regression rules over all events: own hits, overlaps that are explained, nothing else",
  skipWithoutSamples,
  () => {
    const expected = readExpected();
    const rules = [...new Set(expected.map((it) => it.rule))];
    const [indexed, plain] = [true, false].map((index) => new SigmaEngine(rules, { index }));
    const extra = new Set<string>();
    for (const { rule, event } of expected) {
      const matches: SigmaMatch[] = indexed?.step(event) ?? [];
      assert.deepEqual(matches, plain?.step(event));
      assert.ok(matches.some((it) => it.id === rule.id));
      for (const it of matches) if (it.id !== rule.id) extra.add(it.title);
    }
    assert.deepEqual(extra, overlaps);
  },
);

test("all rules of a SigmaHQ checkout's cloud, Linux, macOS and web folders load", skipWithoutSamples, () => {
  const files = readZip(readFileSync(samplePath("sigma-rules/sigmahq_cloud_linux_web_subset.zip")));
  const { loaded, unsupported } = importRules(files);
  assert.equal(files.length, 588);
  assert.deepEqual(unsupported, []);
  assert.equal(loaded.length, 588);
});

test("over real CloudTrail records, the index changes nothing about what those rules match", skipWithoutSamples, () => {
  const files = readZip(readFileSync(samplePath("sigma-rules/sigmahq_cloud_linux_web_subset.zip")));
  const { loaded } = importRules(files, { view: "raw" });
  const [indexed, plain] = [true, false].map((index) => new SigmaEngine(loaded, { index }));
  const records: Json[] = readSample("aws-cloudtrail/opensearch_account_347283850106.ndjson")
    .split("\n")
    .filter((it) => it !== "")
    .map((it) => JSON.parse(it));
  const logsources = [{ product: "aws", service: "cloudtrail" }];
  for (const [place, raw] of records.entries()) {
    const event = { id: String(place), time: place, fields: {}, raw, logsources };
    assert.deepEqual(indexed?.step(event), plain?.step(event));
  }
});
