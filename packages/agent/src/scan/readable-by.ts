import { allowedByList, entriesFor, listText, withoutNamed, type AccessList } from "./access-list.ts";
import type { Account, Accounts } from "./accounts.ts";

/** What the system says of one folder or file. */
export interface Permissions {
  readonly path: string;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Its access list. Absent: it has none, or none is known of. */
  readonly list?: AccessList;
}

/** Who can read a file, besides its owner and root. */
interface Readers {
  /** `other`, `group:<name>`, `user:<name>`; sorted by how many that are: `other` first. */
  readonly names: readonly string[];
  /** Those of them who can by access lists alone. */
  readonly byList: readonly string[];
  /** What `setfacl -x` has to take away so that those cannot: entries by the path of their list. */
  readonly entries: ReadonlyMap<string, ReadonlySet<string>>;
  /** The bits and the list of each step, from the root folder to the file: the proof. */
  readonly proof: string;
}

/** Somebody without an account of note: owns nothing, is in no group. */
const nobody: Account = { name: "other", uid: -1, gids: new Set() };

/** What may be done with a file, as a bit of its permissions. */
export const may = { read: 0o4, write: 0o2, run: 0o1 } as const;
const pass = 0o1;

/**
 * Who can read a file, or do `bit` with it, by the permission bits and access lists of the file and of every folder above it: a readable file
 * in a closed home is closed.
 *
 * @param chain From the root folder to the file, none left out.
 * Blind spot: capabilities of programs; lists where `list` is absent because nobody could tell; a process that was handed the open file.
 */
export function readersOf(chain: readonly Permissions[], accounts: Accounts, bit: number = may.read): Readers {
  const file = chain.at(-1);
  const proof = chain
    .map(({ path, mode, list }) => `${path} ${octal(mode)}${list ? ` ${listText(list)}` : ""}`)
    .join(" → ");
  if (!file) return { names: [], byList: [], entries: new Map(), proof };
  const rightTo = (it: Permissions): number => (it.path === file.path ? bit : pass);
  const can = (user: Account): boolean => chain.every((it) => isAllowed(user, it, rightTo(it)));
  const groups = namedGroups(file, accounts, can, bit);
  if (can(nobody)) return { names: ["other", ...groups.map(nameOf)], byList: [], entries: new Map(), proof };
  const users = [...accounts.users, ...unknownUsers(chain, accounts)].filter((it) => it.uid !== file.uid && can(it));
  const inGroup = (user: Account): boolean => groups.some(({ gid }) => user.gids.has(gid));
  const entries = new Map<string, Set<string>>();
  const gained = new Set<Account>();
  for (const user of users) {
    const step = chain.findLast((it) => !isAllowed(user, withoutNamed(it), rightTo(it)));
    if (!step) continue;
    gained.add(user);
    const known = entries.get(step.path) ?? new Set();
    for (const it of entriesFor(user, step, accounts, rightTo(step))) known.add(it);
    entries.set(step.path, known);
  }
  const alone = users.filter((it) => !inGroup(it));
  return {
    names: [...groups.map(nameOf), ...alone.map((it) => `user:${it.name}`)],
    byList: [
      ...groups.filter(({ members }) => members.some((it) => gained.has(it))).map(nameOf),
      ...alone.filter((it) => gained.has(it)).map((it) => `user:${it.name}`),
    ],
    entries,
    proof,
  };
}

interface Group {
  readonly gid: number;
  readonly name: string;
  readonly members: readonly Account[];
}

const nameOf = ({ name }: Group): string => `group:${name}`;

/** The file's group and those that its list names, if they have other members than the owner and being in them is what opens the file. */
function namedGroups(
  { gid: own, uid, mode, list }: Permissions,
  accounts: Accounts,
  can: (user: Account) => boolean,
  bit: number,
): Group[] {
  const ofOwn = list ? list.group & list.mask : mode >> 3;
  const rights = new Map([
    [own, ofOwn],
    ...[...(list?.groups ?? [])].map(([gid, it]): [number, number] => [gid, it & (list?.mask ?? 0)]),
  ]);
  return [...rights].flatMap(([gid, rights]) => {
    if (gid === 0 || (rights & bit) === 0) return [];
    const members = (accounts.members.get(gid) ?? []).filter((it) => it.uid !== uid);
    if (members.length === 0 || !members.every(can)) return [];
    return { gid, name: accounts.groupName.get(gid) ?? String(gid), members };
  });
}

/** Most users without an account here that are told of. */
const maxUnknown = 100;

/** Users whom lists name and who have no account here: of a directory service, or of an account that is gone. */
function unknownUsers(chain: readonly Permissions[], { users }: Accounts): Account[] {
  const named = new Set(chain.flatMap(({ list }) => [...(list?.users.keys() ?? [])]));
  named.delete(0);
  for (const it of users) named.delete(it.uid);
  return [...named].slice(0, maxUnknown).map((uid) => ({ name: String(uid), uid, gids: new Set() }));
}

/** POSIX: the first class that fits decides, even if a later one would allow more. Source: acl(5), access check algorithm. */
function isAllowed(user: Account, it: Permissions, bit: number): boolean {
  const { mode, uid, gid, list } = it;
  if (user.uid === uid) return ((mode >> 6) & bit) !== 0;
  if (list) return ((allowedByList(user, it) ?? mode) & bit) !== 0;
  return ((mode >> (user.gids.has(gid) ? 3 : 0)) & bit) !== 0;
}

/** `0755`, as `chmod` takes it. */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
