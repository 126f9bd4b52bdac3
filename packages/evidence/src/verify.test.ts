import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonical, keyId, verifyPack, type VerifyOptions } from "./index.ts";
import { ALog, aMarkedPack, aPack, aPackInput, aPackWith, aScan, aSigner, junkNames } from "./testing/a-log.ts";
import { flip, forge, linesOf, reseal } from "./testing/mutate.ts";

const pack = aPack();
const lines = linesOf(pack);
const signer = aSigner();
const own = keyId(signer.publicKey);

/** The codes of what is wrong. */
function wrong(it: string | Uint8Array, options?: VerifyOptions): string[] {
  return verifyPack(it, options).problems.map((problem) => problem.split(" ")[0] ?? "");
}

/** The pack with some members of one line's content replaced, sealed again with the signer's own key. */
function forged(line: number, at: "entry" | "checkpoint" | undefined, change: Record<string, unknown>): string {
  return forge(pack, line, at ? [at] : [], (it) => Object.assign({}, it, change), signer);
}

test("a pack verifies, and says what it holds and who sealed it", () => {
  assert.deepEqual(verifyPack(pack), {
    ok: true,
    entries: 3,
    checkpoints: 2,
    documents: 4,
    late: 0,
    redacted: 0,
    grades: { signed: 0, authenticated: 0, plain: 0, ungraded: 2, redacted: 0 },
    origin: "outweigh.example/test",
    incident: "i1",
    signer: own,
    scanSigners: [],
    keys: [own],
    problems: [],
  });
});

test("a signed scan is vouched for by its own key, whatever the log's signer says of it", () => {
  const good = verifyPack(aPackWith(aScan()));
  assert.deepEqual([good.ok, good.scanSigners, good.keys], [true, [keyId(aSigner(9).publicKey)], [own]]);
  assert.deepEqual(verifyPack(aPackWith(aScan()), { trusted: [own] }).problems, []);
  for (const over of [{ report: '{"host":"gpu-2"}' }, { report: undefined }, { key: aSigner(8).publicKey }]) {
    const { scanSigners } = verifyPack(aPackWith(aScan(over)));
    assert.deepEqual([wrong(aPackWith(aScan(over))), scanSigners], [["SCAN_SIGNATURE"], []]);
  }
  const redacted = verifyPack(aPackWith(aScan(), (_kind, _id, field) => field === "report"));
  assert.deepEqual([redacted.ok, redacted.redacted, redacted.scanSigners], [true, 1, []]);
});

test("a document that was changed after it was put on record is named, and the pack does not hold", () => {
  const changed = verifyPack(aMarkedPack({ changed: [["event", "e1"]] }));
  assert.equal(changed.ok, false);
  assert.match(changed.problems.join(), /^CHANGED line 6: the event e1 is not what was put on record/);
  const late = verifyPack(
    aMarkedPack({
      late: [
        ["event", "e1"],
        ["event", "e2"],
        ["gap", "none"],
      ],
    }),
  );
  assert.deepEqual([late.ok, late.late], [true, 2]);
  for (const junk of junkNames) {
    assert.deepEqual(wrong(aMarkedPack({ changed: junk, late: junk })), []);
  }
});

test("a redacted pack verifies and no longer holds what was left out", () => {
  const less = aPack({ redact: (kind, _id, field) => (kind === "event" && field === "raw") || field === "to" });
  const { ok, redacted, problems } = verifyPack(less);
  assert.deepEqual([ok, redacted, problems], [true, 3, []]);
  assert.deepEqual([less.includes("GET /weights"), less.includes('"to":{"commitment"')], [false, true]);
});

test("everything may be left out but what puts documents on record", () => {
  const { ok, redacted } = verifyPack(aPack({ redact: () => true }));
  // 13 members of four documents; of three entries by and subject, and of two of them one field each.
  assert.deepEqual([ok, redacted], [true, 13 + 6 + 2]);
});

test("a bit turned over in any byte is found", () => {
  for (let byte = 0; byte < Buffer.byteLength(pack); byte++) {
    const { ok, signer: named } = verifyPack(flip(pack, byte * 8 + (byte % 8)));
    assert.deepEqual([ok, named], [false, undefined], `byte ${byte}`);
  }
});

test("a pack cut anywhere is found", () => {
  for (let length = 0; length < pack.length; length += 7) assert.equal(verifyPack(pack.slice(0, length)).ok, false);
  for (let kept = 1; kept < lines.length; kept++) {
    assert.equal(
      verifyPack(
        lines
          .slice(0, kept)
          .map((it) => `${it}\n`)
          .join(""),
      ).ok,
      false,
    );
  }
});

test("anything put in, taken out, replaced or moved is found", () => {
  const at = fc.nat({ max: pack.length });
  fc.assert(
    fc.property(
      at,
      at,
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", " ", "\n", "\r", "\ufeff", "{}\n", ...lines)),
      (a, b, text) => {
        const changed = pack.slice(0, Math.min(a, b)) + text + pack.slice(Math.max(a, b));
        assert.equal(verifyPack(changed).ok, changed === pack);
      },
    ),
    { numRuns: 1000 },
  );
  for (let a = 0; a < lines.length; a++) {
    for (let b = 0; b < a; b++) {
      const moved = lines.with(a, lines[b] ?? "").with(b, lines[a] ?? "");
      assert.equal(verifyPack(moved.map((it) => `${it}\n`).join("")).ok, false);
    }
  }
});

