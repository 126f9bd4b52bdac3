import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { brief, middle } from "./middle.ts";

test("keeps the file's name of a path whole", () => {
  assert.deepEqual(middle("/home/dev/downloads/holiday.jpg"), { head: "/home/dev/downloads", tail: "/holiday.jpg" });
});

test("keeps the end of a digest", () => {
  assert.deepEqual(middle("9f86d081884c7d659a2feaa0c55ad015"), {
    head: "9f86d081884c7d659a2feaa0",
    tail: "c55ad015",
  });
});

test("a list shows of an ARN what tells it from the next", () => {
  assert.equal(brief("arn:aws:iam::111122223333:role/serve"), "role/serve");
  assert.equal(brief("svc-deploy"), "svc-deploy");
  assert.equal(brief("arn:aws:iam::111122223333:"), "arn:aws:iam::111122223333:");
});

test("leaves a short text whole", () => assert.deepEqual(middle("acme-13b"), { head: "", tail: "acme-13b" }));

test("head and tail are the whole text", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const { head, tail } = middle(text);
      assert.equal(head + tail, text);
    }),
  );
});
