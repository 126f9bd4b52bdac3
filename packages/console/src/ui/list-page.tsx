import { useNavigate } from "@tanstack/react-router";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import type { ListName, ListPage as Page, ReadList } from "../api/queries.ts";
import { gathered, withValue, type RowField } from "../filter-edit.ts";
import { count } from "../format/size.ts";
import { nextOrder, parseOrder } from "../sort.ts";
import { Button, Keys } from "./button.tsx";
import { FilterLine } from "./filter-line.tsx";
import { Grid, type Column } from "./grid.tsx";
import { useRows } from "./list-rows.ts";
import { useUrl } from "./list-state.ts";
import { usePageTitle } from "./page-title.ts";
import { useShortcuts } from "./shortcuts.ts";
import { Failed, Problem, Waiting } from "./states.tsx";
import { FilterBy, Muted, type AddValue } from "./text.tsx";
import { At } from "./when.tsx";
import s from "./list-page.module.css";

interface ListPageProps<Row, Answer extends Page<Row>> {
  /** The list's name in addresses and messages. */
  readonly list: ListName;
  readonly title: string;
  readonly read: ReadList<Answer>;
  readonly columns: readonly Column<Row>[];
  readonly idOf: (row: Row) => string;
  readonly fields: readonly RowField<Row>[];
  /** What the list is filtered by when the URL says nothing. */
  readonly filter?: string;
  readonly placeholder: string;
  readonly pane: (row: Row) => ReactNode;
  /** Goes to the row's own page; without one, the pane becomes the page. */
  readonly open?: (id: string) => void;
  readonly empty: (filter: string) => ReactNode;
  /** Above the list: what is true of all of it. */
  readonly banner?: (answer: Answer) => ReactNode;
  /** Where a value leads that this list cannot be filtered by. */
  readonly pivot: (field: string, value: string, excluded: boolean) => { to: string; filter: string };
  readonly stillWorks?: string;
  /** What can be done to all selected rows at once. */
  readonly bulk?: (rows: readonly Row[], done: () => void) => ReactNode;
}

/** Any noun's page: the filter, the list, and the pane of the selected row. The list stays while one reads. */
export function ListPage<Row, Answer extends Page<Row>>(props: ListPageProps<Row, Answer>) {
  const list = useList(props);
  const { chosen, selected, wide, filter, known, news, show, checks, go } = list;
  usePageTitle(props.title);
  const engaged = useEngaged(list.engaged, news !== undefined, show);
  const add = useAddValue(filter, known, props.pivot);
  return (
    <FilterBy value={add}>
      <div className={`${s.page} ${wide ? s.wide : ""}`}>
        {!wide && (
          <section className={s.list} aria-label={props.title} {...engaged.pointer}>
            <header className={s.head}>
              <FilterLine
                value={filter}
                fields={known}
                placeholder={props.placeholder}
                onChange={(it) => go({ filter: it })}
              />
              <span className={s.count}>{list.total === 0 ? "" : count(list.total)}</span>
            </header>
            {list.first && props.banner?.(list.first)}
            {news && (
              <button type="button" className={s.news} onClick={show}>
                {news} <Keys of="show-new" />
              </button>
            )}
            {list.query.isError && list.rows.length > 0 && (
              <Stale error={list.query.error} at={list.query.dataUpdatedAt} />
            )}
            <Body {...props} state={list} onScroll={engaged.scrolled} />
            {props.bulk && checks.checked.size > 0 && (
              <div className={s.bulk}>
                <span>{count(checks.checked.size)} selected</span>
                {props.bulk(
                  list.rows.filter((it) => checks.checked.has(props.idOf(it))),
                  checks.uncheck,
                )}
                <Button look="quiet" shortcut="back" onClick={checks.uncheck}>
                  Let go
                </Button>
              </div>
            )}
          </section>
        )}
        {chosen !== undefined && (
          <aside className={s.pane} aria-label="The selected row" tabIndex={0} data-arrows key={selected}>
            {props.pane(chosen)}
          </aside>
        )}
      </div>
    </FilterBy>
  );
}

