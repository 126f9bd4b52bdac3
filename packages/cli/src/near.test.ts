import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { commands } from "./commands.ts";
import { nearest } from "./near.ts";

test("a slip of the keyboard finds the command that was meant", () => {
  for (const [typed, meant] of [
    ["rules tst", "rules test"],
    ["rules tets", "rules test"],
    ["sacn", "scan"],
    ["verfy", "verify"],
    ["token crate", "token create"],
    ["reg", "register"],
  ] as const) {
    assert.equal(nearest(typed, commands.keys()), meant, typed);
  }
});

test("what is like no command suggests none, and a command is nearest to itself", () => {
  for (const typed of ["", "x", "nonsense", "dashboard", "x".repeat(10_000)]) {
    assert.equal(nearest(typed, commands.keys()), undefined, typed.slice(0, 20));
  }
  fc.assert(fc.property(fc.constantFrom(...commands.keys()), (it) => nearest(it, commands.keys()) === it));
});
