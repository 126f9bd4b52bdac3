import { maxAccounts } from "./limits.ts";

/** A local user, with all groups it is in. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gids: ReadonlySet<number>;
}

export interface Accounts {
  /** Users other than root, in the order of the file, at most `maxAccounts`. */
  readonly users: readonly Account[];
  readonly groupName: ReadonlyMap<number, string>;
  /** Users of each group, by gid. */
  readonly members: ReadonlyMap<number, readonly Account[]>;
  /** Users beyond `maxAccounts`, which nothing is said about. */
  readonly leftOut: number;
}

/**
 * The local accounts, from the texts of `/etc/passwd` and `/etc/group`. Lines that do not read are left out.
 * Blind spot: users of a directory service (LDAP, SSSD), which stand in neither. Source: passwd(5), group(5).
 */
export function parseAccounts(passwd: string, group: string): Accounts {
  const extra = new Map<string, Set<number>>();
  const groupName = new Map<number, string>();
  for (const [name, gid, members] of rows(group, 0, 2, 3)) {
    const number = Number(gid);
    if (!Number.isInteger(number) || gid === "") continue;
    if (!groupName.has(number)) groupName.set(number, name);
    for (const user of members.split(",").filter((it) => it !== "")) {
      extra.set(user, (extra.get(user) ?? new Set()).add(number));
    }
  }
  const all = new Map<string, Account>();
  for (const [name, uid, gid] of rows(passwd, 0, 2, 3)) {
    const [user, main] = [Number(uid), Number(gid)];
    if (!Number.isInteger(user) || !Number.isInteger(main) || uid === "" || user === 0 || all.has(name)) continue;
    all.set(name, { name, uid: user, gids: new Set([main, ...(extra.get(name) ?? [])]) });
  }
  const users = [...all.values()].slice(0, maxAccounts);
  const members = new Map<number, Account[]>();
  for (const user of users) {
    for (const gid of user.gids) members.set(gid, [...(members.get(gid) ?? []), user]);
  }
  return { users, groupName, members, leftOut: all.size - users.length };
}

function rows(text: string, ...columns: readonly number[]): [string, string, string][] {
  return text
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"))
    .filter((cells) => cells[0] !== "")
    .map((cells) => {
      const [a = "", b = "", c = ""] = columns.map((it) => cells[it] ?? "");
      return [a, b, c];
    });
}
