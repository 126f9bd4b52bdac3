import type { ActivityEntry } from "@outweigh/schema";
import { Middle, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import s from "./evidence.module.css";

/** Entries of the evidence as people read them, each with the hash that holds it to the one before. */
export function Activity({ entries }: { readonly entries: readonly ActivityEntry[] }) {
  if (entries.length === 0) return <Muted>Nothing was decided yet.</Muted>;
  return (
    <div>
      {entries.map((it) => (
        <div className={s.entry} key={it.seq}>
          <Muted>#{it.seq}</Muted>
          <Muted>
            <At at={it.at} />
          </Muted>
          <span className={s.text}>
            <Shown>{it.by}</Shown> <Shown>{it.text}</Shown>
          </span>
          <Middle copy>{it.hash}</Middle>
        </div>
      ))}
    </div>
  );
}
