import type { ModelRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lists, overviewQuery } from "../../api/queries.ts";
import { count, heldShort, size } from "../../format/size.ts";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { modelFields, pivot } from "../fields.ts";
import { WatchedMark } from "../watched/mark.tsx";
import { ModelPane } from "./pane.tsx";
import { booksWord } from "./words.ts";

/** Every model that is registered or was found: its copies, its readers, and whether its books balance. */
export function ModelList() {
  const navigate = useNavigate();
  return (
    <ListPage
      list="models"
      title="Models"
      read={lists.models}
      columns={columns}
      idOf={idOf}
      fields={modelFields}
      placeholder="All models. Filter: class:private registered:true"
      pane={(it) => <ModelPane row={it} />}
      open={(name) => void navigate({ to: "/models/$name", params: { name } })}
      empty={(filter) => (filter === "" ? <NoModel /> : <Empty title="No model matches the filter" />)}
      pivot={pivot}
      stillWorks="Reads go on being booked."
    />
  );
}

const idOf = (it: ModelRow) => it.name;

const columns: readonly Column<ModelRow>[] = [
  {
    id: "name",
    title: "Model",
    track: "minmax(140px, 1fr)",
    sort: "name",
    cell: (it) => (
      <span>
        <WatchedMark of={it} />
        <Shown>{it.name}</Shown>
        {!it.registered && <Muted> · not registered</Muted>}
      </span>
    ),
  },
  {
    id: "class",
    title: "Class",
    track: "76px",
    sort: "class",
    cell: (it) =>
      it.class ? (
        <Value field="class" inRow word>
          {it.class}
        </Value>
      ) : (
        <Muted>—</Muted>
      ),
  },
  {
    id: "owner",
    title: "Owner",
    track: "112px",
    from: 1080,
    sort: "owner",
    cell: (it) => (it.owner ? <Shown>{it.owner}</Shown> : <Muted>—</Muted>),
  },
  {
    id: "bytes",
    title: "Size",
    track: "80px",
    end: true,
    sort: "-bytes",
    cell: (it) => (it.bytes === undefined ? <Muted>not known</Muted> : <span>{size(it.bytes)}</span>),
  },
  {
    id: "copies",
    title: "Copies",
    track: "64px",
    end: true,
    sort: "-copies",
    cell: (it) => number(it.copies),
  },
  {
    id: "undeclared",
    title: "Undeclared",
    track: "88px",
    end: true,
    sort: "-undeclared",
    cell: (it) => (it.registered ? number(it.undeclaredCopies) : <Muted>—</Muted>),
  },
  {
    id: "exposed",
    title: "Exposed",
    track: "72px",
    end: true,
    from: 820,
    sort: "-exposed",
    cell: (it) => number(it.exposedCopies),
  },
  {
    id: "readers",
    title: "Readers",
    track: "70px",
    end: true,
    from: 740,
    sort: "-readers",
    cell: (it) => number(it.readers),
  },
  {
    id: "unaccounted",
    title: "Unaccounted",
    track: "140px",
    end: true,
    sort: "-unaccounted",
    cell: (it) => (it.coalition && it.coalition.bytes > 0 ? <span>{heldShort(it.coalition)}</span> : <Muted>—</Muted>),
  },
  {
    id: "books",
    title: "Books",
    track: "108px",
    sort: "balanced",
    cell: (it) => (it.balanced === false ? booksWord(it) : <Muted>{booksWord(it)}</Muted>),
  },
  {
    id: "open",
    title: "Open",
    track: "60px",
    end: true,
    from: 900,
    sort: "-incidents",
    cell: (it) => number(it.openIncidents),
  },
];

function number(n: number) {
  return n === 0 ? <Muted>0</Muted> : <span>{count(n)}</span>;
}

function NoModel() {
  const { data } = useQuery(overviewQuery);
  const scan = data?.scan;
  return (
    <Empty title="No model is known">
      {scan?.state === "running" ? (
        <p>
          This machine is being scanned
          {scan.message ? (
            <>
              : <Shown>{scan.message}</Shown>
            </>
          ) : (
            ""
          )}
          . What is found appears here.
        </p>
      ) : scan?.state === "failed" ? (
        <p>
          The scan failed: <Shown>{scan.message ?? "no reason was given"}</Shown>.
        </p>
      ) : (
        <p>Nothing is registered, and no scan has found a model.</p>
      )}
      <ol>
        <li>
          <code>npx outweigh scan PATH</code> finds models by content, whatever they are called.
        </li>
        <li>
          <code>npx outweigh init</code> proposes a register from that; <code>npx outweigh check</code> reads it again.
        </li>
      </ol>
      <p>
        Reads of models that nobody registered still raise <Link to="/alerts">alerts</Link>, but they cannot be
        balanced.
      </p>
      <SampleOffer />
    </Empty>
  );
}
