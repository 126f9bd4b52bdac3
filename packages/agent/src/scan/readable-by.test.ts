import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseAccounts } from "./accounts.ts";
import { readersOf, type Permissions } from "./readable-by.ts";

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

test("accounts: broken lines are left out, root is not listed", () => {
  assert.deepEqual(
    accounts.users.map((it) => it.name),
    ["ana", "bo", "cy"],
  );
  assert.deepEqual(parseAccounts("nonsense\n:x:1:1\na:x:no:1\n", "x").users, []);
  fc.assert(fc.property(fc.string(), fc.string(), (passwd, group) => parseAccounts(passwd, group).leftOut >= 0));
});
