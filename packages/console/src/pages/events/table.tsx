import type { OcsfEvent } from "@outweigh/schema";
import { useState, type ReactNode } from "react";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { EventRecord } from "./record.tsx";
import { whatHappened } from "./what.ts";
import s from "./events.module.css";

/** Events shown before one asks for the rest. */
const maxShown = 25;

interface EventTableProps {
  readonly events: readonly OcsfEvent[];
  /** What can be done with an opened one. */
  readonly actions?: (event: OcsfEvent) => ReactNode;
}

/** A few events in their order; each opens to its record. */
export function EventTable({ events, actions }: EventTableProps) {
  const [all, setAll] = useState(false);
  const shown = all ? events : events.slice(0, maxShown);
  return (
    <div>
      {shown.map((it) => (
        <OneEvent of={it} actions={actions} key={it.id} />
      ))}
      {events.length > shown.length && (
        <div style={{ paddingTop: 8 }}>
          <Button onClick={() => setAll(true)}>All {count(events.length)}</Button>
        </div>
      )}
    </div>
  );
}

function OneEvent({ of: it, actions }: { readonly of: OcsfEvent; readonly actions: EventTableProps["actions"] }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={s.event} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span className={s.sign} aria-hidden="true" />
        <span>
          <Shown>{whatHappened(it)}</Shown>
        </span>
        <Muted>
          <At at={it.time} />
        </Muted>
      </summary>
      {open && actions?.(it)}
      {open && <EventRecord of={it} />}
    </details>
  );
}
