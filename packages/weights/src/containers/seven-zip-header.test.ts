import assert from "node:assert/strict";
import { test } from "node:test";
import { readSevenZipHeader } from "./seven-zip-header.ts";

test("a part that stands twice is refused: a kilobyte of file lists took five seconds", () => {
  const files = [0x05, 0xc1, 0x86, 0x9f, 0x00]; // a list of 106,374 files without a property
  const once = Uint8Array.of(0x01, ...files, 0x00);
  assert.equal(readSevenZipHeader(once).names.length, 0x1_9f86);
  assert.throws(() => readSevenZipHeader(Uint8Array.of(0x01, ...files, ...files, 0x00)), /7z property 5 twice/);
  const streams = [0x04, 0x00]; // none
  assert.throws(() => readSevenZipHeader(Uint8Array.of(0x01, ...streams, ...streams, 0x00)), /7z property 4 twice/);
  const packs = [0x06, 0x00, 0x00, 0x00];
  assert.throws(
    () => readSevenZipHeader(Uint8Array.of(0x01, 0x04, ...packs, ...packs, 0x00, 0x00)),
    /property 6 twice/,
  );
});
