// Every hunt of every playbook compiles to a condition of the event engine, filled in as the alert page fills it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { test } from "node:test";
import { filledHunt, splitHunts } from "@outweigh/schema";
import { readPlaybook } from "@outweigh/pipeline";
import { eventCondition } from "../packages/server/src/store/events.ts";

const folder = join(import.meta.dirname, "..", "content", "playbooks");
const facts = {
  principal: 'role/"dev" -model:x',
  model: "acme-13b",
  firstAt: 1_795_000_000_000,
  lastAt: 1_795_000_600_000,
};

for (const file of readdirSync(folder)) {
  test(`the hunts of ${basename(file, ".md")} compile, and none is without facts that it needs`, () => {
    const { sections } = readPlaybook(basename(file, ".md"), readFileSync(join(folder, file), "utf8"));
    const hunts = sections.flatMap((it) => splitHunts(it.text).hunts);
    assert.ok(hunts.length > 0, "it offers no hunt");
    for (const it of hunts) {
      const filter = filledHunt(it, facts) ?? assert.fail(`${it.title}: a fact is missing`);
      assert.doesNotMatch(filter, /[{}]/);
      const { sql } = eventCondition(filter, facts.lastAt);
      assert.notEqual(sql, "", it.title);
      if (it.filter.includes("{principal}"))
        assert.equal(
          filledHunt(it, { ...facts, principal: undefined }),
          undefined,
          "without a principal it is not offered",
        );
    }
  });
}
