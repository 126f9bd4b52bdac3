import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeApi } from "@outweigh/server";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { apiFile, apiText } from "../generate.ts";

test("the types are those of the server's description", async () => {
  const isCurrent = readFileSync(apiFile, "utf8") === (await apiText());
  assert.ok(isCurrent, 'the API has changed, and src/api.ts has not: run "npm run client"');
});

test("the description is valid OpenAPI 3.1, by a judge that is not ours", async () => {
  const rules = {
    struct: "error",
    "no-unresolved-refs": "error",
    "no-unused-components": "error",
    "operation-operationId-unique": "error",
    "operation-operationId-url-safe": "error",
    "path-parameters-defined": "error",
    "no-identical-paths": "error",
    "security-defined": "error",
  } as const;
  const judged = async (description: object) =>
    lintFromString({ source: JSON.stringify(description), config: await createConfig({ rules }) });
  const found = await judged(describeApi("0"));
  assert.deepEqual(
    found.map((it) => `${it.location[0]?.pointer}: ${it.message}`),
    [],
  );
  assert.notDeepEqual(await judged({ ...describeApi("0"), info: {} }), [], "it judges");
});
