import type { ActionRow } from "@outweigh/schema";
import { Muted } from "../../ui/text.tsx";
import { Outcome } from "./outcome.tsx";
import s from "./actions.module.css";

/** The actions of one incident, whole. */
export function ActionTable({ actions }: { readonly actions: readonly ActionRow[] }) {
  if (actions.length === 0) return <Muted>Nothing was done yet.</Muted>;
  return actions.map((it) => (
    <div className={s.action} key={it.id}>
      <Outcome of={it} />
    </div>
  ));
}
