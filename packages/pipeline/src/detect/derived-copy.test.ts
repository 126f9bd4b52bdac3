import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, anEvent, findings } from "../testing/nouns.ts";
import { derivedCopy } from "./derived-copy.ts";

const nothing = aContext({ model: undefined, booking: undefined });
const launch = (inputs: string[], outputs: string[], over: object = {}) =>
  anEvent({
    operation: "launch",
    weights: undefined,
    device: { hostname: "gpu-1" },
    unmapped: { inputs, outputs },
    ...over,
  });
const packed = launch(["file:/m/a.gguf"], ["file:/tmp/x.tgz"], { weights: true, model: "acme-13b" });

test("an archive of weights that is split, and a piece of it that is sent, are told with the model they came from", () => {
  const found = findings(derivedCopy, [
    [packed, aContext()],
    [launch(["file:/tmp/x.tgz"], ["file:/tmp/part_*"]), nothing],
    [launch(["file:/tmp/part_ab"], []), nothing],
  ]);
  assert.deepEqual(
    found.map((it) => [it.model, it.events.length]),
    [
      ["acme-13b", 2],
      ["acme-13b", 2],
    ],
  );
});

test("a program started on a folder that then opens weights makes its archive out of them", () => {
  const found = findings(derivedCopy, [
    [launch(["file:/m"], ["file:/tmp/x.tgz"], { process: { pid: 7 } }), nothing],
    [anEvent({ operation: "open", device: { hostname: "gpu-1" }, actor: { process: { pid: 7 } } }), nothing],
    [launch(["file:/tmp/x.tgz"], []), nothing],
  ]);
  assert.equal(found.length, 1);
});

test("is silent on other files, on refused starts and on what a declared reader makes", () => {
  const declared = aContext({ declared: true });
  assert.deepEqual(
    findings(derivedCopy, [
      [launch(["file:/home/a.txt"], ["file:/tmp/x.tgz"]), nothing],
      [launch(["file:/tmp/x.tgz"], []), nothing],
      [launch(["file:/m/a.gguf"], ["file:/tmp/y.tgz"], { weights: true }), declared],
      [launch(["file:/tmp/y.tgz"], []), nothing],
      [packed, aContext()],
      [launch(["file:/tmp/x.tgz"], [], { status_id: 2 }), nothing],
      [launch(["file:/tmp/x.tgz"], [], { device: { hostname: "gpu-2" } }), nothing],
    ]),
    [],
  );
});
