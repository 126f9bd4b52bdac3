import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { clearPending, maxPending, useLive } from "../api/live.ts";
import type { ListName, ListPage, ReadList } from "../api/queries.ts";
import { count } from "../format/size.ts";

interface RowsOptions<Row, Page extends ListPage<Row>> {
  readonly list: ListName;
  readonly read: ReadList<Page>;
  readonly filter: string;
  /** As the URL writes it; the list's own order, if undefined. */
  readonly sort: string | undefined;
  readonly idOf: (row: Row) => string;
}

/** A list's rows as far as they are read, in the order asked for, and what has changed since. */
export function useRows<Row, Page extends ListPage<Row>>(options: RowsOptions<Row, Page>) {
  const { list, read, filter, sort, idOf } = options;
  const query = useInfiniteQuery({
    queryKey: [list, "list", filter, sort],
    queryFn: ({ pageParam, signal }) => read({ filter, sort, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Page) => page.next,
    placeholderData: keepPreviousData,
  });
  const pages = query.data?.pages;
  const rows = useMemo(() => (pages ?? []).flatMap((it) => it.items), [pages]);

  const pending = useLive().pending.get(list);
  const news = useMemo(() => newsOf(pending, rows, idOf), [pending, rows, idOf]);
  const { refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const show = useCallback(() => {
    clearPending(list);
    void refetch();
  }, [list, refetch]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);

  return { query, rows, first: pages?.[0], total: pages?.at(-1)?.total ?? 0, news, show, more };
}

/** "3 new · 2 changed", or undefined when nothing has changed. */
function newsOf<Row>(pending: ReadonlySet<string> | undefined, rows: readonly Row[], idOf: (row: Row) => string) {
  if (!pending?.size) return undefined;
  const here = new Set(rows.map(idOf));
  const named = [...pending].filter((it) => it !== "?");
  const fresh = named.filter((it) => !here.has(it)).length;
  const changed = named.length - fresh;
  const parts = [
    ...(fresh > 0 ? [`${count(fresh)}${fresh >= maxPending ? "+" : ""} new`] : []),
    ...(changed > 0 ? [`${count(changed)} changed`] : []),
  ];
  return parts.length > 0 ? parts.join(" · ") : "Something changed";
}
