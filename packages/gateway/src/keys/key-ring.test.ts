import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { keyDigest, newKey } from "./key.ts";
import { keyChanges } from "./key-file.ts";
import { KeyRing } from "./key-ring.ts";

/** What a key for these models may ask. */
function keyFor(models: string[]) {
  const secret = newKey();
  const digest = keyDigest(secret);
  const entry = { id: "key-0123456789ab", principal: "p", models, digest, last4: secret.slice(-4), createdAt: 0 };
  return new KeyRing([entry]).find(secret, 1)?.models;
}

test("a star stands for any run of characters, everything else for itself", () => {
  const agrees = (models: string[], name: string) => {
    const one = (it: string) => it.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^]*");
    const expected = new RegExp(`^(?:${models.map(one).join("|")})$`).test(name);
    assert.equal(keyFor(models)?.test(name), expected, JSON.stringify([models, name]));
  };
  const text = fc.string({ unit: fc.constantFrom("a", "b", ".", "*"), minLength: 1, maxLength: 6 });
  fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), text, agrees));
});

test("what changed of the keys is told by id and principal, and nothing where nothing did", () => {
  const entry = (id: string, over: object = {}) => ({
    id,
    principal: "p",
    models: [],
    digest: "ab".repeat(32),
    last4: "wxyz",
    createdAt: 0,
    ...over,
  });
  const before = [entry("key-1"), entry("key-2"), entry("key-3")];
  const after = [entry("key-1"), entry("key-2", { revokedAt: 5 }), entry("key-4")];
  assert.deepEqual(keyChanges(before, after)?.keys, ["key-2 of p revoked", "key-4 of p made", "key-3 of p removed"]);
  assert.equal(keyChanges(before, before), undefined);
});

test("no pattern of an operator holds a request up", () => {
  const models = keyFor([`${"*a".repeat(60)}*b`]);
  assert.equal(models?.test("a".repeat(256)), false);
});