/** The list's state, all of it from the URL and the server, and the keys that change it. */
function useList<Row, Answer extends Page<Row>>(props: ListPageProps<Row, Answer>) {
  const { list, read, idOf, fields, bulk } = props;
  const { search, go } = useUrl();
  const filter = search.filter ?? props.filter ?? "";
  const order = parseOrder(search.sort);
  const state = useRows({ list, read, filter, sort: search.sort, idOf });
  const { rows, show } = state;
  const checks = useChecks();
  const chosen = rows.find((it) => idOf(it) === search.sel) ?? rows[0];
  const selected = chosen && idOf(chosen);
  const wide = search.wide === true && chosen !== undefined;
  const select = (id: string) => go({ sel: id }, true);
  const open = props.open ?? ((id: string) => go({ sel: id, wide: true }));
  const walk = (step: 1 | -1) => {
    const at = rows.findIndex((it) => idOf(it) === selected);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    if (next) select(idOf(next));
  };
  useShortcuts({
    next: () => walk(1),
    previous: () => walk(-1),
    "show-new": show,
    ...(selected !== undefined && {
      open: () => open(selected),
      ...(bulk && { select: () => checks.check(selected) }),
    }),
    back: () => {
      if (wide) go({ wide: undefined });
      else if (checks.checked.size > 0) checks.uncheck();
      else if (search.sel !== undefined) go({ sel: undefined }, true);
    },
  });
  const known = useMemo(() => gathered(fields, rows), [fields, rows]);
  // An empty list has nothing that could move under a reader: what is new shows by itself.
  const engaged = rows.length > 0 && (search.sel !== undefined || checks.checked.size > 0);
  return { ...state, go, filter, order, checks, chosen, selected, wide, select, open, known, engaged };
}

interface BodyProps<Row, Answer extends Page<Row>> extends ListPageProps<Row, Answer> {
  readonly state: ReturnType<typeof useList<Row, Answer>>;
  readonly onScroll: (top: number) => void;
}

/** The rows, or why there are none. */
function Body<Row, Answer extends Page<Row>>({ state, onScroll, title, ...props }: BodyProps<Row, Answer>) {
  const { query, rows, order, go, show } = state;
  if (query.isError && rows.length === 0) {
    const { error, errorUpdatedAt } = query;
    if (error instanceof ApiError && error.code === "BAD_FILTER") {
      return <Failed what="The filter cannot be read" error={error} />;
    }
    const works = props.stillWorks && { stillWorks: props.stillWorks };
    return <Failed what={`${title} cannot be read`} error={error} since={errorUpdatedAt} again={show} {...works} />;
  }
  if (query.isPending) return <Waiting />;
  if (rows.length === 0) return props.empty(state.filter);
  return (
    <Grid
      label={title}
      columns={props.columns}
      rows={rows}
      idOf={props.idOf}
      total={state.total}
      selected={state.selected}
      checked={state.checks.checked}
      order={order}
      onOrder={({ sort }) => sort !== undefined && go({ sort: nextOrder(order, sort) })}
      onSelect={state.select}
      onCheck={state.checks.check}
      onOpen={state.open}
      onEnd={state.more}
      onScroll={onScroll}
    />
  );
}

/** Rows that could not be read again are still shown, with the time they are of. */
function Stale({ error, at }: { readonly error: Error; readonly at: number }) {
  return (
    <div className={s.stale} role="alert">
      <Problem error={error} />
      <Muted>
        These rows are of <At at={at} />.
      </Muted>
    </div>
  );
}

function useChecks() {
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set());
  return {
    checked,
    check: (id: string) =>
      setChecked((before) => new Set(before.has(id) ? [...before].filter((it) => it !== id) : [...before, id])),
    uncheck: () => setChecked(new Set()),
  };
}

/** Least time between two readings that nobody asked for, in ms. */
const restMs = 2000;

/**
 * Rows never move under the pointer, nor under a reader who has chosen one or scrolled: then news wait for `show`.
 * A list that nobody touches shows them by itself.
 */
function useEngaged(chosen: boolean, news: boolean, show: () => void) {
  const pointer = useRef(false);
  const scrolled = useRef(false);
  const shownAt = useRef(0);
  useEffect(() => {
    if (!news || chosen) return undefined;
    const showNow = () => {
      const typing = document.activeElement?.matches("input, textarea") ?? false;
      if (pointer.current || scrolled.current || typing) return;
      shownAt.current = Date.now();
      show();
    };
    // A source that sends without a pause must not make the page ask without one.
    const timer = setTimeout(showNow, Math.max(0, shownAt.current + restMs - Date.now()));
    return () => clearTimeout(timer);
  }, [news, chosen, show]);
  return {
    pointer: {
      onPointerEnter: () => void (pointer.current = true),
      onPointerLeave: () => void (pointer.current = false),
    },
    scrolled: (top: number) => void (scrolled.current = top > 0),
  };
}

/** A click on a value narrows this list, or leads to one that knows the field. */
function useAddValue(
  filter: string,
  fields: readonly { readonly name: string }[],
  pivot: ListPageProps<never, never>["pivot"],
): AddValue {
  const { go } = useUrl();
  const navigate = useNavigate();
  return (field, value, excluded) => {
    if (fields.some((it) => it.name === field)) go({ filter: withValue(filter, field, value, excluded) });
    else {
      const { to, filter: hunted } = pivot(field, value, excluded);
      void navigate({ to, search: { filter: hunted } });
    }
  };
}
