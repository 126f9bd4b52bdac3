import { maxTargetLength } from "../limits.ts";

/** A request's target, cut once. Routes are looked up by `path`; what goes on is built from it, never the client's own bytes. */
interface Target {
  readonly path: string;
  /** Without the question mark; empty for none. */
  readonly query: string;
}

/** Targets that are remembered with what they mean, and how long they may be: clients ask the same ones. Full, it begins anew. */
const maxKnown = 256;
const maxKnownLength = 128;
const known = new Map<string, Target>();

/** Visible ASCII without what a path never holds. */
const pathShape = /^\/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*$/;
const queryShape = /^[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*$/;
/** Escapes that would make a path mean another one further on: slash, backslash, dot, percent, controls; and broken ones. */
const badEscape = /%(?:2[fFeE5]|5[cC]|[01][0-9a-fA-F]|7[fF]|[89a-fA-F][0-9a-fA-F]|(?![0-9a-fA-F]{2}))/;

/**
 * A target in origin form, if it has only one meaning.
 *
 * @returns undefined for absolute and other forms, `//`, dot segments also escaped, backslashes, controls, non-ASCII also
 * escaped, and targets longer than `maxTargetLength`: model servers disagree on what those mean.
 */
export function readTarget(target: string): Target | undefined {
  const before = known.get(target);
  if (before) return before;
  const read = readNew(target);
  if (!read || read.query !== "" || target.length > maxKnownLength) return read;
  if (known.size >= maxKnown) known.clear();
  known.set(target, read);
  return read;
}

function readNew(target: string): Target | undefined {
  if (target.length > maxTargetLength) return undefined;
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  const query = mark < 0 ? "" : target.slice(mark + 1);
  if (!pathShape.test(path) || (query !== "" && !queryShape.test(query))) return undefined;
  if (path.includes("//") || /\/\.{1,2}(?:\/|$)/.test(path)) return undefined;
  if (path.includes("%") && badEscape.test(path)) return undefined;
  return { path, query };
}

/**
 * The query again, with only the names that a route knows.
 * @returns The first name that it does not know as `unknown`.
 */
export function rebuildQuery(
  query: string,
  known: readonly string[] | undefined,
): string | { readonly unknown: string } {
  if (query === "") return "";
  const out: string[] = [];
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known?.includes(name) || seen.has(name)) return { unknown: name };
    seen.add(name);
    out.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  }
  return out.join("&");
}