test("any bytes give an answer", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !verifyPack(bytes).ok));
  fc.assert(fc.property(fc.json(), (text) => !verifyPack(`${text}\n`).ok));
  const hostile = ["__proto__", "constructor", "toString"].map((name) => `{"type":"pack","${name}":1}\n`);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}\n`;
  for (const it of ["", "\n", "null\n", deep, "\n".repeat(300_000), ...hostile]) assert.equal(verifyPack(it).ok, false);
});

test("bytes that are not UTF-8, and texts that JSON could write another way, are found", () => {
  assert.deepEqual(wrong(Buffer.concat([Buffer.from(pack), Buffer.from([0xff])])), ["NOT_TEXT"]);
  assert.deepEqual(wrong(`\ufeff${pack}`), ["BAD_LINE"]);
  assert.deepEqual(wrong(pack.replace('"value":1}', '"value":1.0}')), ["NOT_CANONICAL"]);
  assert.deepEqual(wrong(pack.replace("mallory", "m\\u0061llory")), ["NOT_CANONICAL"]);
});

test("another key's seal is a seal, but not the one that is trusted", () => {
  const header = canonical({ ...JSON.parse(lines[0] ?? ""), keys: [signer.publicKey, aSigner(8).publicKey] });
  const resealed = reseal(lines.with(0, header), aSigner(8));
  assert.equal(verifyPack(resealed).signer, keyId(aSigner(8).publicKey));
  assert.deepEqual(wrong(resealed, { trusted: [own] }), ["UNTRUSTED_KEY"]);
  assert.deepEqual(wrong(pack, { trusted: [own] }), []);
  assert.deepEqual(wrong(reseal(lines, aSigner(8))), ["UNKNOWN_KEY"]);
});

test("whoever can seal still cannot change what the log holds", () => {
  const by = { salt: "0".repeat(32), value: "eve" };
  const zero = "0".repeat(64);
  assert.deepEqual(wrong(forged(1, undefined, { fields: { title: by } })), ["NOT_ON_RECORD"]);
  assert.deepEqual(wrong(forged(1, undefined, { id: "i2" })), ["NOT_ON_RECORD", "INCIDENT"]);
  assert.deepEqual(wrong(forged(5, "entry", { by })), ["ENTRY_HASH"]);
  assert.deepEqual(wrong(forged(5, "entry", { time: 5 })), ["ENTRY_HASH"]);
  assert.deepEqual(wrong(forged(6, "entry", { hash: zero })), ["ENTRY_HASH", "ENTRY_PROOF", "ENTRY_CHAIN"]);
  assert.deepEqual(wrong(forged(5, undefined, { proof: [] })), ["ENTRY_PROOF"]);
  assert.deepEqual(wrong(forged(9, "checkpoint", { time: 5 })), ["CHECKPOINT_SIGNATURE"]);
  assert.deepEqual(wrong(forged(9, "checkpoint", { root: zero })).slice(-2), ["CHECKPOINT_SIGNATURE", "FORK"]);
  assert.deepEqual(wrong(forged(9, undefined, { consistency: [] })), ["FORK"]);
});

test("whoever can seal still cannot leave out, repeat or move entries and documents unseen", () => {
  assert.deepEqual(wrong(reseal(lines.toSpliced(5, 1), signer)), ["NOT_ON_RECORD", "NOT_ON_RECORD", "NOT_ON_RECORD"]);
  assert.deepEqual(wrong(reseal(lines.with(6, lines[7] ?? "").with(7, lines[6] ?? ""), signer)), ["ENTRY_ORDER"]);
  assert.deepEqual(wrong(reseal(lines.toSpliced(6, 0, lines[6] ?? ""), signer)), ["ENTRY_ORDER"]);
  assert.deepEqual(wrong(reseal(lines.toSpliced(3, 0, lines[3] ?? ""), signer)), ["DOCUMENT_TWICE"]);
  assert.deepEqual(wrong(reseal(lines.toSpliced(1, 1), signer)), ["INCIDENT"]);
  assert.deepEqual(wrong(reseal(lines.toSpliced(8, 2), signer)).at(-1), "NO_CHECKPOINT");
  assert.ok(wrong(reseal([...lines.slice(0, 8), lines[9] ?? "", lines[8] ?? ""], signer)).includes("FORK"));
});

test("a log written anew by its own signer contradicts a checkpoint kept from before", () => {
  const known = aPackInput().checkpoints;
  const rewritten = (size: number) => {
    const log = new ALog();
    for (let i = 0; i < size; i++) log.add("other");
    return [log.sign()];
  };
  assert.deepEqual(wrong(pack, { known }), []);
  assert.deepEqual(wrong(pack, { known: rewritten(4) }), ["FORK"]);
  assert.deepEqual(wrong(pack, { known: rewritten(5) }), ["KNOWN_NOT_SHOWN"]);
  assert.deepEqual(wrong(pack, { known: rewritten(20) }), ["ROLLBACK"]);
});
