import type { EvidencePage } from "@outweigh/schema";
import { lists } from "../../api/queries.ts";
import { plural } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Facts, Section, Title } from "../../ui/parts.tsx";
import { Empty } from "../../ui/states.tsx";
import { Middle, Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { pivot } from "../fields.ts";
import s from "./evidence.module.css";

type Entry = EvidencePage["items"][number];

/** Everything that was decided, by whom, in one chain that nobody can change unseen. */
export function EvidenceList() {
  return (
    <ListPage
      list="evidence"
      title="Evidence"
      read={lists.evidence}
      columns={columns}
      idOf={idOf}
      fields={fields}
      placeholder="All entries. Filter: by:ana kind:…"
      banner={(page) => <Chain of={page.chain} />}
      pane={(it) => <Pane of={it} />}
      empty={(filter) => (
        <Empty title={filter === "" ? "The chain has no entry yet" : "No entry matches the filter"}>
          <p>Every decision and action is written here, each entry bound to the one before by its hash.</p>
        </Empty>
      )}
      pivot={pivot}
      stillWorks="Decisions are only taken when their entry is written: nothing is lost while the list cannot be read."
    />
  );
}

const idOf = (it: Entry) => String(it.seq);

const fields = [
  { name: "by", about: "who decided", of: (it: Entry) => [it.by] },
  { name: "kind", about: "what was decided", of: (it: Entry) => [it.kind] },
  { name: "subject", about: "about what", of: (it: Entry) => [it.subject] },
  { name: "time", about: "when: time:>=24h", values: ["1h", "24h", "7d", "30d"] },
];

const columns: readonly Column<Entry>[] = [
  {
    id: "seq",
    title: "Entry",
    track: "80px",
    sort: "-seq",
    cell: (it) => <Muted>#{it.seq}</Muted>,
  },
  {
    id: "by",
    title: "By",
    track: "minmax(80px, 0.2fr)",
    sort: "by",
    cell: (it) => <Shown>{it.by}</Shown>,
  },
  { id: "text", title: "What", track: "minmax(200px, 1fr)", cell: (it) => <Shown>{it.text}</Shown> },
  {
    id: "kind",
    title: "Kind",
    track: "minmax(120px, 0.25fr)",
    from: 760,
    sort: "kind",
    cell: (it) => <Mono>{it.kind}</Mono>,
  },
  {
    id: "subject",
    title: "Subject",
    track: "minmax(120px, 0.3fr)",
    from: 980,
    cell: (it) => (it.subject === undefined ? <Muted>—</Muted> : <Middle>{it.subject}</Middle>),
  },
  { id: "hash", title: "Hash", track: "minmax(120px, 0.2fr)", cell: (it) => <Middle>{it.hash}</Middle> },
  { id: "at", title: "When", track: "82px", end: true, sort: "-time", cell: (it) => <Ago at={it.at} /> },
];

function Chain({ of: it }: { readonly of: EvidencePage["chain"] }) {
  return (
    <div className={s.chain} role={it.ok ? "status" : "alert"}>
      {it.ok ? (
        <span>✓ The chain holds: {plural(it.entries, "entry", "entries")} recomputed</span>
      ) : (
        <strong>
          The chain does not hold: <Shown>{it.problem ?? "an entry was changed"}</Shown>
        </strong>
      )}
      <Muted>
        checked <At at={it.checkedAt} />
      </Muted>
    </div>
  );
}

function Pane({ of: it }: { readonly of: Entry }) {
  return (
    <>
      <Title meta={<At at={it.at} />}>{it.text}</Title>
      <Section title="Entry">
        <Facts
          rows={[
            ["Number", `#${it.seq}`],
            ["Kind", <Mono key="kind">{it.kind}</Mono>],
            ["By", <Shown key="by">{it.by}</Shown>],
            ["Subject", it.subject && <Mono key="subject">{it.subject}</Mono>],
            ["Hash", <Mono key="hash">{it.hash}</Mono>],
          ]}
        />
      </Section>
      <Section title="Check it without us">
        <p>
          <code>npx outweigh pack INCIDENT &gt; FILE</code> takes an incident's part of the chain out;{" "}
          <code>npx outweigh verify FILE</code> recomputes it on any machine.
        </p>
      </Section>
    </>
  );
}
