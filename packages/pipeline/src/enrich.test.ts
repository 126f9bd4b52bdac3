import assert from "node:assert/strict";
import { test } from "node:test";
import { bookingOf, settle } from "./enrich.ts";
import { makeRegister } from "./register.ts";
import { aModel, anEvent } from "./testing/nouns.ts";

const register = makeRegister([aModel({ places: ["hf:acme/acme-13b", "s3://acme-dr/acme-13b"] })]);
const settled = (over: object) => settle(anEvent({ src_external: undefined, ...over }), register);

test("adds model, place, part and whether the client is outside", () => {
  const it = settled({ artifact: "hf:acme/acme-13b/model-1.safetensors" });
  assert.deepEqual(
    [it.model, it.place, it.part, it.src_external],
    ["acme-13b", "hf:acme/acme-13b", "model-1.safetensors", true],
  );
  assert.equal(settled({ artifact: "hf:other/x/model.bin" }).model, undefined);
});

test("the register knows better than the name whether something is weights", () => {
  const odd = makeRegister([aModel({ files: [{ path: "model.dat", bytes: 9 }] })]);
  const it = settle(anEvent({ artifact: "hf:acme/acme-13b/model.dat", weights: false }), odd);
  assert.equal(it.weights, true);
});

test("only granted reads of weights are booked", () => {
  const artifact = "hf:acme/acme-13b/model-1.safetensors";
  assert.equal(bookingOf(settled({ artifact }))?.part, "model-1.safetensors");
  assert.equal(bookingOf(settled({ artifact, status_id: 2 })), undefined);
  assert.equal(bookingOf(settled({ artifact, operation: "stat" })), undefined);
  assert.equal(bookingOf(settled({ artifact: "hf:acme/acme-13b/config.json", weights: false })), undefined);
  assert.equal(bookingOf(settled({ artifact: "hf:other/x/model.bin" })), undefined);
});

test("a copy into a place declared for the same model accounts for itself", () => {
  const copy = (to: string) =>
    bookingOf(
      settled({ operation: "copy", artifact: "hf:acme/acme-13b/model-1.safetensors", unmapped: { copied_to: to } }),
    );
  assert.equal(copy("s3://acme-dr/acme-13b/model-1.safetensors"), undefined);
  assert.equal(copy("s3://scratch/x.bin")?.exact, true);
});

test("a principal of any length is told apart from every other", () => {
  const [a, b] = ["x", "y"].map((end) => settled({ principal: "p".repeat(5000) + end }).principal);
  assert.ok(a !== undefined && b !== undefined && a !== b && a.length <= 512);
});
