import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAccessList, type AccessList } from "./access-list.ts";
import { parseAccounts } from "./accounts.ts";
import { anAccessList, group, user } from "../testing/attributes.ts";
import { may, readersOf, type Permissions } from "./readable-by.ts";

const accounts = parseAccounts(
  "root:x:0:0::/root:/bin/sh\nana:x:1000:1000::/home/ana:/bin/sh\nbo:x:1001:1001::/home/bo:/bin/sh\ncy:x:1002:1002::/home/cy:/bin/sh\n",
  "root:x:0:\nml:x:2000:ana,bo\nana:x:1000:\nbo:x:1001:\ncy:x:1002:\n",
);

/** A path as modes: the root folder, then `/srv`, then `/srv/model`. */
function chain(folder: Partial<Permissions>, file: Partial<Permissions>): Permissions[] {
  return [
    { path: "/", mode: 0o755, uid: 0, gid: 0 },
    { path: "/srv", mode: 0o755, uid: 0, gid: 0, ...folder },
    { path: "/srv/model", mode: 0o600, uid: 1000, gid: 1000, ...file },
  ];
}
const names = (folder: Partial<Permissions>, file: Partial<Permissions>) =>
  readersOf(chain(folder, file), accounts).names;

test("a file for its owner alone has no other readers", () => assert.deepEqual(names({}, { mode: 0o600 }), []));

test("a file for everybody is read by any local user", () => assert.deepEqual(names({}, { mode: 0o644 }), ["other"]));

test("a file for everybody in a closed home is closed", () => {
  assert.deepEqual(names({ mode: 0o700, uid: 1000, gid: 1000 }, { mode: 0o644 }), []);
});

test("a group that may read is named, if it has members besides the owner", () => {
  assert.deepEqual(names({}, { mode: 0o640, gid: 2000 }), ["group:ml"]);
  assert.deepEqual(names({}, { mode: 0o640, gid: 1000 }), [], "a person's own group has only that person");
});

test("the owner of a closed folder above can pass it", () => {
  assert.deepEqual(names({ mode: 0o700, uid: 1002, gid: 1002 }, { mode: 0o644 }), ["user:cy"]);
});

test("a group that is shut out is shut out, even if everybody else may read", () => {
  const { names: found } = readersOf(chain({}, { mode: 0o604, gid: 2000 }), accounts);
  assert.deepEqual(found, ["other"], "others read it; members of ml do not, and are not named");
});

test("the proof is the bits of every step", () => {
  assert.equal(
    readersOf(chain({ mode: 0o1777 }, { mode: 0o644 }), accounts).proof,
    "/ 0755 → /srv 1777 → /srv/model 0644",
  );
});

test("nobody can read what no step lets through, whatever the bits", () => {
  const mode = fc.integer({ min: 0, max: 0o777 });
  fc.assert(
    fc.property(mode, mode, (folder, file) => {
      const found = names({ mode: folder }, { mode: file });
      if (found.includes("other")) assert.ok((folder & 0o001) !== 0 && (file & 0o004) !== 0);
      if ((folder & 0o011) === 0) assert.deepEqual(found, []);
    }),
  );
});

/** A list as a file carries it, and the bits of the group that the kernel shows with it: the mask. */
function listed(
  named: Parameters<typeof anAccessList>[0],
  over: Parameters<typeof anAccessList>[1] = {},
): { list: AccessList; mode: number } {
  const list = parseAccessList(anAccessList(named, over));
  assert.ok(list);
  return { list, mode: 0o600 | (list.mask << 3) | (over.other ?? 0) };
}
const readers = (folder: Partial<Permissions>, file: Partial<Permissions>) => readersOf(chain(folder, file), accounts);

