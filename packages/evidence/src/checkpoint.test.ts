import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { checkpointNote, EvidenceError, isSignedBy, keyId, signedNote, signerOf, verifyCheckpoint } from "./index.ts";
import { noteKeyHash } from "./checkpoint.ts";
import { ALog, aSigner } from "./testing/a-log.ts";

function aCheckpoint() {
  const log = new ALog();
  log.add();
  log.add();
  return log.sign();
}

test("a checkpoint verifies with its key, and with no other", () => {
  const it = aCheckpoint();
  assert.ok(verifyCheckpoint(it));
  assert.ok(verifyCheckpoint(it, [it.key]));
  assert.ok(!verifyCheckpoint(it, [aSigner(8).publicKey]));
  assert.ok(!verifyCheckpoint({ ...it, key: aSigner(8).publicKey }));
});

test("any change of it breaks the signature", () => {
  const it = aCheckpoint();
  const changes = [{ origin: "x" }, { size: 3 }, { root: it.root.replace(/^./, "z") }, { time: it.time + 1 }];
  for (const change of changes) assert.ok(!verifyCheckpoint({ ...it, ...change }), JSON.stringify(change));
  for (let at = 0; at < it.signature.length; at++) {
    const digit = (Number.parseInt(it.signature[at] ?? "", 16) ^ 1).toString(16);
    assert.ok(
      !verifyCheckpoint({ ...it, signature: `${it.signature.slice(0, at)}${digit}${it.signature.slice(at + 1)}` }),
    );
  }
});

test("RFC 8032's own signature verifies", () => {
  // §7.1, TEST 1: the empty message.
  const key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
  const signature =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";
  assert.ok(isSignedBy(key, "", signature));
  assert.ok(!isSignedBy(key, "x", signature));
  assert.ok(!isSignedBy("ff".repeat(32), "", signature));
  assert.ok(!isSignedBy("", "", ""));
});

test("the note is the one that witnesses sign", () => {
  const it = aCheckpoint();
  const root = Buffer.from(it.root, "hex").toString("base64");
  assert.equal(checkpointNote(it), `outweigh.example/test\n2\n${root}\ntime ${it.time}\n`);
  assert.match(signedNote(it), /\n\n— outweigh\.example\/test [A-Za-z0-9+/]{91}=\n$/u);
  // The public key of Go's checksum database names itself 033de0ae.
  const known = Buffer.from("Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8", "base64").subarray(1).toString("hex");
  assert.equal(Buffer.from(noteKeyHash("sum.golang.org", known)).toString("hex"), "033de0ae");
});

test("a PEM of another kind is refused", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  for (const key of ["no pem", rsa, publicKey]) {
    assert.throws(
      () => signerOf(key),
      (error) => error instanceof EvidenceError && error.code === "BAD_KEY",
    );
  }
  const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  assert.match(keyId(signerOf(pem).publicKey), /^ed25519:[0-9a-f]{32}$/);
});
