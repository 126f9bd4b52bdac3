// Access lists of files (ACLs): who may what beyond the permission bits.
import type { Account, Accounts } from "./accounts.ts";
import type { Permissions } from "./readable-by.ts";

/** An access list, as bits of read 4, write 2 and pass 1. What it says of the owner and of others are the file's permission bits. */
export interface AccessList {
  /** Of the file's own group, before the mask. */
  readonly group: number;
  /** Nobody named in it, and no group, may more. */
  readonly mask: number;
  /** By uid and gid. */
  readonly users: ReadonlyMap<number, number>;
  readonly groups: ReadonlyMap<number, number>;
}

const version = 2;
const tags = { owner: 0x01, user: 0x02, ownGroup: 0x04, group: 0x08, mask: 0x10, other: 0x20 } as const;

/**
 * The value of `system.posix_acl_access`; undefined for bytes that are none. Source: linux/posix_acl_xattr.h, acl(5).
 */
export function parseAccessList(bytes: Buffer): AccessList | undefined {
  if (bytes.length < 4 || (bytes.length - 4) % 8 !== 0 || bytes.readUInt32LE(0) !== version) return undefined;
  const once = new Map<number, number>();
  const users = new Map<number, number>();
  const groups = new Map<number, number>();
  for (let at = 4; at < bytes.length; at += 8) {
    const [tag, may, id] = [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 4)];
    const named = tag === tags.user ? users : tag === tags.group ? groups : undefined;
    const isOwn = tag === tags.owner || tag === tags.ownGroup || tag === tags.mask || tag === tags.other;
    if (may > 7 || (named ? named.has(id) : !isOwn || once.has(tag))) return undefined;
    (named ?? once).set(named ? id : tag, may);
  }
  const [group, mask] = [once.get(tags.ownGroup), once.get(tags.mask)];
  if (group === undefined || !once.has(tags.owner) || !once.has(tags.other)) return undefined;
  if (mask === undefined && users.size + groups.size > 0) return undefined;
  return { group, mask: mask ?? 7, users, groups };
}

/** What a list lets a user do who is not the owner; undefined if it says nothing of them, and what others may counts. */
export function allowedByList(user: Account, { gid, list }: Permissions): number | undefined {
  if (!list) return undefined;
  const own = list.users.get(user.uid);
  if (own !== undefined) return own & list.mask;
  const found = [...user.gids].flatMap((it) => [it === gid ? list.group : undefined, list.groups.get(it)]);
  const said = found.filter((it) => it !== undefined);
  // Each of them alone may let the user in, but what is asked for is one right: together they are the same.
  return said.length === 0 ? undefined : said.reduce((all, it) => all | it, 0) & list.mask;
}

/** The same folder or file as it was if its list named nobody. */
export function withoutNamed(it: Permissions): Permissions {
  const { list, ...rest } = it;
  if (!list) return it;
  return { ...rest, mode: (it.mode & ~0o070) | ((list.group & list.mask) << 3) };
}

/** The entries of a list that let this user in, as `setfacl -x` takes them. */
export function entriesFor(user: Account, { list }: Permissions, { groupName }: Accounts, bit: number): string[] {
  if (!list) return [];
  if (list.users.has(user.uid)) return [`u:${user.name}`];
  const groups = [...user.gids].filter((it) => ((list.groups.get(it) ?? 0) & list.mask & bit) !== 0);
  return groups.map((it) => `g:${groupName.get(it) ?? it}`);
}

/** Most entries that a proof tells. */
const maxShown = 20;

/** Whom a list names, as `getfacl -n` writes it. */
export function listText({ users, groups, mask }: AccessList): string {
  const all = [
    ...[...users].map(([id, may]) => `user:${id}:${bits(may)}`),
    ...[...groups].map(([id, may]) => `group:${id}:${bits(may)}`),
  ];
  const more = all.length > maxShown ? `and ${all.length - maxShown} more,` : "";
  return [...all.slice(0, maxShown), ...(more === "" ? [] : [more]), `mask::${bits(mask)}`].join(" ");
}

function bits(may: number): string {
  return `${(may & 4) !== 0 ? "r" : "-"}${(may & 2) !== 0 ? "w" : "-"}${(may & 1) !== 0 ? "x" : "-"}`;
}
