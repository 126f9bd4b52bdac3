import { printFilter, type Gap, type TimelineEntry } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { count } from "../../format/size.ts";
import { date, span, zoneName } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import { Glyph, wordOf } from "../../ui/level.tsx";
import { Shown } from "../../ui/text.tsx";
import { Clock, useNow } from "../../ui/when.tsx";
import { storyLines, type StoryLine } from "./timeline.ts";
import s from "./incidents.module.css";

interface EvidenceProps {
  readonly entries: readonly TimelineEntry[];
  readonly gaps: readonly Gap[];
  /** Lines shown at first. */
  readonly max: number;
  /** Whether details stand under their lines. */
  readonly details?: boolean;
}

/** The evidence as a timeline: alerts, events and actions in their order, and every silence where it was. */
export function Evidence({ entries, gaps, max, details = false }: EvidenceProps) {
  const { zone } = usePreferences();
  const [all, setAll] = useState(false);
  const lines = storyLines(entries, gaps, zone);
  const shown = all ? lines : lines.slice(0, max);
  if (lines.length === 0) return <p>No event is kept any more; the alerts hold what they were made from.</p>;
  return (
    <div className={s.lines}>
      {shown.map((line, i) => (
        <Line line={line} details={details} key={i} />
      ))}
      {lines.length > shown.length && (
        <button type="button" className={s.more} onClick={() => setAll(true)}>
          {count(lines.length - shown.length)} more
        </button>
      )}
    </div>
  );
}

function Line({ line, details }: { readonly line: StoryLine; readonly details: boolean }) {
  const { zone } = usePreferences();
  switch (line.kind) {
    case "day":
      return (
        <div className={s.day}>
          <span>
            {date(line.at, zone)} {zoneName(line.at, zone)}
          </span>
        </div>
      );
    case "gap":
      return <Silence of={line.gap} told={line.told} />;
    case "run":
      return <Run entries={line.entries} details={details} />;
    case "entry":
      return <Entry of={line.entry} details={details} />;
  }
}

function Entry({ of: it, details }: { readonly of: TimelineEntry; readonly details: boolean }) {
  return (
    <div className={s.line}>
      <span className={s.time}>
        <Clock at={it.at} />
      </span>
      <span className={s.mark}>{markOf(it)}</span>
      <div className={s.what}>
        <Linked to={it}>
          <Shown>{it.title}</Shown>
        </Linked>
        {it.to !== undefined && it.to - it.at >= 1000 && (
          <span className={s.detail}> · over {span(it.to - it.at)}</span>
        )}
        {details && it.detail && (
          <div className={s.detail}>
            <Shown>{it.detail}</Shown>
          </div>
        )}
      </div>
    </div>
  );
}

function markOf({ kind, severity }: TimelineEntry): ReactNode {
  if (kind === "alert" && severity) {
    return (
      <>
        <Glyph of={severity} />
        <span hidden>{wordOf(severity)}</span>
      </>
    );
  }
  return <i className={kind === "action" ? s.square : s.dot} />;
}

function onlyId(id: string): string {
  return printFilter([{ field: "id", op: "=", values: [id], excluded: false }]);
}

/** The thing itself, where it has a page. */
function Linked({ to: { kind, ref }, children }: { readonly to: TimelineEntry; readonly children: ReactNode }) {
  if (ref === undefined) return children;
  switch (kind) {
    case "alert":
      return (
        <Link to="/alerts/$id" params={{ id: ref }}>
          {children}
        </Link>
      );
    case "event":
      return (
        <Link to="/events" search={{ filter: onlyId(ref), sel: ref, wide: true }}>
          {children}
        </Link>
      );
    case "action":
      return (
        <Link to="/actions" search={{ sel: ref }}>
          {children}
        </Link>
      );
    case "gap":
      return children;
  }
}

/** Equal events, told as one until they are opened. */
function Run({ entries, details }: { readonly entries: readonly TimelineEntry[]; readonly details: boolean }) {
  const [open, setOpen] = useState(false);
  const [first] = entries;
  const last = entries.at(-1);
  if (!first || !last) return null;
  if (open) return entries.map((it, i) => <Entry of={it} details={details} key={i} />);
  return (
    <div className={s.line}>
      <span className={s.time}>
        <Clock at={first.at} />
      </span>
      <span className={s.mark}>
        <i className={s.dot} />
      </span>
      <div className={s.what}>
        {count(entries.length)} × <Shown>{first.title}</Shown>
        {entries.some((it) => it.title !== first.title) && " and the like"}
        <span className={s.detail}> · over {span((last.to ?? last.at) - first.at)} · </span>
        <button type="button" className={s.more} onClick={() => setOpen(true)}>
          each
        </button>
      </div>
    </div>
  );
}

/** A band across the timeline: what happened in it is not known. */
function Silence({ of: it, told }: { readonly of: Gap; readonly told: string | undefined }) {
  const now = useNow();
  return (
    <div className={`${s.line} ${s.gap}`}>
      <span className={s.time}>
        <Clock at={it.from} />
      </span>
      <span className={s.mark} />
      <div className={s.what}>
        {told === undefined ? (
          <>
            <Shown>{it.source}</Shown> not seen
          </>
        ) : (
          <Shown>{told}</Shown>
        )}{" "}
        for {span((it.to ?? now) - it.from)}
        {it.to === undefined ? ", still" : ""}
        {it.reason && (
          <span className={s.detail}>
            {" "}
            · <Shown>{it.reason}</Shown>
          </span>
        )}
      </div>
    </div>
  );
}
