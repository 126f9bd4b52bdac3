import assert from "node:assert/strict";
import { test } from "node:test";
import { permitted } from "../testing/permits.ts";

test("a permit is an incident with both names and the reason", () => {
  const { given } = permitted();
  assert.deepEqual(
    given.alerts.map((it) => [it.rule, it.severity]),
    [["permit-given", "medium"]],
  );
  assert.equal(
    given.incidents[0]?.title,
    "ana asked and lee agreed: kim may take acme-13b out for 60 min: the region is down",
  );
});
