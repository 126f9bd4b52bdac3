import { restsText, type Rests } from "@outweigh/schema";
import { Muted } from "../../ui/text.tsx";

/** On how many events of each grade something rests, for the head of a section; nothing where it is not told. */
export function RestsOn({ of: it }: { readonly of: Rests | undefined }) {
  if (!it) return undefined;
  const isNone = it.signed + it.authenticated + it.plain + it.ungraded === 0;
  return <Muted>{isNone ? "rests on no event" : `rests on events: ${restsText(it)}`}</Muted>;
}
