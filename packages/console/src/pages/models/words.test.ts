import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelRow } from "@outweigh/schema";
import { balanceSentence, booksWord } from "./words.ts";

const aModel = (override: Partial<ModelRow> = {}): ModelRow => ({
  name: "acme-13b",
  registered: true,
  bytes: 26_100_000_000,
  formats: ["safetensors"],
  copies: 3,
  undeclaredCopies: 0,
  exposedCopies: 0,
  readers: 2,
  balanced: true,
  openIncidents: 0,
  ...override,
});

test("says what nobody accounts for, with its bound", () => {
  const it = aModel({
    balanced: false,
    undeclaredCopies: 1,
    coalition: { model: "acme-13b", bytes: 26_100_000_000, fraction: 1, bound: "<=", readers: 2 },
  });
  assert.equal(
    balanceSentence(it),
    "No declared copy accounts for ≤ 26.1 GB, all of acme-13b, by 2 undeclared readers. 3 copies of 26.1 GB found, 1 outside every declared place.",
  );
});

test("nothing read is not balanced, and not registered is neither", () => {
  const { balanced: _, ...unread } = aModel();
  assert.equal(booksWord(unread), "nothing read");
  assert.match(balanceSentence(unread), /^Nothing was read of it yet/);
  assert.equal(booksWord(aModel({ registered: false })), "not booked");
});

test("a model whose copies are all declared says so", () => {
  assert.match(balanceSentence(aModel()), /3 copies of 26\.1 GB found, all declared\.$/);
});
