import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { apiFile, apiText } from "../generate.ts";

test("the types are those of the server's description", async () => {
  const isCurrent = readFileSync(apiFile, "utf8") === (await apiText());
  assert.ok(isCurrent, 'the API has changed, and src/api.ts has not: run "npm run client"');
});
