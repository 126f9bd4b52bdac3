import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { readArguments } from "./arguments.ts";
import { command } from "./command.ts";
import { CliError } from "./error.ts";

const it = command({
  summary: "Does",
  usage: "A",
  positionals: [1, 2],
  options: {
    port: { type: "string", about: "" },
    path: { type: "string", multiple: true, about: "" },
    "no-scan": { type: "boolean", about: "" },
  },
  examples: [{ line: "outweigh do a", about: "" }],
  run: async () => 0,
});

test("every option has a value of its type, given or not", () => {
  const { values, positionals, json } = readArguments("do", it, ["a", "--path", "x", "--path", "y", "--json"]);
  assert.deepEqual({ ...values }, { port: undefined, path: ["x", "y"], "no-scan": false, json: true, help: false });
  assert.deepEqual([positionals, json], [["a"], true]);
});

test("wrong use says what is wrong and where to look", () => {
  for (const args of [[], ["a", "b", "c"], ["a", "--nope"], ["a", "--port"], ["a", "--no-scan=1"]]) {
    assert.throws(
      () => readArguments("do", it, args),
      (error) => error instanceof CliError && error.exitCode === 2 && error.message.includes("outweigh do --help"),
    );
  }
});

test("help needs no arguments", () => assert.equal(readArguments("do", it, ["--help"]).help, true));

test("any words are arguments or wrong use", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom("--port", "--path", "--", "-x", "--json"))), (args) => {
      try {
        readArguments("do", it, args);
      } catch (error) {
        assert.ok(error instanceof CliError, String(error));
      }
    }),
  );
});
