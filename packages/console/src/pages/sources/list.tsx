import type { SourceHealth } from "@outweigh/schema";
import { lists } from "../../api/queries.ts";
import { count, plural } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { pivot, sourceFields } from "../fields.ts";
import { Connect } from "./connect.tsx";
import { gradeText } from "./grades.tsx";
import { SourcePane } from "./pane.tsx";
import s from "./tokens.module.css";
import { isWell, stateText } from "./words.ts";

/** Who sends, whether it still does, what was refused, and what it cannot show by design. */
export function SourceList() {
  return (
    <ListPage
      list="sources"
      title="Sources"
      read={lists.sources}
      columns={columns}
      idOf={idOf}
      fields={sourceFields}
      placeholder="All sources. Filter: state:silent kind:cloudtrail"
      pane={(it) => <SourcePane of={it} />}
      empty={(filter) => (filter === "" ? <NoSource /> : <Empty title="No source matches the filter" />)}
      banner={({ total }) => total > 0 && <Connect className={s.banner} />}
      pivot={pivot}
      stillWorks="Sources go on being read."
    />
  );
}

const idOf = (it: SourceHealth) => it.name;

const columns: readonly Column<SourceHealth>[] = [
  {
    id: "state",
    title: "State",
    track: "116px",
    sort: "state",
    cell: (it) => (isWell(it) ? <Muted>{stateText(it)}</Muted> : stateText(it)),
  },
  {
    id: "name",
    title: "Source",
    track: "minmax(92px, 0.6fr)",
    sort: "name",
    cell: (it) => <Shown>{it.name}</Shown>,
  },
  {
    id: "kind",
    title: "Kind",
    track: "minmax(88px, 1fr)",
    sort: "kind",
    cell: (it) =>
      it.kinds.length > 1 ? (
        <span title={it.kinds.join("\n")}>{it.kinds.join(", ")}</span>
      ) : (
        <Value field="kind" inRow word>
          {it.kind}
        </Value>
      ),
  },
  {
    id: "grade",
    title: "Grade",
    track: "108px",
    from: 600,
    sort: "grade",
    cell: (it) => (it.grades.length === 0 ? <Muted>{gradeText(it)}</Muted> : <span>{gradeText(it)}</span>),
  },
  {
    id: "events24h",
    title: "Events in 24 h",
    track: "108px",
    end: true,
    sort: "-events24h",
    cell: (it) => <span>{count(it.events24h)}</span>,
  },
  {
    id: "records",
    title: "Records",
    track: "96px",
    end: true,
    from: 860,
    sort: "-records",
    cell: (it) => <span>{count(it.records)}</span>,
  },
  {
    id: "rejects",
    title: "Rejects",
    track: "76px",
    end: true,
    sort: "-rejects",
    cell: (it) => (it.rejects === 0 ? <Muted>0</Muted> : <span>{count(it.rejects)}</span>),
  },
  {
    id: "gaps",
    title: "Gaps",
    track: "64px",
    end: true,
    from: 780,
    sort: "-gaps",
    cell: (it) => (it.gaps.length === 0 ? <Muted>0</Muted> : <span>{count(it.gaps.length)}</span>),
  },
  {
    id: "last",
    title: "Last seen",
    track: "82px",
    end: true,
    sort: "-last",
    cell: (it) => (it.lastSeenAt === undefined ? <Muted>never</Muted> : <Ago at={it.lastSeenAt} />),
  },
];

function NoSource() {
  return (
    <Empty title="No source connected">
      <p>Nothing that happens to your models can be seen. {plural(0, "event")} arrived.</p>
      <ol>
        <li>
          Logs on this machine: <code>npx outweigh up --logs PATH</code>, or name them under <code>sources:</code> in{" "}
          <code>outweigh.yml</code>.
        </li>
        <li>
          Logs in a bucket, or sent by syslog: <code>s3:</code> or <code>syslog:</code> of a source in{" "}
          <code>outweigh.yml</code>.
        </li>
        <li>
          Logs elsewhere: <Connect /> or <code>npx outweigh token create --source NAME</code>, and send NDJSON with the
          token to <code>POST /api/ingest/NAME</code>.
        </li>
        <li>
          Not sure what a log is worth? <code>npx outweigh replay FILE</code> says what it shows and what it cannot.
        </li>
      </ol>
      <SampleOffer />
    </Empty>
  );
}
