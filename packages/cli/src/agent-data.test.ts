import assert from "node:assert/strict";
import { test } from "node:test";
import { quoted } from "@outweigh/agent";
import { runLine } from "./agent-data.ts";

test("who enrolled with a folder of their own is told to start with it, as a shell takes it", () => {
  assert.equal(runLine(undefined, quoted), "npx outweigh agent run");
  assert.equal(runLine("/srv/agent", quoted), "npx outweigh agent run --data /srv/agent");
  assert.equal(runLine("it's mine", quoted), "npx outweigh agent run --data 'it'\\''s mine'");
  assert.equal(runLine("a\nb", quoted), "npx outweigh agent run --data DIR");
});
