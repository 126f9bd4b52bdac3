import type { Account, Accounts } from "./accounts.ts";

/** What the system says of one folder or file. */
export interface Permissions {
  readonly path: string;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Who can read a file, besides its owner and root. */
interface Readers {
  /** `other`, `group:<name>`, `user:<name>`; sorted by how many that are: `other` first. */
  readonly names: readonly string[];
  /** The bits of each step, from the root folder to the file: the proof. */
  readonly proof: string;
}

/** Somebody without an account of note: owns nothing, is in no group. */
const nobody: Account = { name: "other", uid: -1, gids: new Set() };

const read = 0o4;
const pass = 0o1;

/**
 * Who can read a file, by the permission bits of the file and of every folder above it: a readable file in a closed home is closed.
 *
 * @param chain From the root folder to the file, none left out.
 * Blind spot: access lists (ACLs) and capabilities, which these bits do not show; a process that was handed the open file.
 */
export function readersOf(chain: readonly Permissions[], accounts: Accounts): Readers {
  const file = chain.at(-1);
  const proof = chain.map(({ path, mode }) => `${path} ${octal(mode)}`).join(" → ");
  if (!file) return { names: [], proof };
  const can = (user: Account): boolean => chain.every((it) => isAllowed(user, it, it === file ? read : pass));
  if (can(nobody)) return { names: ["other", ...namedGroups(file, accounts, can)], proof };
  const groups = namedGroups(file, accounts, can);
  const users = accounts.users.filter((it) => it.uid !== file.uid && can(it));
  const inGroup = (user: Account): boolean => groups.length > 0 && user.gids.has(file.gid);
  return { names: [...groups, ...users.filter((it) => !inGroup(it)).map((it) => `user:${it.name}`)], proof };
}

/** The file's group, if it has other members than the owner and being in it is what opens the file. */
function namedGroups(file: Permissions, accounts: Accounts, can: (user: Account) => boolean): string[] {
  if (file.gid === 0 || (file.mode & 0o040) === 0) return [];
  const members = (accounts.members.get(file.gid) ?? []).filter((it) => it.uid !== file.uid);
  if (members.length === 0 || !members.every(can)) return [];
  return [`group:${accounts.groupName.get(file.gid) ?? file.gid}`];
}

/** POSIX: the first class that fits decides, even if a later one would allow more. */
function isAllowed(user: Account, { mode, uid, gid }: Permissions, bit: number): boolean {
  const shift = user.uid === uid ? 6 : user.gids.has(gid) ? 3 : 0;
  return ((mode >> shift) & bit) !== 0;
}

/** `0755`, as `chmod` takes it. */
export function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}
