import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import { rowHeight, usePreferences } from "../preferences.ts";
import { visibleRows, walk, type TreeRow } from "./tree-walk.ts";
import s from "./tree.module.css";

interface TreeProps<Row extends TreeRow> {
  readonly label: string;
  /** In the order of the tree, as far as they are read. */
  readonly rows: readonly Row[];
  readonly total: number;
  readonly selected: string | undefined;
  readonly onSelect: (key: string) => void;
  /** The last rows come into sight: read more. */
  readonly onEnd: () => void;
  /** Said first in each row, beside its indentation. */
  readonly name: (row: Row) => ReactNode;
  /** Stands at the end of the row. */
  readonly end: (row: Row) => ReactNode;
}

/** How many rows beyond the sight are drawn. */
const overscan = 12;
/** How many rows before the last one more are asked for. */
const ahead = 50;
/** Deeper rows are not indented further: a name must stay in sight. */
const maxIndent = 12;

/** A tree of any size: only what is in sight is drawn. Arrows walk it, left and right close and open. */
export function Tree<Row extends TreeRow>(props: TreeProps<Row>) {
  const { label, rows, total, selected, onSelect, onEnd } = props;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const body = useRef<HTMLDivElement>(null);
  const base = useId();
  const height = rowHeight(usePreferences());
  const shown = useMemo(() => visibleRows(rows, closed), [rows, closed]);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => body.current,
    estimateSize: () => height,
    overscan,
  });
  useEffect(() => virtual.measure(), [height, virtual]);
  const at = shown.findIndex((it) => it.key === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= shown.length - ahead && rows.length < total) onEnd();
  }, [last, shown.length, rows.length, total, onEnd]);
  const turn = (key: string, isClosed: boolean) =>
    setClosed((before) => {
      const next = new Set(before);
      if (isClosed) next.add(key);
      else next.delete(key);
      return next;
    });
  const keyDown = (event: KeyboardEvent) => {
    const step = walk(event.key, shown, at, closed);
    if (!step) return;
    event.preventDefault();
    if (step.select !== undefined) onSelect(step.select);
    if (step.turn) turn(step.turn.key, step.turn.isClosed);
  };
  return (
    <div
      className={s.tree}
      ref={body}
      role="tree"
      aria-label={label}
      tabIndex={0}
      data-arrows
      onKeyDown={keyDown}
      {...(items.some((it) => it.index === at) && { "aria-activedescendant": `${base}-${at}` })}
    >
      <div className={s.rows} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const row = shown[index];
          if (!row) return null;
          const isClosed = closed.has(row.key);
          return (
            <div
              className={`${s.row} ${row.key === selected ? s.on : ""}`}
              role="treeitem"
              id={`${base}-${index}`}
              aria-level={row.depth + 1}
              aria-selected={row.key === selected}
              {...(row.below > 0 && { "aria-expanded": !isClosed })}
              style={{ transform: `translateY(${start}px)` }}
              onClick={() => onSelect(row.key)}
              key={row.key}
            >
              <span className={s.name} style={{ paddingLeft: Math.min(row.depth, maxIndent) * 18 }}>
                {row.below > 0 ? (
                  <button
                    type="button"
                    className={s.turn}
                    tabIndex={-1}
                    aria-label={isClosed ? "Open" : "Close"}
                    onMouseDown={(event) => event.preventDefault()}
                    onClick={(event) => {
                      event.stopPropagation();
                      turn(row.key, !isClosed);
                    }}
                  >
                    {isClosed ? "+" : "−"}
                  </button>
                ) : (
                  <i className={s.leaf} />
                )}
                {props.name(row)}
              </span>
              <span className={s.end}>{props.end(row)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}
