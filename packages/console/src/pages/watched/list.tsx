import { theftsOf, type Watched } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Dotted, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { pivot, watchedFields } from "../fields.ts";
import { Watch } from "./watch.tsx";

/** Everything that is watched after a confirmed theft: since when, until when, for which incidents, and the way to end it. */
export function WatchedList() {
  return (
    <ListPage
      list="watched"
      title="Watched"
      read={lists.watched}
      columns={columns}
      idOf={(it) => `${it.kind} ${it.name}`}
      fields={watchedFields}
      placeholder="All that is watched, the latest theft's first. Filter: kind:host incident:INC-7"
      pane={(it) => <Pane of={it} key={`${it.kind} ${it.name}`} />}
      empty={(filter) => (filter === "" ? <Nothing /> : <Empty title="Nothing that is watched matches the filter" />)}
      pivot={pivot}
      stillWorks="What is watched stays watched, and each watch ends by itself."
    />
  );
}

const columns: readonly Column<Watched>[] = [
  {
    id: "kind",
    title: "Kind",
    track: "84px",
    sort: "kind",
    cell: (it) => (
      <Value field="kind" inRow word>
        {it.kind}
      </Value>
    ),
  },
  { id: "name", title: "Name", track: "minmax(160px, 1fr)", sort: "name", cell: (it) => <Shown>{it.name}</Shown> },
  {
    id: "incident",
    title: "After",
    track: "minmax(88px, 0.3fr)",
    cell: (it) => {
      const [first, ...others] = theftsOf(it);
      if (first === undefined) return <Muted>beyond your spaces</Muted>;
      return (
        <span>
          <Value field="incident" inRow word>
            {first}
          </Value>
          {others.length > 0 && <Muted>{` and ${others.length} more`}</Muted>}
        </span>
      );
    },
  },
  {
    id: "from",
    title: "Since",
    track: "72px",
    end: true,
    from: 720,
    sort: "-from",
    cell: (it) => <Ago at={it.from} />,
  },
  { id: "until", title: "Until", track: "248px", end: true, sort: "-until", cell: (it) => <At at={it.until} /> },
];

function Pane({ of: it }: { readonly of: Watched }) {
  return (
    <>
      <Title meta={<Dotted>{[it.kind, <PageOf of={it} key="page" />]}</Dotted>}>{it.name}</Title>
      <Watch of={it} inList />
    </>
  );
}

function PageOf({ of: { kind, name } }: { readonly of: Watched }) {
  switch (kind) {
    case "model":
      return (
        <Link to="/models/$name" params={{ name }}>
          its books
        </Link>
      );
    case "host":
      return (
        <Link to="/scans/$host" params={{ host: name }}>
          its scans
        </Link>
      );
    default:
      return (
        <Link to="/entities/$kind/$name" params={{ kind, name: name.toWellFormed() }}>
          its events
        </Link>
      );
  }
}

function Nothing() {
  return (
    <Empty title="Nothing is watched">
      <p>
        Close the <Link to="/incidents">incident</Link> of a theft as a true positive: its models, principals, hosts,
        places and outside addresses are watched for 90 days. What is found about them counts one step more.
      </p>
      <SampleOffer />
    </Empty>
  );
}
