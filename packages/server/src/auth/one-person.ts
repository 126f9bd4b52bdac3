// Whether two accounts are two people, where two must agree.
import type { AccountRow } from "@outweigh/schema";

type Known = Pick<AccountRow, "name" | "by" | "address">;

/**
 * A password and a provider may belong to one person: then only addresses tell. Two subjects of one provider, and two accounts that an
 * admin invited, are two people unless their addresses say otherwise.
 */
export function whyOne(
  a: Known | undefined,
  b: Known | undefined,
  names: { readonly a: string; readonly b: string },
): string | undefined {
  if (names.a === names.b) return "who proposed it cannot agree to it as well";
  if (!a || !b) return "one of the two has no account any more";
  const [left, right] = [mailboxOf(a), mailboxOf(b)];
  if (left !== undefined && left === right) return `${a.name} and ${b.name} have the same address: they are one person`;
  if (a.by !== b.by && (left === undefined || right === undefined)) {
    const { name } = left === undefined ? a : b;
    return `${a.name} and ${b.name} may be one person who signs in two ways: nothing says the address of ${name}`;
  }
  return undefined;
}

/** Where mail for somebody goes: whatever stands behind a plus is the same box. */
function mailboxOf({ address, name, by }: Known): string | undefined {
  const said = address ?? (by === "password" && name.includes("@") ? name : undefined);
  return said?.toLowerCase().replace(/\+[^@]*(?=@)/, "");
}
