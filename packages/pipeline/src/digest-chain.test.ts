import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkDigests, readDigest, readDigestKeys, type DigestFile } from "./digest-chain.ts";
import { PipelineError } from "./error.ts";
import { aDigestChain, aDigestKey, bucket, logName, sha256, type MadeDigest } from "./testing/a-digest-chain.ts";

const key = aDigestKey();
const keys = readDigestKeys(key.listed);
const hours = [0, 1, 2, 3].map((hour) => [{ name: logName(hour), bytes: Buffer.from(`{"Records":[${hour}]}`) }]);
const made = aDigestChain(hours, key);
const logs = hours.flat().map(({ name, bytes }) => ({ name, hash: sha256(bytes) }));
const read = (all: readonly MadeDigest[]) => all.map((it) => digest(it));
const digest = ({ bytes, signature }: MadeDigest): DigestFile => readDigest(bytes, signature) ?? assert.fail();
const codes = (check: ReturnType<typeof checkDigests>) => check.problems.map((it) => [it.code, it.file]);
const at = (i: number) => `${bucket}/${made[i]?.object}`;

test("a whole chain vouches for every log file that it names", () => {
  const check = checkDigests(read(made), logs, keys);
  assert.deepEqual([codes(check), check.signed], [[], 4]);
  for (const it of logs) assert.ok(check.vouched.has(it.hash));
});

test("copied files have no metadata: the next digest holds the signature, and the last vouches for nothing without its own", () => {
  const bare = made.map(({ bytes }) => readDigest(bytes) ?? assert.fail());
  const check = checkDigests(bare, logs, keys);
  assert.deepEqual(codes(check), [["DIGEST_NOT_SIGNED", at(3)]]);
  assert.deepEqual(
    logs.map((it) => check.vouched.has(it.hash)),
    [true, true, true, false],
  );
});

test("a forged line, a log file that is gone, and one that was put in are each named", () => {
  const forged = logs.with(1, { name: logName(1), hash: sha256(Buffer.from("forged")) });
  const check = checkDigests(read(made), forged, keys);
  assert.deepEqual(codes(check), [["LOG_CHANGED", `${bucket}/${logName(1)}`]]);
  assert.equal(check.vouched.has(sha256(Buffer.from("forged"))), false);
  const gone = checkDigests(read(made), logs.toSpliced(2, 1), keys);
  assert.deepEqual(codes(gone), [["LOG_MISSING", `${bucket}/${logName(2)}`]]);
  const put = { name: `/copied/${logName(1, 30)}`, hash: sha256(Buffer.from("put in")) };
  assert.deepEqual(codes(checkDigests(read(made), [...logs, put], keys)), [["LOG_NOT_NAMED", put.name]]);
  // What came after the last digest is not vouched for yet, and no fault.
  const fresh = { ...put, name: logName(9) };
  assert.deepEqual(codes(checkDigests(read(made), [...logs, fresh], keys)), []);
});

test("a log file under another name is the one that it was, by its bytes", () => {
  const moved = logs.map((it, i) => ({ ...it, name: `/archive/${i}.json` }));
  assert.deepEqual(codes(checkDigests(read(made), moved, keys)), []);
});

test("a digest that is lost from the chain is named by the next one; the oldest that was given begins it", () => {
  assert.deepEqual(codes(checkDigests(read(made.toSpliced(1, 1)), logs, keys)), [["DIGEST_LOST", at(1)]]);
  assert.deepEqual(codes(checkDigests(read(made.slice(2)), logs.slice(2), keys)), []);
});

