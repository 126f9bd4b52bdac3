import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useId, useRef, useState, type MouseEvent, type ReactNode, type RefObject } from "react";
import { rowHeight, usePreferences } from "../preferences.ts";
import { parseOrder, type Order } from "../sort.ts";
import s from "./grid.module.css";

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  /** Its track, as CSS writes it: `120px`, `minmax(160px, 1fr)`. */
  readonly track: string;
  readonly end?: boolean;
  /** Shown when the list is at least so wide, in px; always, if absent. */
  readonly from?: number;
  /** The order that its head asks the server for first, as the URL writes it: `title`, `-severity`. */
  readonly sort?: string;
  readonly cell: (row: Row) => ReactNode;
}

interface GridProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly idOf: (row: Row) => string;
  /** How many rows the server has; more than `rows` when not all are read yet. */
  readonly total: number;
  readonly selected: string | undefined;
  readonly checked: ReadonlySet<string>;
  readonly order: Order | undefined;
  readonly onOrder: (column: Column<Row>) => void;
  readonly onSelect: (id: string) => void;
  readonly onCheck: (id: string) => void;
  readonly onOpen: (id: string) => void;
  /** The last rows come into sight: read more. */
  readonly onEnd: () => void;
  readonly onScroll: (top: number) => void;
}

/** How many rows beyond the sight are drawn: enough for a held arrow key. */
const overscan = 12;

/** How many rows before the last one more are asked for: a screen and a half. */
const ahead = 50;

/** A list of any length: only what is in sight is drawn. One row is selected; the focus is on the list as a whole. */
export function Grid<Row>(props: GridProps<Row>) {
  const { label, rows, idOf, total, selected, onEnd, onScroll } = props;
  const body = useRef<HTMLDivElement>(null);
  const base = useId();
  const height = rowHeight(usePreferences());
  const columns = useFitting(props.columns, body);
  const template = columns.map((it) => it.track).join(" ");
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => body.current,
    estimateSize: () => height,
    overscan,
    // The head stays on top of the rows and takes one row's height from what is in sight.
    scrollMargin: height,
    scrollPaddingStart: height,
  });
  useEffect(() => virtual.measure(), [height, virtual]);

  const at = selected === undefined ? -1 : rows.findIndex((it) => idOf(it) === selected);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? -1;
  useEffect(() => {
    if (last >= rows.length - ahead && rows.length < total) onEnd();
  }, [last, rows.length, total, onEnd]);

  return (
    <div
      className={s.grid}
      ref={body}
      role="grid"
      aria-label={label}
      aria-rowcount={total + 1}
      aria-multiselectable
      tabIndex={0}
      onScroll={(event) => onScroll(event.currentTarget.scrollTop)}
      {...(shown.some((it) => it.index === at) && { "aria-activedescendant": `${base}-${at}` })}
    >
      <div className={s.head} role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
        {columns.map((it) => (
          <Head column={it} order={props.order} onOrder={props.onOrder} key={it.id} />
        ))}
      </div>
      <div className={s.rows} role="rowgroup" style={{ height: virtual.getTotalSize() }}>
        {shown.map(({ index, key, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const place = { transform: `translateY(${start - height}px)`, gridTemplateColumns: template };
          return <RowView {...props} {...{ row, index, place, columns }} domId={`${base}-${index}`} key={key} />;
        })}
      </div>
    </div>
  );
}

/** The columns for which there is room. */
function useFitting<Row>(columns: readonly Column<Row>[], body: RefObject<HTMLDivElement | null>) {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!body.current) return undefined;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.round(entry?.contentRect.width ?? 0)));
    observer.observe(body.current);
    return () => observer.disconnect();
  }, [body]);
  return columns.filter((it) => it.from === undefined || width >= it.from);
}

interface HeadProps<Row> {
  readonly column: Column<Row>;
  readonly order: Order | undefined;
  readonly onOrder: (column: Column<Row>) => void;
}

function Head<Row>({ column, order, onOrder }: HeadProps<Row>) {
  const on = order !== undefined && order.column === parseOrder(column.sort)?.column;
  const sorted = on ? (order.falling ? "descending" : "ascending") : "none";
  return (
    <div className={`${s.cell} ${column.end ? s.end : ""}`} role="columnheader" aria-sort={sorted}>
      {column.sort ? (
        <button type="button" className={s.sort} data-on={on} onClick={() => onOrder(column)}>
          {column.title}
          {on && <span aria-hidden="true">{order.falling ? "↓" : "↑"}</span>}
        </button>
      ) : (
        column.title
      )}
    </div>
  );
}

interface RowProps<Row> extends GridProps<Row> {
  readonly row: Row;
  readonly index: number;
  readonly place: { readonly transform: string; readonly gridTemplateColumns: string };
  readonly domId: string;
}

function RowView<Row>({ row, index, place, columns, domId, ...grid }: RowProps<Row>) {
  const id = grid.idOf(row);
  const [on, checked] = [id === grid.selected, grid.checked.has(id)];
  const click = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey) grid.onCheck(id);
    else grid.onSelect(id);
  };
  return (
    <div
      className={`${s.row} ${on || checked ? s.on : ""}`}
      role="row"
      id={domId}
      aria-rowindex={index + 2}
      aria-selected={on || checked}
      style={place}
      onClick={click}
      onDoubleClick={() => grid.onOpen(id)}
    >
      {columns.map((column, i) => (
        <div className={`${s.cell} ${column.end ? s.end : ""}`} role="gridcell" key={column.id}>
          {i === 0 && checked && (
            <span className={s.mark} aria-hidden="true">
              ✓
            </span>
          )}
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}
