import type { EntityKind } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { Middle } from "../../ui/text.tsx";

/** A name that leads to its own page. Half of a surrogate pair in it has no address: its place is kept by U+FFFD. */
export function EntityLink({ kind, children }: { readonly kind: EntityKind; readonly children: string }) {
  return (
    <Link to="/entities/$kind/$name" params={{ kind, name: children.toWellFormed() }}>
      <Middle>{children}</Middle>
    </Link>
  );
}
