import assert from "node:assert/strict";
import { test } from "node:test";
import { importedRules } from "./rule-import.ts";
import { makeRegister } from "./register.ts";

const register = makeRegister([]);
const rule = (title: string, more: object): string =>
  JSON.stringify({ title, name: title, detection: { s: { a: 1 }, condition: "s" }, ...more });

test("counts what can be used, what never matches here, and says why the rest cannot", () => {
  const texts = [
    rule("seen", { logsource: { category: "webserver" } }),
    rule("named", { logsource: { product: "windows", category: "file_event" } }),
    rule("unseen", { logsource: { product: "cisco" } }),
    rule("seen", { logsource: { category: "webserver" } }),
    rule("broken", { logsource: { category: "webserver" }, detection: { s: { a: 1 }, condition: "t" } }),
  ].map((text, i) => ({ name: `${i}.yml`, text }));
  const logsources = [{ product: "windows", category: "file_event" }];
  const { rules, unseen, unsupported, duplicates } = importedRules(texts, { register, logsources });
  assert.deepEqual([rules, unseen], [3, 1]);
  assert.deepEqual(
    unsupported.map((it) => [it.name, it.code]),
    [["4.yml", "BAD_CONDITION"]],
  );
  assert.deepEqual(
    duplicates.map((it) => it.name),
    ["3.yml"],
  );
});
