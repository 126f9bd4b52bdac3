import assert from "node:assert/strict";
import { test } from "node:test";
import { byWorstAlert } from "./order.ts";

const playbook = (id: string) => ({ id, title: id, sections: [] });

test("the playbook of the worst alert comes first, others stay in their order", () => {
  const ordered = byWorstAlert(
    [playbook("tools"), playbook("none"), playbook("copy")],
    [
      { playbook: "tools", severity: "medium" },
      { playbook: "copy", severity: "critical" },
      { playbook: "tools", severity: "low" },
    ],
  );
  assert.deepEqual(
    ordered.map((it) => it.id),
    ["copy", "tools", "none"],
  );
});
