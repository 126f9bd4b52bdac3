import assert from "node:assert/strict";
import { test } from "node:test";
import { modelEntry } from "@outweigh/schema";
import fc from "fast-check";
import { maskAll, maskFor, unnamed } from "./masked.ts";

const models = (...names: string[]) =>
  names.map((name) => modelEntry.parse({ name, class: "private", places: [`hf:acme/${name}`] }));

test("a sentence names no model beyond the reader's spaces, in whatever case and beside whatever stands", () => {
  const mask = maskFor(models("acme-13b", "acme-13b-chat", "vit"), new Set(["acme-13b-chat"]));
  assert.ok(mask);
  assert.equal(mask("ana read acme-13b, then acme-13b-chat."), `ana read ${unnamed}, then acme-13b-chat.`);
  assert.equal(mask("s3://w/ACME-13B/vit.safetensors"), `s3://w/${unnamed}/${unnamed}.safetensors`);
  assert.equal(mask("invite vita"), "invite vita", "part of a word is no name");
});

test("who sees everything is told everything, and closed lists keep their words", () => {
  assert.equal(maskFor(models("a-b"), undefined), undefined);
  assert.equal(maskFor(models("a-b"), new Set(["a-b"])), undefined);
  const mask = maskFor(models("high", "mine"), new Set(["mine"]));
  assert.ok(mask);
  const answer = { severity: "high", items: [{ title: "high", high: 1 }], n: 3, none: undefined };
  assert.deepEqual(maskAll(answer, mask), {
    severity: "high",
    items: [{ title: unnamed, [unnamed]: 1 }],
    n: 3,
    none: undefined,
  });
});

test("no name beyond the reader's spaces is left as a word of its own, whatever the names are", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,12}[a-z0-9]$/);
  fc.assert(
    fc.property(fc.uniqueArray(name, { minLength: 2, maxLength: 6 }), fc.array(fc.nat(5)), (names, picked) => {
      const [own = "", ...others] = names;
      const mask = maskFor(models(...names), new Set([own]));
      const text = picked.map((it) => names[it] ?? "and").join(" ");
      const left = (mask?.(text) ?? text).split(" ");
      for (const it of others) assert.ok(!left.includes(it), `${it} in ${left.join(" ")}`);
    }),
  );
});
