import type { Overview, SourceHealth } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useLive } from "../../api/live.ts";
import { gatewaysQuery, healthQuery, overviewQuery, sessionQuery } from "../../api/queries.ts";
import { count, plural, share } from "../../format/size.ts";
import { agoInWords, span } from "../../format/time.ts";
import { isSample } from "../../sample/mode.ts";
import { Shown } from "../../ui/text.tsx";
import { useNow } from "../../ui/when.tsx";
import { alarmingRejects } from "../sources/words.ts";
import s from "./frame.module.css";

/** The proof that a quiet console can see: sources, books, scan, and whether this page still hears the server. */
export function Footer() {
  const { data, error } = useQuery(overviewQuery);
  const session = useQuery(sessionQuery);
  return (
    <footer className={s.footer}>
      {data && (
        <>
          <Sources of={data} />
          <Silences names={data.silent} />
          <Unread />
          <Detectors />
          <Books of={data} />
          <Scan of={data.scan} />
        </>
      )}
      {error && <span className={s.told}>The numbers cannot be read: {error.message}</span>}
      <span className={s.far}>
        <Hearing />
      </span>
      {session.data && <span>outweigh {session.data.version}</span>}
    </footer>
  );
}

function Sources({ of: it }: { readonly of: Overview }) {
  const { data } = useQuery(healthQuery);
  if (data && !data.items.some((one) => one.kind !== "scan")) {
    return (
      <Link to="/sources" className={s.told}>
        no source of logs: what happens between two scans is not seen
      </Link>
    );
  }
  const all = it.sending === it.sources && !data?.items.some((one) => alarmingRejects(one) !== undefined);
  return (
    <Link to="/sources" className={s.plain}>
      {all ? "✓ " : ""}
      {it.sending} of {plural(it.sources, "source")} sending · {plural(it.events24h, "event")} in 24 h
    </Link>
  );
}

/** Silent sources by name, and since when. */
function Silences({ names }: { readonly names: readonly string[] }) {
  const now = useNow();
  const { data } = useQuery(healthQuery);
  const [first] = names;
  if (first === undefined) return null;
  const since = sinceWhen(data?.items.find((it) => it.name === first));
  return (
    <Link to="/sources" className={s.told}>
      <Shown>{first}</Shown> silent{since === undefined ? "" : ` for ${span(now - since)}`}: a gap
      {names.length > 1 && `, and ${names.length - 1} more`}
    </Link>
  );
}

/** A source that sends what cannot be read: it looks well, and part of it is not seen. */
function Unread() {
  const { data } = useQuery(healthQuery);
  const torn = (data?.items ?? []).filter((it) => alarmingRejects(it) !== undefined);
  const [first] = torn;
  if (first === undefined) return null;
  return (
    <Link to="/sources" className={s.told}>
      <Shown>{first.name}</Shown>: {share(alarmingRejects(first) ?? 0)} of its records could not be read
      {torn.length > 1 && `, and ${torn.length - 1} more`}
    </Link>
  );
}

/** A gateway whose detectors see or page less than they should: nothing else on the page would tell it from quiet clients. */
function Detectors() {
  const { data } = useQuery(gatewaysQuery);
  const [first, ...more] = (data?.items ?? []).filter(
    ({ state, status }) => state === "reporting" && status && (status.blind || status.problems.length > 0),
  );
  if (first === undefined) return null;
  return (
    <Link to="/clients" className={s.told}>
      gateway <Shown>{first.name}</Shown> sees less
      {more.length > 0 && `, and ${more.length} more`}
    </Link>
  );
}

function sinceWhen(it: SourceHealth | undefined): number | undefined {
  return it?.gaps.findLast((gap) => gap.to === undefined)?.from ?? it?.lastSeenAt;
}

function Books({ of: { booksBalanced, booksTotal } }: { readonly of: Overview }) {
  if (booksTotal === 0) return <span>no model was read yet</span>;
  return (
    <Link to="/models" className={booksBalanced === booksTotal ? s.plain : s.told}>
      {booksBalanced === booksTotal ? "✓ " : ""}books balance for {count(booksBalanced)} of{" "}
      {plural(booksTotal, "model")}
    </Link>
  );
}

function Scan({ of: it }: { readonly of: Overview["scan"] }) {
  const now = useNow();
  switch (it.state) {
    case "none":
      return <span>this machine was not scanned</span>;
    case "running":
      return <span>scanning{it.message ? `: ${it.message}` : ""}</span>;
    case "failed":
      return <span className={s.told}>the scan failed{it.message ? `: ${it.message}` : ""}</span>;
    case "done":
      return <span>scanned {it.finishedAt === undefined ? "" : agoInWords(it.finishedAt, now)}</span>;
  }
}

function Hearing() {
  const { state, since } = useLive();
  const now = useNow();
  if (isSample) return <>sample</>;
  if (state === "live") return <>live</>;
  if (state === "connecting") return <>connecting</>;
  return <span className={s.told}>not live for {span(now - since)}: connecting again</span>;
}
