import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { isClientKey, makeClientKey } from "./client-key.ts";

test("a key is one, and with any character changed it is none", () => {
  const at = fc.record({ place: fc.integer({ min: 4, max: 52 }), with: fc.constantFrom("0", "Q", "z", "é") });
  fc.assert(
    fc.property(at, ({ place, with: other }) => {
      const key = makeClientKey(randomInt);
      assert.ok(isClientKey(key));
      const changed = key.slice(0, place) + other + key.slice(place + 1);
      assert.equal(isClientKey(changed), changed === key);
    }),
  );
});

test("the checksum is the usual CRC-32", () => {
  const key = makeClientKey(() => 7);
  let rest = crc32("7".repeat(43));
  const digits = Array.from({ length: 6 }, () => {
    const digit = rest % 62;
    rest = Math.floor(rest / 62);
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[digit];
  });
  assert.equal(key, `owk_${"7".repeat(43)}${digits.join("")}`);
});
