import assert from "node:assert/strict";
import { test } from "node:test";
import { orderResult } from "@outweigh/schema";
import { sendable } from "./run.ts";

test("facts that no server would read become a failure that says so", () => {
  const rows = Array.from({ length: 4000 }, (_, pid) => ({ pid, command: "x".repeat(8192) }));
  const facts = { at: 1, lists: [{ list: "processes" as const, rows, notSeen: [] }] };
  const sent = orderResult.parse(sendable({ id: "o", state: "done", facts }));
  assert.equal(sent.state, "failed");
  assert.match(sent.message ?? "", /longer than/);
  const few = { ...facts, lists: [{ list: "processes" as const, rows: rows.slice(0, 10), notSeen: [] }] };
  assert.equal(sendable({ id: "o", state: "done", facts: few }).facts, few);
});
