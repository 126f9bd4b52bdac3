import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { addressSegments, cleanSegments, decodeOnce, hfAddress, ociAddress, s3Address } from "./artifact.ts";

test("S3 keys are opaque: doubled slashes and dots are names of their own", () => {
  assert.deepEqual(addressSegments(s3Address("Acme-Models", "a//b/../c")), [
    "s3",
    "acme-models",
    "a",
    "",
    "b",
    "..",
    "c",
  ]);
});

test("paths lose empty segments and dots, and never climb above their root", () => {
  assert.deepEqual(addressSegments("http:/a//./b/../../../c"), ["http", "c"]);
});

test("Hugging Face ignores case in owner and repository, not in files", () => {
  assert.deepEqual(addressSegments("hf:Acme/ACME-13b/Model.bin"), ["hf", "acme", "acme-13b", "Model.bin"]);
  assert.equal(hfAddress(["Acme", "M"], ["A", "b.bin"]), "hf:acme/m/A/b.bin");
});

test("OCI addresses cut at tags and digests", () => {
  assert.deepEqual(addressSegments(ociAddress("models/a", "v2")), ["oci", "models", "a", "v2"]);
  assert.deepEqual(addressSegments(ociAddress("models/a", "sha256:AB")), ["oci", "models", "a", "@sha256:ab"]);
});

test("percent-encoding is undone once, and what is broken stays", () => {
  assert.equal(decodeOnce("%252e%2e/%zz/%ff"), "%2e./%zz/%ff");
});

test("cleaning is idempotent, and decoding never throws", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("", ".", "..", "a", "b")), (segments) => {
      const once = cleanSegments(segments);
      assert.deepEqual(cleanSegments(once), once);
      assert.ok(once.every((it) => it !== "" && it !== "." && it !== ".."));
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof decodeOnce(`%${text}`) === "string"));
});