test("a digest that was written anew does not hold, whoever signed it, and vouches for nothing", () => {
  const other = aDigestKey();
  const anew = aDigestChain(hours.with(1, [{ name: logName(1), bytes: Buffer.from("forged") }]), other);
  const check = checkDigests(read(made.with(1, anew[1] ?? assert.fail())), logs, keys);
  assert.deepEqual(codes(check), [["DIGEST_CHANGED", at(1)]]);
  assert.equal(check.vouched.has(sha256(Buffer.from("forged"))), false);
  const all = checkDigests(read(anew), logs, keys);
  assert.deepEqual(
    [all.signed, all.vouched.size, new Set(all.problems.map((it) => it.code))],
    [0, 0, new Set(["DIGEST_CHANGED"])],
  );
  const unknown = checkDigests(read(made), logs, new Map());
  assert.deepEqual([unknown.signed, new Set(unknown.problems.map((it) => it.code))], [0, new Set(["NO_KEY"])]);
});

test("a chain that begins anew where older digests are was cut, or switched off in between", () => {
  const later = aDigestChain([[], [], [], hours[3] ?? []], key).slice(3);
  const cut = later.map(({ bytes, ...it }) => {
    const none = { previousDigestS3Bucket: null, previousDigestS3Object: null, previousDigestHashValue: null };
    const content = { ...JSON.parse(bytes.toString()), ...none, previousDigestSignature: null };
    return { ...it, bytes: Buffer.from(JSON.stringify(content)) };
  });
  const again = aDigestChain([hours[3] ?? []], key, 3);
  assert.deepEqual(codes(checkDigests(read([...made.slice(0, 2), ...again]), logs.toSpliced(2, 1), keys)), [
    ["CHAIN_BEGINS_ANEW", at(3)],
  ]);
  // Its signature does not hold: so it is not believed that the chain begins anew, either.
  assert.deepEqual(codes(checkDigests(read([...made.slice(0, 2), ...cut]), logs.slice(0, 2), keys)), [
    ["DIGEST_CHANGED", at(3)],
  ]);
});

test("any change of any byte of a digest or a log file is found", () => {
  const fixed = read(made);
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (i, place, by) => {
      const bytes = Buffer.from(made[i]?.bytes ?? []);
      const spot = place % bytes.length;
      bytes[spot] = (bytes[spot] ?? 0) ^ by;
      const changed = readDigest(bytes, made[i]?.signature);
      const all = changed ? fixed.with(i, changed) : fixed.toSpliced(i, 1);
      const check = checkDigests(all, logs, keys);
      // One that cannot be read any more is not there: the one after it says so, unless it was at an end of the chain.
      const isEnd = i === 0 || i === 3;
      assert.ok(check.problems.length > 0 || (changed === undefined && isEnd));
      const hash = sha256(hours[i]?.[0]?.bytes ?? Buffer.alloc(0));
      assert.equal(check.vouched.has(hash), false);
    }),
    { numRuns: 60 },
  );
});

test("any bytes are a digest or none, and what are no keys is refused with a code", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array(),
        fc.json().map((it) => Buffer.from(it)),
      ),
      (bytes) => {
        assert.ok(readDigest(bytes, "zz") === undefined || readDigest(bytes)?.hash !== undefined);
      },
    ),
  );
  for (const text of ["", "{}", '{"PublicKeyList":[]}', '{"PublicKeyList":[{"Fingerprint":"a","Value":"AAAA"}]}'])
    assert.throws(
      () => readDigestKeys(text),
      (error) => error instanceof PipelineError && error.code === "BAD_KEYS",
    );
});

test("however many files tell another signature of a digest, its own is tried, and no more than a few of theirs", () => {
  const { content } = digest(made[3] ?? assert.fail());
  const told = (i: number) => String(i).padStart(256, "0");
  // Each claims to come after the last one; 3,000 times 3,000 tries would take a quarter of an hour.
  const decoys = Array.from({ length: 3000 }, (_, i) => ({
    ...content,
    previousDigestS3Bucket: bucket,
    previousDigestS3Object: made[3]?.object,
    previousDigestSignature: told(i),
  }));
  const all = decoys.map((it) => readDigest(Buffer.from(JSON.stringify(it)), told(0)) ?? assert.fail());
  const check = checkDigests([...all, ...read(made)], logs, keys);
  assert.equal(check.signed, 4);
  for (const it of logs) assert.ok(check.vouched.has(it.hash));
});
