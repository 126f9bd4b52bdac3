import type { OcsfEvent } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { lists } from "../../api/queries.ts";
import { size } from "../../format/size.ts";
import { clock, date, stamp, zoneName } from "../../format/time.ts";
import { usePreferences } from "../../preferences.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Dotted, PaneActions, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty, Partial } from "../../ui/states.tsx";
import { Middle, Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { addressOf, eventFields, pivot } from "../fields.ts";
import { PinButton } from "./pin.tsx";
import { EventRecord } from "./record.tsx";
import { Summary } from "./summary.tsx";
import { whatHappened } from "./what.ts";
import s from "./events.module.css";

/** The hunt: every event that is kept, by any of its fields. */
export function EventList() {
  const { zone } = usePreferences();
  const titled = useMemo(
    () => columns.map((it) => (it.id === "time" ? { ...it, title: `Time, ${zoneName(Date.now(), zone)}` } : it)),
    [zone],
  );
  return (
    <ListPage
      list="events"
      title="Events"
      read={lists.events}
      columns={titled}
      idOf={idOf}
      fields={eventFields}
      placeholder="All events. Filter: principal:role/dev operation:download time:>=24h bytes:>=1GB"
      pane={(it) => <Pane of={it} />}
      banner={(page) => (
        <>
          <Partial of={page} />
          <Summary total={page.total} />
        </>
      )}
      empty={(filter) => (
        <Empty title={filter === "" ? "No event yet" : "No event matches the filter"}>
          <p>
            {filter === ""
              ? "Events come from sources: "
              : "What no source sees leaves no event. What each of them cannot see is under "}
            <Link to="/sources">Sources</Link>.
          </p>
          {filter === "" && <SampleOffer />}
        </Empty>
      )}
      pivot={pivot}
      stillWorks="Incidents, alerts and the evidence do not need the event engine: they can be read and decided."
    />
  );
}

const idOf = (it: OcsfEvent) => it.id;

const columns: readonly Column<OcsfEvent>[] = [
  {
    id: "time",
    title: "Time",
    track: "168px",
    sort: "-time",
    cell: (it) => <When at={it.time} />,
  },
  {
    id: "operation",
    title: "Operation",
    track: "84px",
    cell: (it) => optional("operation", it.operation, true),
  },
  {
    id: "principal",
    title: "Principal",
    track: "minmax(96px, 0.6fr)",
    cell: (it) => optional("principal", it.principal),
  },
  {
    id: "model",
    title: "Model",
    track: "minmax(80px, 0.3fr)",
    from: 860,
    cell: (it) => optional("model", it.model),
  },
  {
    id: "artifact",
    title: "Artifact",
    track: "minmax(210px, 1fr)",
    cell: (it) => (it.artifact === undefined ? <Muted>—</Muted> : <Middle>{it.artifact}</Middle>),
  },
  {
    id: "address",
    title: "Address",
    track: "112px",
    from: 760,
    cell: (it) => optional("address", addressOf(it)),
  },
  {
    id: "source",
    title: "Source",
    track: "104px",
    from: 1000,
    cell: (it) => optional("source", it.source),
  },
  {
    id: "bytes",
    title: "Bytes",
    track: "84px",
    end: true,
    sort: "-bytes",
    cell: (it) => <span>{it.bytes === undefined ? "—" : size(it.bytes)}</span>,
  },
];

function When({ at }: { readonly at: number }) {
  const { zone } = usePreferences();
  return (
    <span className={s.time} title={stamp(at, zone)}>
      {date(at, zone)} {clock(at, zone)}
    </span>
  );
}

function optional(field: string, value: string | undefined, word = false) {
  if (value === undefined) return <Muted>—</Muted>;
  return (
    <Value field={field} inRow word={word}>
      {value}
    </Value>
  );
}

function Pane({ of: it }: { readonly of: OcsfEvent }) {
  return (
    <>
      <Title
        meta={
          <Dotted>
            {[<At at={it.time} key="at" />, <Shown key="source">{it.source}</Shown>, <Mono key="id">{it.id}</Mono>]}
          </Dotted>
        }
      >
        {whatHappened(it)}
      </Title>
      <PaneActions>
        <PinButton of={it} />
      </PaneActions>
      <EventRecord of={it} />
    </>
  );
}
