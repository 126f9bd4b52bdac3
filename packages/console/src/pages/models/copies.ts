import type { CopyRow } from "@outweigh/schema";

/** Copies by where they are: those of a host together, hosts with undeclared copies first. */
export interface HostCopies {
  readonly host: string;
  readonly undeclared: number;
  readonly copies: readonly CopyRow[];
}

export function byHost(copies: readonly CopyRow[]): HostCopies[] {
  const hosts = new Map<string, CopyRow[]>();
  for (const it of copies) {
    const there = hosts.get(it.host);
    if (there) there.push(it);
    else hosts.set(it.host, [it]);
  }
  return [...hosts]
    .map(([host, there]) => ({
      host,
      undeclared: there.filter((it) => it.declared === false && it.state === "present").length,
      copies: orderedCopies(there),
    }))
    .sort((a, b) => b.undeclared - a.undeclared || (a.host < b.host ? -1 : 1));
}

/** What asks for a look first: present before gone, undeclared before declared, then by path. */
export function orderedCopies(copies: readonly CopyRow[]): CopyRow[] {
  const rank = (it: CopyRow) => (it.state === "present" ? 0 : 4) + (it.declared === false ? 0 : it.declared ? 2 : 1);
  return [...copies].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1));
}

/** Whether somebody declared it; "could not tell" is neither. */
export function placeWord({ declared, state }: CopyRow): string {
  if (state !== "present") return state;
  if (declared === undefined) return "not registered";
  return declared ? "✓ declared" : "undeclared";
}

/** Which other local users can read it. */
export function readersOf({ readableBy }: CopyRow): string {
  return readableBy.length === 0
    ? "its owner alone"
    : readableBy.map((it) => (it === "other" ? "everybody" : it)).join(", ");
}
