import assert from "node:assert/strict";
import { test } from "node:test";
import { keyId, verifyPack } from "./index.ts";
import { aPack, aSigner } from "./testing/a-log.ts";

test("a pack verifies, and says what it holds and who sealed it", () => {
  assert.deepEqual(verifyPack(aPack()), {
    ok: true,
    entries: 3,
    checkpoints: 2,
    documents: 4,
    redacted: 0,
    origin: "outweigh.example/test",
    incident: "i1",
    signer: keyId(aSigner().publicKey),
    keys: [keyId(aSigner().publicKey)],
    problems: [],
  });
});

test("a redacted pack verifies and no longer holds what was left out", () => {
  const pack = aPack({ redact: (kind, _id, field) => (kind === "event" && field === "raw") || field === "to" });
  const { ok, redacted, problems } = verifyPack(pack);
  assert.deepEqual([ok, redacted, problems], [true, 3, []]);
  assert.deepEqual([pack.includes("GET /weights"), pack.includes('"to":{"commitment"')], [false, true]);
});
