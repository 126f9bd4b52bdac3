import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { EvidenceError, rootOf, sha256, Tree, verifyConsistency, verifyInclusion, type Frontier } from "./index.ts";
import { addLeaf, leafHash } from "./merkle.ts";

const hashes = Array.from({ length: 70 }, (_, i) => sha256(`entry ${i}`));

/** RFC 9162 §2.1.1 word for word: the slow truth. */
function rootByDefinition(entries: readonly string[]): string {
  if (entries.length === 0) return sha256("");
  if (entries.length === 1) return leafHash(entries[0] ?? "");
  let k = 1;
  while (k * 2 < entries.length) k *= 2;
  const [left, right] = [rootByDefinition(entries.slice(0, k)), rootByDefinition(entries.slice(k))];
  return createHash("sha256").update("\u0001").update(left, "hex").update(right, "hex").digest("hex");
}

test("the empty tree and the empty leaf have the hashes that RFC 6962 logs have", () => {
  assert.equal(new Tree([]).root(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  assert.equal(leafHash(""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
});

test("frontier and tree give the root of the definition, at every size", () => {
  const tree = new Tree(hashes);
  let frontier: Frontier = [];
  for (let size = 0; size <= hashes.length; size++) {
    const root = rootByDefinition(hashes.slice(0, size));
    assert.equal(rootOf(frontier), root);
    assert.equal(tree.root(size), root);
    frontier = addLeaf(frontier, size, leafHash(hashes[size] ?? ""));
  }
});

test("every leaf of every tree has a proof, and it proves no other leaf, size or root", () => {
  const tree = new Tree(hashes);
  for (let size = 1; size <= 40; size++) {
    const root = tree.root(size);
    for (let index = 0; index < size; index++) {
      const it = { index, size, entryHash: hashes[index] ?? "", root, proof: tree.inclusion(index, size) };
      assert.ok(verifyInclusion(it));
      assert.ok(!verifyInclusion({ ...it, entryHash: sha256("other") }));
      assert.ok(!verifyInclusion({ ...it, root: sha256("other") }));
      assert.ok(!verifyInclusion({ ...it, proof: [...it.proof, sha256("other")] }));
      assert.ok(!verifyInclusion({ ...it, index: size }));
      if (size > 1) {
        assert.ok(!verifyInclusion({ ...it, proof: it.proof.slice(0, -1) }));
        assert.ok(!verifyInclusion({ ...it, index: (index + 1) % size }));
      }
    }
  }
});

test("every older tree is proven to be the beginning of every newer one, and no other is", () => {
  const tree = new Tree(hashes);
  for (let size = 0; size <= 40; size++) {
    for (let oldSize = 0; oldSize <= size; oldSize++) {
      const proof = tree.consistency(oldSize, size);
      const it = { oldSize, oldRoot: tree.root(oldSize), size, root: tree.root(size), proof };
      assert.ok(verifyConsistency(it), `${oldSize} in ${size}`);
      assert.ok(!verifyConsistency({ ...it, oldRoot: sha256("other") }));
      if (oldSize > 0) assert.ok(!verifyConsistency({ ...it, root: sha256("other") }));
      assert.ok(!verifyConsistency({ ...it, proof: [...proof, sha256("other")] }));
      if (proof.length > 0) assert.ok(!verifyConsistency({ ...it, proof: proof.slice(1) }));
      if (oldSize > 1 && oldSize < size) assert.ok(!verifyConsistency({ ...it, oldSize: oldSize - 1 }));
    }
  }
});

test("no proof leads to a root unless it is the tree's own", () => {
  const tree = new Tree(hashes);
  const size = fc.integer({ min: 0, max: 70 });
  const proof = fc.array(fc.constantFrom(...hashes.slice(0, 4), tree.root(4), tree.root(70)), { maxLength: 8 });
  fc.assert(
    fc.property(size, size, size, proof, (index, oldSize, newSize, hints) => {
      const entryHash = hashes[index] ?? sha256("none");
      const inclusion = verifyInclusion({ index, size: newSize, entryHash, root: tree.root(newSize), proof: hints });
      if (inclusion) assert.deepEqual(hints, tree.inclusion(index, newSize));
      const roots = { oldRoot: tree.root(oldSize), root: tree.root(newSize) };
      const consistency = verifyConsistency({ oldSize, size: newSize, ...roots, proof: hints });
      if (consistency) assert.deepEqual(hints, tree.consistency(oldSize, newSize));
    }),
  );
});

test("refuses places outside the tree", () => {
  const tree = new Tree(hashes);
  const bad = [() => tree.root(71), () => tree.inclusion(5, 5), () => tree.inclusion(-1), () => tree.consistency(6, 5)];
  for (const ask of bad) {
    assert.throws(ask, (error) => error instanceof EvidenceError && error.code === "BAD_TREE");
  }
});
