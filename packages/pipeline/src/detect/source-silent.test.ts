import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { sourceSilent } from "./source-silent.ts";

test("says how long nothing came", () => {
  const event = anEvent({ operation: "silence", time: 10_800_000, unmapped: { since: 3_600_000 } });
  const [it] = findings(sourceSilent, [[event, aContext()]]);
  assert.equal(it?.summary, "registry sent nothing for 2 h; what happened meanwhile is not known");
  assert.deepEqual(findings(sourceSilent, [[anEvent(), aContext()]]), []);
});
