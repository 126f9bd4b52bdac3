import assert from "node:assert/strict";
import { test } from "node:test";
import { aContext, aModel, anEvent, findings } from "../testing/nouns.ts";
import { weightsLookedUp } from "./weights-looked-up.ts";

const look = (over: object = {}) => anEvent({ operation: "stat", model: "acme-13b", ...over });
const nobody = aContext({ booking: undefined });

test("speaks at the question, before the first byte, once", () => {
  const found = findings(weightsLookedUp, [
    [look(), nobody],
    [look(), nobody],
  ]);
  assert.equal(found.length, 1);
  assert.match(found[0]?.summary ?? "", /^mallory .* asked about the weights of acme-13b and was answered/);
  assert.equal(found[0]?.severity, "medium");
});

test("from inside, or without a name, it is low", () => {
  const severity = (over: object) => findings(weightsLookedUp, [[look(over), nobody]])[0]?.severity;
  assert.equal(severity({ src_external: false }), "low");
  assert.equal(severity({ principal: "anonymous@203.0.113.7" }), "low");
  assert.equal(severity({ vouched: false }), "low");
  assert.equal(severity({ operation: "manifest", weights: undefined }), "medium");
});

test("declared readers, refusals, other files and public models are silent", () => {
  const silent = [
    [look(), aContext({ declared: true })],
    [look({ status_id: 2 }), nobody],
    [look({ weights: false }), nobody],
    [look(), aContext({ model: aModel({ class: "public" }) })],
    [look({ operation: "list" }), nobody],
  ] as const;
  assert.deepEqual(findings(weightsLookedUp, silent), []);
});