test("a user whom an access list lets read is named, with the entry to take out", () => {
  const found = readers({}, listed([[user, 4, 1002]]));
  assert.deepEqual([found.names, found.byList], [["user:cy"], ["user:cy"]]);
  assert.deepEqual([...found.entries], [["/srv/model", new Set(["u:cy"])]]);
  assert.match(found.proof, /\/srv\/model 0670 user:1002:r-- mask::rwx$/);
});

test("the mask is respected: what it keeps from the list's users is not theirs", () => {
  assert.deepEqual(readers({}, listed([[user, 4, 1002]], { mask: 3 })).names, []);
  assert.deepEqual(readers({}, listed([[group, 6, 2000]], { mask: 2 })).names, []);
});

test("a group that an access list lets read is named by its members", () => {
  const found = readers({}, listed([[group, 4, 2000]]));
  assert.deepEqual([found.names, found.byList], [["group:ml"], ["group:ml"]]);
  assert.deepEqual([...found.entries], [["/srv/model", new Set(["g:ml"])]]);
});

test("bits of the group are the list's mask, not what the group may", () => {
  const file = { ...listed([[user, 4, 1002]], { own: 0, mask: 4 }), gid: 2000 };
  assert.deepEqual(readers({}, file).names, ["user:cy"], "0640 and yet members of ml may not read");
});

test("whom a list shuts out is shut out, and the others of the group stand alone", () => {
  const file = { ...listed([[user, 0, 1001]], { own: 4 }), gid: 2000, uid: 1002 };
  const found = readers({}, file);
  assert.deepEqual([found.names, found.byList], [["user:ana"], []]);
});

test("a list of a folder above can be what opens a file for all", () => {
  const folder = { ...listed([[user, 1, 1002]]), uid: 0 };
  const found = readers(folder, { mode: 0o644 });
  assert.deepEqual([found.names, found.byList], [["user:cy"], ["user:cy"]]);
  assert.deepEqual([...found.entries], [["/srv", new Set(["u:cy"])]]);
});

test("a user of a list who has no account here is told by number; root is not told", () => {
  assert.deepEqual(readers({}, listed([[user, 4, 77], [user, 4, 0]])).names, ["user:77"]); // prettier-ignore
});

test("who may write or run is told like who may read", () => {
  const it = chain({}, listed([[user, 2, 1001], [user, 1, 1002]])); // prettier-ignore
  assert.deepEqual(readersOf(it, accounts, may.write).names, ["user:bo"]);
  assert.deepEqual(readersOf(it, accounts, may.run).names, ["user:cy"]);
});

test("without its named entries a list lets in whom the bits let in: nobody gains or loses otherwise", () => {
  const rights = fc.integer({ min: 0, max: 7 });
  const named = fc.uniqueArray(fc.tuple(fc.constantFrom(user, group), rights, fc.constantFrom(1001, 1002, 2000)), {
    selector: ([tag, , id]) => `${tag} ${id}`,
    maxLength: 5,
  });
  fc.assert(
    fc.property(named, rights, rights, rights, (entries, own, mask, other) => {
      const found = readers({}, { ...listed(entries, { own, mask, other }), gid: 2000, uid: 1000 });
      const bits = readers({}, { mode: 0o600 | ((own & mask) << 3) | other, gid: 2000, uid: 1000 });
      const byBits = (name: string) => bits.names.includes(name) || bits.names.includes("other");
      for (const it of found.byList) assert.ok(it.startsWith("group:") || !byBits(it), it);
      if ((other & 4) !== 0) assert.ok(found.names.includes("other"));
      assert.equal(found.byList.length > 0, found.entries.size > 0);
    }),
  );
});

test("accounts: broken lines are left out, root is not listed", () => {
  assert.deepEqual(
    accounts.users.map((it) => it.name),
    ["ana", "bo", "cy"],
  );
  assert.deepEqual(parseAccounts("nonsense\n:x:1:1\na:x:no:1\n", "x").users, []);
  fc.assert(fc.property(fc.string(), fc.string(), (passwd, group) => parseAccounts(passwd, group).leftOut >= 0));
});
