import type { HostActivity, HostDetail, OcsfEvent } from "@outweigh/schema";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import { hostActivityQuery, lists, summaryQuery } from "../../api/queries.ts";
import { clock, date, span } from "../../format/time.ts";
import { rowHeight, usePreferences } from "../../preferences.ts";
import { useUrl } from "../../ui/list-state.ts";
import { PaneActions, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { At, useNow } from "../../ui/when.tsx";
import { OverTime } from "../events/over-time.tsx";
import { PinButton } from "../events/pin.tsx";
import { EventRecord } from "../events/record.tsx";
import { didOn } from "./did.ts";
import { NothingSeen } from "./nothing-seen.tsx";
import { hostLines, sensorWords, type HostLine } from "./host-lines.ts";
import s from "./detail.module.css";

const noGap: HostActivity["gaps"] = [];
const noSight: HostActivity["sights"] = [];
/** Lines beyond the sight that are drawn. */
const overscan = 20;

/** What happened on the host in the order of time, and when nobody saw. */
export function Timeline({ of: it, filter }: { readonly of: HostDetail; readonly filter: string }) {
  const { search, go } = useUrl();
  const own = `source:${it.source} ${filter}`.trim();
  const activity = useQuery(hostActivityQuery(it.host.id, filter));
  const query = useInfiniteQuery({
    queryKey: ["activity", it.host.id, "events", filter],
    queryFn: ({ pageParam, signal }) => lists.events({ filter: own, sort: "time", after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: 15_000,
  });
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const events = useMemo(() => (data?.pages ?? []).flatMap((page) => page.items), [data]);
  const gaps = activity.data?.gaps ?? noGap;
  const sights = activity.data?.sights ?? noSight;
  const lines = useMemo(
    () => hostLines(events, { gaps, sights, isWhole: hasNextPage === false }),
    [events, gaps, sights, hasNextPage],
  );
  const total = data?.pages[0]?.total ?? 0;
  const summary = useQuery(summaryQuery(own, "operation", total));
  if (error && events.length === 0)
    return <Failed what="Its events cannot be read" error={error} again={() => void query.refetch()} />;
  if (!data) return <Waiting lines={12} />;
  if (lines.length === 0) return <NothingSeen of={it} filter={filter} />;
  const chosen = events.find((one) => one.id === search.sel);
  return (
    <div className={s.split}>
      <section className={s.left} aria-label="Timeline">
        <div className={s.chart} style={{ padding: "8px 24px 0" }}>
          {summary.data && summary.data.events > 0 && <OverTime of={summary.data} gaps={gaps} filter={own} />}
        </div>
        <Lines
          lines={lines}
          selected={chosen?.id}
          onSelect={(id) => go({ sel: id }, true)}
          onEnd={() => hasNextPage && !isFetchingNextPage && void fetchNextPage()}
        />
      </section>
      <aside className={s.right} aria-label="The selected event" tabIndex={0} data-arrows key={chosen?.id ?? ""}>
        {chosen ? (
          <One of={chosen} />
        ) : (
          <Muted>Choose a line: its record, its fields and what to do with it stand here.</Muted>
        )}
      </aside>
    </div>
  );
}

function One({ of: it }: { readonly of: OcsfEvent }) {
  return (
    <>
      <Title meta={<At at={it.time} />}>{didOn(it)}</Title>
      <PaneActions>
        <PinButton of={it} />
        <Link to="/events" search={{ filter: `id:"${it.id}"`, sel: it.id }}>
          hunt
        </Link>
      </PaneActions>
      <EventRecord of={it} />
    </>
  );
}

interface LinesProps {
  readonly lines: readonly HostLine[];
  readonly selected: string | undefined;
  readonly onSelect: (id: string) => void;
  readonly onEnd: () => void;
}

function Lines({ lines, selected, onSelect, onEnd }: LinesProps) {
  const { zone } = usePreferences();
  const body = useRef<HTMLDivElement>(null);
  const height = rowHeight(usePreferences());
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => body.current,
    estimateSize: () => height,
    overscan,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? -1;
  const at = lines.findIndex((it) => it.kind === "event" && it.event.id === selected);
  useEffect(() => {
    if (last >= lines.length - overscan) onEnd();
  });
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);
  const walk = (step: 1 | -1) => {
    for (let to = at + step; to >= 0 && to < lines.length; to += step) {
      const line = lines[to];
      if (line?.kind === "event") return onSelect(line.event.id);
    }
  };
  useShortcuts({ next: () => walk(1), previous: () => walk(-1) });
  return (
    <div className={s.scroller} ref={body} tabIndex={0} role="region" aria-label="Events in the order of time">
      <div className={s.lines} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index, start }) => {
          const line = lines[index];
          if (!line) return null;
          const place = { transform: `translateY(${start}px)` };
          const when = `${date(line.at, zone)} ${clock(line.at, zone)}`;
          if (line.kind !== "event")
            return (
              <div className={`${s.line} ${line.kind === "gap" ? s.gap : s.sight}`} style={place} key={index}>
                <span className={s.time}>{when}</span>
                {line.kind === "gap" ? <Silence of={line} /> : <span>{sensorWords(line.sensor)}</span>}
              </div>
            );
          const { event } = line;
          return (
            <button
              type="button"
              className={`${s.line} ${event.id === selected ? s.on : ""}`}
              style={place}
              aria-pressed={event.id === selected}
              onClick={() => onSelect(event.id)}
              key={index}
            >
              <span className={s.time}>{when}</span>
              <span>
                <Shown>{didOn(event)}</Shown>
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}

function Silence({ of: { gap } }: { readonly of: Extract<HostLine, { kind: "gap" }> }) {
  const now = useNow();
  return (
    <span>
      The host was not seen for {span((gap.to ?? now) - gap.from)}
      {gap.to === undefined && ", still"}
      {gap.reason !== undefined && (
        <>
          {" · "}
          <Shown>{gap.reason}</Shown>
        </>
      )}
    </span>
  );
}
