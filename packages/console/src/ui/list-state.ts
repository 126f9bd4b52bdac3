import { useNavigate, useSearch } from "@tanstack/react-router";
import type { Search } from "../search.ts";

/** The URL as this page's state, and a way to change it. `replace` keeps walking through rows out of the history. */
export function useUrl(): { search: Search; go: (change: Change, replace?: boolean) => void } {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const go = (change: Change, replace = false) => {
    void navigate({
      to: ".",
      replace,
      search: (before: Search) => {
        const next: Record<string, string | true | undefined> = { ...before, ...change };
        return Object.fromEntries(Object.entries(next).filter(([, it]) => it !== undefined));
      },
    });
  };
  return { search, go };
}

/** Undefined takes a part of the state away. */
export type Change = { readonly [Name in keyof Search]?: Search[Name] | undefined };
