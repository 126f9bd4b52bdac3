import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { ScanReport } from "@outweigh/schema";
import { keyId, looksSigned, signedScanLine } from "@outweigh/evidence";
import { readSignedScan, signScan } from "./signed-scan.ts";

const at = "2026-11-26T00:00:00.000Z";
const report: ScanReport = {
  version: "0",
  host: "gpu-1",
  startedAt: at,
  finishedAt: at,
  roots: ["/srv/models"],
  filesSeen: 3,
  bytesRead: 9,
  models: [],
  listeners: [],
  paths: [],
  notSeen: [],
};
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const document = Buffer.from(signedScanLine(signScan(report, privateKey)));

test("a signed scan says who signed it, by every name of the key, and what", () => {
  const read = readSignedScan(document);
  assert.ok(looksSigned(document) && "report" in read);
  assert.deepEqual(read.report, report);
  const spki = publicKey.export({ type: "spki", format: "der" }).toString("base64");
  assert.deepEqual(read.names, [keyId(read.key), read.key, spki]);
});

test("any flipped bit is found", () => {
  fc.assert(
    fc.property(fc.nat(document.length - 2), fc.nat(7), (place, bit) => {
      const changed = Buffer.from(document);
      changed[place] = (changed[place] ?? 0) ^ (1 << bit);
      const read = readSignedScan(changed);
      assert.ok("problem" in read, changed.toString());
    }),
    { numRuns: 500 },
  );
});

test("any bytes are an answer", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (it) => assert.ok("problem" in readSignedScan(it))));
  fc.assert(
    fc.property(fc.jsonValue(), (it) => {
      assert.ok("problem" in readSignedScan(Buffer.from(JSON.stringify({ signedScan: 1, report: it }))));
    }),
  );
});
