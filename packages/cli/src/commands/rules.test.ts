// `rules import` and `rules backtest` as a person runs them, but for the process and the server.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { backtestReport } from "@outweigh/schema";
import { timeOf } from "../backtest/time.ts";
import { readContent } from "../content.ts";
import { CliError } from "../error.ts";
import { run } from "../testing/run.ts";

const rule = `
title: JSON files
id: 4d1f3c52-0000-4000-8000-000000000021
name: json_files
logsource: { category: webserver }
detection: { file: { cs-uri-stem|endswith: .json }, condition: file }
`;
const exception = `
title: Ben is fine
id: 4d1f3c52-0000-4000-8000-000000000022
logsource: { category: webserver }
filter: { rules: [json_files], selection: { cs-username: ben }, condition: not selection }
`;
const access = (user: string, path: string): string =>
  `10.0.0.1 - ${user} [24/Nov/2026:09:00:00 +0000] "GET ${path} HTTP/1.1" 200 10 "-" "curl/8"`;

function aFolder(t: TestContext): { root: string; at: (name: string) => string } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "outweigh-rules-")));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, "rules"));
  writeFileSync(join(root, "rules", "rule.yml"), rule);
  writeFileSync(join(root, "rules", "exception.yml"), exception);
  writeFileSync(
    join(root, "access.log"),
    ["ana", "ben", "ben"].map((it, i) => access(it, `/a-${i}.json`)).join("\n") + "\n",
  );
  return { root, at: (name) => join(root, name) };
}

test("import counts what can be used and gives a reason and a line for the rest", async (t) => {
  const { at } = aFolder(t);
  assert.equal((await run("rules", "import", at("rules"))).code, 0);
  writeFileSync(at("rules/broken.yml"), rule.replace("condition: file", "condition: nothing"));
  const { code, stdout } = await run("rules", "import", at("rules"), "--json");
  assert.equal(code, 1);
  const { rules, exceptions, unsupported } = JSON.parse(stdout);
  assert.deepEqual([rules, exceptions, unsupported.length, unsupported[0].code], [1, 1, 1, "BAD_CONDITION"]);
  const text = await run("rules", "import", at("rules"));
  assert.match(text.stdout, /broken\.yml:\d+/);
  assert.equal((await run("rules", "import", at("nowhere"))).code, 2);
});

test("a rule without a proof has not passed; an exception needs none", async (t) => {
  const { at } = aFolder(t);
  const { code, stdout } = await run("rules", "test", at("rules"));
  assert.equal(code, 1);
  assert.match(stdout, /rule\.yml: \(proof\): there is no rule\.test\.yml beside it\n1 rule in 1 part/);
  assert.doesNotMatch(stdout, /exception/);
});

test("backtest over a log says how often, by whom and why, and what an exception hides", async (t) => {
  const { at } = aFolder(t);
  const files = [at("rules/rule.yml"), at("rules/exception.yml"), "--over", at("access.log")];
  const { code, stdout, stderr } = await run("rules", "backtest", ...files, "--json");
  assert.equal(code, 1, stderr);
  const { rules, events } = backtestReport.parse(JSON.parse(stdout));
  assert.deepEqual([events, rules[0]?.hits, rules[0]?.hidden], [3, 1, 2]);
  const text = await run("rules", "backtest", ...files);
  assert.match(text.stdout, /1 hit by 1 principal; 2 hidden by the exception/);
  assert.match(text.stdout, /file: cs-uri-stem\|endswith = \/a-0\.json/);
});

test("backtest refuses what it cannot do in words", async (t) => {
  const { at, root } = aFolder(t);
  assert.equal((await run("rules", "backtest", at("rules"), "--over", at("access.log"))).code, 2);
  assert.equal(
    (await run("rules", "backtest", at("rules/rule.yml"), "--over", at("access.log"), "--from", "7d")).code,
    2,
  );
  writeFileSync(at("bad.yml"), "title: x");
  const refused = await run("rules", "backtest", at("bad.yml"), "--over", at("access.log"));
  assert.deepEqual([refused.code, /not used/.test(refused.stdout)], [3, true]);
  const { code, stderr } = await run("rules", "backtest", at("rules/rule.yml"), "--data", root);
  assert.deepEqual([code, /no server runs/.test(stderr)], [3, true]);
});

test("times are days, moments, or so long ago", () => {
  const now = Date.UTC(2026, 10, 26);
  assert.equal(timeOf("2026-11-01", now, "--from"), Date.UTC(2026, 10, 1));
  assert.equal(timeOf("2026-11-01T08:00+01:00", now, "--from"), Date.UTC(2026, 10, 1, 7));
  assert.equal(timeOf("30d", now, "--from"), Date.UTC(2026, 9, 27));
  assert.equal(timeOf("99999d", now, "--from"), 0);
  for (const it of ["", "yesterday", "2026-13-01", "1w", "-1d"])
    assert.throws(
      () => timeOf(it, now, "--from"),
      (error) => error instanceof CliError && /--from/.test(error.message),
    );
});

test("a configuration's folders of rules are used beside ours", (t) => {
  const { at } = aFolder(t);
  const own = readContent().rules.length;
  assert.equal(readContent([at("rules")]).rules.length, own + 2);
  assert.throws(() => readContent([at("nowhere")]), CliError);
});

test("a file that cannot be read as a rule or an exception has failed, whatever its proof says", async (t) => {
  const { at } = aFolder(t);
  const quiet =
    "- { name: quiet, kind: clean, expect: nothing, records: [{ id: b, time: 1, class_uid: 6003, principal: role/serve }] }\n";
  writeFileSync(at("rules/rule.yml"), rule.replace("{ file:", "{ file: [,"));
  writeFileSync(at("rules/rule.test.yml"), quiet);
  writeFileSync(at("rules/exception.yml"), exception.replace("id: ", "id: ["));
  const { code, stdout } = await run("rules", "test", at("rules"), "--json");
  assert.equal(code, 1);
  const { failed } = JSON.parse(stdout);
  assert.deepEqual(
    failed.map((it: { case: string }) => it.case),
    ["(exception)", "(rule)"],
  );
  for (const it of failed) assert.match(it.problem, /line \d+: /);
});
