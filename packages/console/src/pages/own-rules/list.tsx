import type { OwnRule } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { lists } from "../../api/queries.ts";
import { count } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { ownRuleFields, pivot } from "../fields.ts";
import { OwnRulePane } from "./pane.tsx";
import { stageWord } from "./words.ts";

/** What people wrote here beside the rules of the release: exceptions, and rules of their own. */
export function OwnRuleList() {
  return (
    <ListPage
      list="own-rules"
      title="Exceptions and own rules"
      read={lists["own-rules"]}
      columns={columns}
      idOf={idOf}
      fields={ownRuleFields}
      placeholder="Exceptions and own rules. Filter: stage:published kind:exception"
      pane={(it) => <OwnRulePane of={it} />}
      empty={(filter) => (
        <Empty title={filter === "" ? "Nobody wrote an exception or a rule here yet" : "None matches the filter"}>
          <p>
            “This is fine” on an <Link to="/alerts">alert</Link> begins an exception; “Make a rule” on a{" "}
            <Link to="/events">hunt</Link> begins a rule. Until then all <Link to="/rules">rules</Link> speak as they
            came.
          </p>
          {filter === "" && <SampleOffer />}
        </Empty>
      )}
      pivot={pivot}
      stillWorks="What is published stays in use."
    />
  );
}

const idOf = (it: OwnRule) => it.name;

const columns: readonly Column<OwnRule>[] = [
  { id: "stage", title: "Stage", track: "104px", sort: "stage", cell: (it) => stageWord[it.stage] },
  {
    id: "kind",
    title: "Kind",
    track: "92px",
    sort: "kind",
    cell: (it) => (
      <Value field="kind" inRow word>
        {it.kind}
      </Value>
    ),
  },
  { id: "title", title: "Title", track: "minmax(200px, 1fr)", sort: "title", cell: (it) => <Shown>{it.title}</Shown> },
  {
    id: "rules",
    title: "For",
    track: "minmax(140px, 0.5fr)",
    from: 860,
    cell: (it) => (it.rules[0] === undefined ? <Muted>—</Muted> : <Mono>{it.rules[0]}</Mono>),
  },
  {
    id: "matches",
    title: "Matches",
    track: "80px",
    end: true,
    sort: "-matches",
    cell: (it) => <span>{count(it.count.matches)}</span>,
  },
  {
    id: "ends",
    title: "Ends",
    track: "82px",
    end: true,
    sort: "ends",
    cell: (it) => (it.stage === "published" && it.endsAt !== undefined ? <Ago at={it.endsAt} /> : <Muted>—</Muted>),
  },
  {
    id: "changed",
    title: "Changed",
    track: "82px",
    end: true,
    sort: "-changed",
    cell: (it) => <Ago at={it.stageAt} />,
  },
];
