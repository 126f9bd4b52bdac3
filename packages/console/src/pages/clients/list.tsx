import type { ClientRow, GatewayRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { gatewaysQuery, lists } from "../../api/queries.ts";
import { count, plural, share } from "../../format/size.ts";
import { Button } from "../../ui/button.tsx";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Dotted } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { clientFields, pivot } from "../fields.ts";
import s from "./clients.module.css";
import { ClientPane } from "./pane.tsx";
import { reading } from "./words.ts";

/** Who asks the models through a gateway: how much, what it learns, and what holds for it. */
export function ClientList() {
  const navigate = useNavigate();
  return (
    <ListPage
      list="clients"
      title="Clients"
      read={lists.clients}
      columns={columns}
      idOf={idOf}
      fields={clientFields}
      placeholder="All clients. Filter: novelty:>0.5 dial:suspended"
      pane={(it) => <ClientPane of={it} />}
      open={(id) => void navigate({ to: "/clients/$id", params: { id } })}
      empty={(filter) => (filter === "" ? <NoClient /> : <Empty title="No client matches the filter" />)}
      banner={() => <Banner />}
      pivot={pivot}
      bulk={(rows) => <Compare rows={rows} />}
      stillWorks="Gateways go on serving, and orders that stand go on standing."
    />
  );
}

const idOf = (it: ClientRow) => it.id;

const columns: readonly Column<ClientRow>[] = [
  {
    id: "principal",
    title: "Client",
    track: "minmax(120px, 1fr)",
    sort: "principal",
    cell: (it) => <Shown>{it.principal}</Shown>,
  },
  { id: "requests", title: "Requests", track: "84px", end: true, sort: "-requests", cell: (it) => count(it.requests) },
  {
    id: "novelty",
    title: "Novelty",
    track: "72px",
    end: true,
    sort: "-novelty",
    cell: (it) => number(it.reading?.novelty),
  },
  {
    id: "learning",
    title: "Learning",
    track: "76px",
    end: true,
    from: 620,
    sort: "-learning",
    cell: (it) => number(it.reading?.learning),
  },
  {
    id: "progress",
    title: "Progress",
    track: "80px",
    end: true,
    sort: "-progress",
    cell: (it) => (it.reading?.progress === undefined ? <Muted>–</Muted> : `≥ ${share(it.reading.progress)}`),
  },
  {
    id: "budget",
    title: "Budget",
    track: "68px",
    end: true,
    from: 700,
    sort: "-budget",
    cell: (it) => (it.budget === undefined ? <Muted>none</Muted> : share(it.budget.used)),
  },
  {
    id: "group",
    title: "Linked",
    track: "60px",
    end: true,
    from: 780,
    cell: (it) => (it.group.length === 0 ? <Muted>–</Muted> : count(it.group.length)),
  },
  {
    id: "dial",
    title: "Answers",
    track: "92px",
    sort: "dial",
    cell: (it) =>
      it.dial === "full" ? (
        <Muted>{it.dial}</Muted>
      ) : (
        <Value field="dial" inRow word>
          {it.dial}
        </Value>
      ),
  },
  {
    id: "orders",
    title: "Orders",
    track: "64px",
    end: true,
    from: 560,
    cell: (it) => (it.standing.length === 0 ? <Muted>–</Muted> : count(it.standing.length)),
  },
  {
    id: "last",
    title: "Last",
    track: "72px",
    end: true,
    sort: "-last",
    cell: (it) => (it.lastAt === undefined ? <Muted>never</Muted> : <Ago at={it.lastAt} />),
  },
];

function number(value: number | undefined) {
  return reading(value) ?? <Muted>–</Muted>;
}

/** Whether the gateways can be seen: rows are of those alone that report. */
function Banner() {
  const { data } = useQuery(gatewaysQuery);
  const all = data?.items.filter((it) => it.state !== "revoked") ?? [];
  if (all.length === 0) return null;
  const lost = all.filter((it) => it.state !== "reporting");
  return (
    <>
      <div className={s.banner}>
        <Muted>
          {lost.length === 0
            ? `${plural(all.length, "gateway")} ${all.length === 1 ? "reports" : "report"}`
            : `Not seen now: the clients of ${lost.map((it) => it.name).join(", ")}`}
        </Muted>
        <span>
          <Dotted>
            {[
              <Link to="/client-keys" key="keys">
                Keys of clients
              </Link>,
              <Link to="/captures" key="captures">
                Captures
              </Link>,
            ]}
          </Dotted>
        </span>
      </div>
      {all
        .filter((it) => it.state === "reporting")
        .map((it) => (
          <Problems of={it} key={it.id} />
        ))}
    </>
  );
}

/** What keeps a gateway's detectors from seeing or paging: calibrations, an encoder, what a restart could not take back. */
function Problems({ of: { name, status } }: { readonly of: GatewayRow }) {
  const problems = [
    ...(status?.blind === true ? ["its detectors do not see everything at this moment"] : []),
    ...(status?.problems ?? []),
  ];
  if (problems.length === 0) return null;
  return (
    <div className={s.problems}>
      <details open={problems.length <= 3}>
        <summary>
          <Shown>{name}</Shown> sees less: {plural(problems.length, "problem")} of its detectors
        </summary>
        <ul>
          {problems.map((it) => (
            <li key={it}>
              <Shown>{it}</Shown>
            </li>
          ))}
        </ul>
      </details>
    </div>
  );
}

/** Two that are selected, side by side. */
function Compare({ rows }: { readonly rows: readonly ClientRow[] }) {
  const navigate = useNavigate();
  const [a, b] = rows;
  return (
    <Button
      look="main"
      disabled={!a || !b || rows.length !== 2}
      onClick={() => a && b && void navigate({ to: "/clients/$id/beside/$other", params: { id: a.id, other: b.id } })}
    >
      {rows.length === 2 ? "Side by side" : "Select two to see them side by side"}
    </Button>
  );
}

/** What to do next: no gateway, one that does not report, or one that nobody asked yet. */
function NoClient() {
  const { data } = useQuery(gatewaysQuery);
  const gateways = data?.items.filter((it) => it.state !== "revoked") ?? [];
  const [first] = gateways;
  if (!first)
    return (
      <Empty title="No gateway before your models">
        <p>Who asks your models, and how much of them the answers give away, is not metered.</p>
        <ol>
          <li>
            Describe your model servers under <code>gateway:</code> in <code>outweigh.yml</code>;{" "}
            <code>npx outweigh check</code> names what is missing.
          </li>
          <li>
            <code>npx outweigh up</code> starts it beside this server. Elsewhere:{" "}
            <code>npx outweigh gateway enrol</code>.
          </li>
        </ol>
        <SampleOffer />
      </Empty>
    );
  if (gateways.every((it) => it.state !== "reporting"))
    return (
      <Empty title={`The gateway ${first.name} does not report`}>
        <p>
          It may serve all the same; what its clients ask is not known here. <code>npx outweigh gateway</code> starts
          it.
        </p>
      </Empty>
    );
  return (
    <Empty title="Nobody asked yet">
      <p>
        Clients ask <code>{first.status?.url ?? "the gateway"}</code> with a key of their own, in place of your model
        server.
      </p>
      <p>
        <Link to="/client-keys">Make a key</Link> for the first one.
      </p>
    </Empty>
  );
}
