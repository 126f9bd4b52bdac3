import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { aFolder } from "../testing/a-disk.ts";
import { aCapability, anAccessList, aPlanter, capabilityName, group, listName, user } from "../testing/attributes.ts";
import { parseAccessList } from "./access-list.ts";
import { AttributeReader, attributesIn, parseCapability, withoutHelper } from "./attributes.ts";

test("what files carry is read in the order of their paths, whatever these are called", async (t) => {
  const planter = await aPlanter(t);
  if (!planter) return;
  const folder = aFolder(t);
  const [listed, plain, capable] = [join(folder, "a\nb"), join(folder, "plain"), join(folder, "-x")];
  const [gone, link] = [join(folder, "gone"), join(folder, "link")];
  for (const it of [listed, plain, capable]) writeFileSync(it, "");
  symlinkSync(listed, link);
  planter.set(listed, listName, anAccessList([[user, 4, 5001]]));
  planter.set(capable, capabilityName, aCapability(4n));

  const reader = new AttributeReader(planter.helper);
  reader.learn([listed, plain, capable, gone, link]);
  const list = reader.of(listed).list;
  assert.deepEqual(list.state === "read" && [...list.value.users], [[5001, 4]]);
  assert.equal(reader.of(plain).list.state, "none");
  assert.equal(reader.of(plain).capability.state, "none");
  assert.deepEqual(reader.of(capable).capability, { state: "read", value: { permitted: 4n, effective: true } });
  assert.deepEqual(reader.of(gone).list, { state: "unknown", why: "gone" });
  assert.notEqual(reader.of(link).list.state, "read", "a link is not followed");
});

test("more paths than one batch holds, and paths that are too long, are answered each", async (t) => {
  const planter = await aPlanter(t);
  if (!planter) return;
  const folder = aFolder(t);
  mkdirSync(join(folder, "d"));
  const many = Array.from(
    { length: 10_001 },
    (_, i) => `${folder}${"/.".repeat(i % 7)}/d/${"../d/".repeat((i >> 4) & 31)}${i}`,
  );
  const long = `${folder}/${"x/".repeat(4000)}`;
  const reader = new AttributeReader(planter.helper);
  reader.learn([...many, long, folder]);
  assert.equal(reader.of(folder).list.state, "none");
  assert.deepEqual(reader.of(long).list, { state: "unknown", why: "its path is too long" });
  assert.ok(many.every((it) => reader.of(it).list.state === "unknown"));
});

test("without the helper, and with one that fails, it is not known: never that there is none", () => {
  const without = new AttributeReader();
  without.learn(["/etc/passwd"]);
  assert.deepEqual(without.of("/etc/passwd").list, { state: "unknown", why: withoutHelper });
  for (const helper of ["/nonexistent/helper", "/bin/false", "/bin/true"]) {
    const broken = new AttributeReader(helper);
    broken.learn(["/etc/passwd"]);
    assert.equal(broken.of("/etc/passwd").list.state, "unknown", helper);
    assert.equal(broken.of("/etc/passwd").capability.state, "unknown", helper);
  }
  assert.equal(new AttributeReader("/bin/true").of("/never/asked").list.state, "unknown");
});

test("any bytes of a helper are an answer for each path or none at all", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 8 }), (bytes, paths) => {
      const said = attributesIn(Buffer.from(bytes), paths);
      assert.ok(said === undefined || said.length === paths);
    }),
  );
});

test("an access list is read as the kernel writes it; any other bytes are none", () => {
  const list = parseAccessList(anAccessList([[user, 4, 5001], [group, 6, 70]], { own: 1, mask: 5 })); // prettier-ignore
  assert.deepEqual(list, { group: 1, mask: 5, users: new Map([[5001, 4]]), groups: new Map([[70, 6]]) });
  const good = anAccessList([[user, 4, 5001]]);
  for (const cut of [0, 3, 4, 11, good.length - 1]) assert.equal(parseAccessList(good.subarray(0, cut)), undefined);
  const [older, named] = [Buffer.from(good), Buffer.from(good)];
  older.writeUInt32LE(1, 0);
  assert.equal(parseAccessList(older), undefined);
  named.writeUInt16LE(0x40, 4);
  assert.equal(parseAccessList(named), undefined, "an unknown tag is not passed over");
  assert.equal(parseAccessList(anAccessList([[user, 4, 1], [user, 0, 1]])), undefined, "named twice"); // prettier-ignore
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const found = parseAccessList(Buffer.from(bytes));
      assert.ok(found === undefined || found.mask <= 7);
    }),
  );
});

test("a capability is read in all its revisions; one for another namespace gives nothing here", () => {
  assert.deepEqual(parseCapability(aCapability(1n << 40n, false)), { permitted: 1n << 40n, effective: false });
  const rooted = (uid: number) => Buffer.concat([aCapability(4n), Buffer.from([uid, 0, 0, 0])]);
  const third = (uid: number) => {
    const it = rooted(uid);
    it.writeUInt32LE(0x0300_0001, 0);
    return it;
  };
  assert.deepEqual(parseCapability(third(0)), { permitted: 4n, effective: true });
  assert.deepEqual(parseCapability(third(9)), { permitted: 0n, effective: true });
  assert.equal(parseCapability(rooted(0)), undefined);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), (it) => parseCapability(Buffer.from(it)) !== null));
});
