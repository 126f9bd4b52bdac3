import type { HostDetail } from "@outweigh/schema";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { ApiError } from "../../api/client.ts";
import { hostActivityQuery, hostProcesses, hostQuery } from "../../api/queries.ts";
import { withValue } from "../../filter-edit.ts";
import { count, plural } from "../../format/size.ts";
import { Dotted, Tabs, Title } from "../../ui/parts.tsx";
import { FilterLine } from "../../ui/filter-line.tsx";
import { useUrl } from "../../ui/list-state.ts";
import { usePageTitle } from "../../ui/page-title.ts";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Empty, Failed, Waiting } from "../../ui/states.tsx";
import { FilterBy, Mono, Muted, Shown } from "../../ui/text.tsx";
import { eventFields } from "../fields.ts";
import { Egress } from "./egress.tsx";
import { NothingSeen } from "./nothing-seen.tsx";
import { HostPane } from "./pane.tsx";
import { ProcessPane } from "./process-pane.tsx";
import { ProcessTree } from "./process-tree.tsx";
import { HostScans } from "./scans.tsx";
import { Timeline } from "./timeline.tsx";
import { hostState } from "./words.ts";
import s from "./detail.module.css";

const tabs = [
  { id: "tree", title: "Processes" },
  { id: "timeline", title: "Timeline" },
  { id: "egress", title: "What may have left" },
  { id: "scans", title: "Scans" },
  { id: "agent", title: "Agent and orders" },
] as const;
type TabId = (typeof tabs)[number]["id"];

/** What is looked at when the URL says nothing: long enough for a weekend, short enough to be answered at once. */
const usual = "time:>=7d";

/** One host: who opened weights there, what became of them, and what can have left. */
export function HostPage() {
  const { id = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const { search, go } = useUrl();
  const { data, error, errorUpdatedAt, refetch } = useQuery(hostQuery(id));
  useShortcuts({
    back: () => {
      if (search.sel !== undefined) go({ sel: undefined }, true);
      else if (router.history.canGoBack()) router.history.back();
      else void navigate({ to: "/hosts" });
    },
  });
  if (data) return <Told of={data} />;
  if (!error) return <Waiting lines={12} />;
  if (error instanceof ApiError && error.status === 404)
    return (
      <Empty title="There is no such host">
        <p>
          No agent is enrolled as <Mono>{id}</Mono>. <Link to="/hosts">All hosts</Link>
        </p>
      </Empty>
    );
  return (
    <Failed
      what="The host cannot be read"
      error={error}
      since={errorUpdatedAt}
      again={() => void refetch()}
      stillWorks="Its agent keeps what it sees until the server answers."
    />
  );
}

function Told({ of: it }: { readonly of: HostDetail }) {
  const { search, go } = useUrl();
  usePageTitle(it.host.name);
  const tab: TabId = tabs.find(({ id }) => id === search.tab)?.id ?? "tree";
  const filter = search.filter ?? usual;
  const isOfEvents = tab !== "agent" && tab !== "scans";
  return (
    <article className={s.page}>
      <header className={s.head}>
        <div className={s.crumb}>
          <Link to="/hosts">Hosts</Link> / <Shown>{it.host.name}</Shown>
        </div>
        <Title
          meta={
            <Dotted>
              {[
                hostState(it.host),
                it.host.watched && "watched after a theft",
                it.host.tier && <Mono key="tier">{it.host.tier}</Mono>,
                <Shown key="system">{it.host.system}</Shown>,
                <Link to="/events" search={{ filter: `source:${it.source}` }} key="events">
                  all its events
                </Link>,
                <Link to="/posture" key="posture">
                  how its models could be taken
                </Link>,
              ]}
            </Dotted>
          }
        >
          {it.host.name}
        </Title>
        <Tabs label="Of this host" tabs={tabs} value={tab} onChange={(id) => go({ tab: id, sel: undefined })} />
      </header>
      {isOfEvents && (
        <FilterBy value={(field, value, excluded) => go({ filter: withValue(filter, field, value, excluded) })}>
          <div className={s.filter}>
            <FilterLine
              value={filter}
              fields={eventFields}
              placeholder="All its events. Filter: time:>=24h model:acme-13b operation:send"
              onChange={(to) => go({ filter: to, sel: undefined })}
            />
          </div>
          {tab === "tree" && <Processes of={it} filter={filter} />}
          {tab === "timeline" && <Timeline of={it} filter={filter} />}
          {tab === "egress" && <Leaving of={it} filter={filter} />}
        </FilterBy>
      )}
      {tab === "scans" && (
        <div className={s.whole} tabIndex={0} data-arrows role="region" aria-label="Scans">
          <HostScans of={it} />
        </div>
      )}
      {tab === "agent" && (
        <div className={s.whole} tabIndex={0} data-arrows role="region" aria-label="Agent and orders">
          <HostPane id={it.host.id} row={it.host} isPage />
        </div>
      )}
    </article>
  );
}

/** The tree, and what one of its processes did beside it. */
function Processes({ of: it, filter }: { readonly of: HostDetail; readonly filter: string }) {
  const { search, go } = useUrl();
  const query = useInfiniteQuery({
    queryKey: ["activity", it.host.id, "processes", filter],
    queryFn: ({ pageParam, signal }) => hostProcesses(it.host.id)({ filter, after: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next,
    staleTime: 15_000,
  });
  const { data, error, fetchNextPage, hasNextPage, isFetchingNextPage } = query;
  const rows = useMemo(() => (data?.pages ?? []).flatMap((page) => page.items), [data]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetchingNextPage]);
  if (error && rows.length === 0)
    return <Failed what="Its processes cannot be read" error={error} again={() => void query.refetch()} />;
  if (!data) return <Waiting lines={12} />;
  const [first] = data.pages;
  const total = first?.total ?? 0;
  if (total === 0) return <NothingSeen of={it} filter={filter} />;
  const chosen = rows.find((row) => row.key === search.sel) ?? rows.find((row) => row.touched);
  return (
    <div className={s.split}>
      <section className={s.left} aria-label="Processes">
        <div className={s.legend}>
          <Muted>
            {plural(total, "process", "processes")} that handled weights, or started one that did
            {first && first.left > 0 && `; ${count(first.left)} earlier ones are left out: narrow the time`}
          </Muted>
          <span className={s.heads}>
            <span>files</span>
            <span>read ≤</span>
            <span>out ≤</span>
          </span>
        </div>
        <ProcessTree
          rows={rows}
          total={total}
          selected={chosen?.key}
          onSelect={(key) => go({ sel: key }, true)}
          onEnd={more}
        />
      </section>
      {chosen && (
        <aside className={s.right} aria-label="The selected process" tabIndex={0} data-arrows key={chosen.key}>
          <ProcessPane of={chosen} source={it.source} filter={filter} />
        </aside>
      )}
    </div>
  );
}

function Leaving({ of: it, filter }: { readonly of: HostDetail; readonly filter: string }) {
  const { data, error, refetch } = useQuery(hostActivityQuery(it.host.id, filter));
  if (error && !data)
    return <Failed what="What may have left cannot be read" error={error} again={() => void refetch()} />;
  if (!data) return <Waiting lines={8} />;
  if (data.events === 0) return <NothingSeen of={it} filter={filter} />;
  return (
    <div className={s.whole} tabIndex={0} data-arrows role="region" aria-label="What may have left">
      <Egress of={data} host={it} filter={filter} />
    </div>
  );
}
