import type { Facts, HostOrder } from "@outweigh/schema";
import { useState } from "react";
import { count } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Bullets, Section } from "../../ui/parts.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At, useNow } from "../../ui/when.tsx";
import s from "./hosts.module.css";
import { factNames, isUndoable, orderText } from "./words.ts";

/** Rows of a list that are drawn: more is a file's work. The rest is counted. */
const maxDrawn = 500;

/** One order, and what came of it. */
export function Answered({ of: it, onUndo }: { readonly of: HostOrder; readonly onUndo?: (() => void) | undefined }) {
  const [open, setOpen] = useState(false);
  const now = useNow();
  const expired = it.state === "waiting" && it.expiresAt <= now;
  return (
    <div className={s.order}>
      <p>
        <Shown>{orderText(it)}</Shown>
      </p>
      <Muted>
        {expired ? "expired unanswered" : it.state} · <At at={it.doneAt ?? it.at} /> · <Shown>{it.by}</Shown>:{" "}
        <Shown>{it.reason}</Shown>
      </Muted>
      {it.message && (
        <p>
          <Shown>{it.message}</Shown>
        </p>
      )}
      {onUndo && isUndoable(it) && <Button onClick={onUndo}>Undo</Button>}
      {it.facts && <Button onClick={() => setOpen(true)}>Read the facts</Button>}
      {open && it.facts && (
        <Dialog title="Facts, as they were read" onClose={() => setOpen(false)} wide>
          <FactTables of={it.facts} />
        </Dialog>
      )}
    </div>
  );
}

function FactTables({ of: { at, lists } }: { readonly of: Facts }) {
  return (
    <>
      <Muted>
        Read <At at={at} />
      </Muted>
      {lists.map(({ list, rows, notSeen }) => (
        <Section title={factNames[list]} aside={<Muted>{count(rows.length)}</Muted>} key={list}>
          {rows.length === 0 ? <Muted>None.</Muted> : <Table of={rows} />}
          {rows.length > maxDrawn && <Muted>{count(rows.length - maxDrawn)} more are kept, not drawn.</Muted>}
          {notSeen.length > 0 && (
            <>
              <Muted>Not seen:</Muted>
              <Bullets items={notSeen} />
            </>
          )}
        </Section>
      ))}
    </>
  );
}

function Table({ of: rows }: { readonly of: Facts["lists"][number]["rows"] }) {
  const columns = [...new Set(rows.slice(0, maxDrawn).flatMap((it) => Object.keys(it)))];
  return (
    <div className={s.scrolled} tabIndex={0} role="region" aria-label="Facts" data-arrows>
      <table className={s.table}>
        <thead>
          <tr>
            {columns.map((it) => (
              <th key={it} scope="col">
                <Shown>{it}</Shown>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, maxDrawn).map((row, i) => (
            <tr key={i}>
              {columns.map((it) => (
                <td key={it}>{shown(it, row[it])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function shown(column: string, value: string | number | boolean | undefined) {
  if (value === undefined || value === "") return <Muted>–</Muted>;
  if (typeof value === "number" && column.endsWith("At") && value > 0) return <At at={value} />;
  return <Shown>{String(value)}</Shown>;
}
