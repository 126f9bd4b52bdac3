import type { EntityKind } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { Middle } from "../../ui/text.tsx";

/** A name that leads to its own page. */
export function EntityLink({ kind, children }: { readonly kind: EntityKind; readonly children: string }) {
  return (
    <Link to="/entities/$kind/$name" params={{ kind, name: children }}>
      <Middle>{children}</Middle>
    </Link>
  );
}
