import type { ClientKeyPage, ClientKeyRow } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { lists } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import type { Column } from "../../ui/grid.tsx";
import { ListPage } from "../../ui/list-page.tsx";
import { Facts, PaneActions, Section, Title } from "../../ui/parts.tsx";
import { SampleOffer } from "../../ui/sample-offer.tsx";
import { Empty } from "../../ui/states.tsx";
import { Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { clientKeyFields, pivot } from "../fields.ts";
import s from "./clients.module.css";
import { EndKey } from "./end-key.tsx";
import { MakeKey } from "./make-key.tsx";

/** Keys of the gateways' clients: whose, for what, since when, and which came from which. Never the keys themselves. */
export function ClientKeyList() {
  return (
    <ListPage
      list="client-keys"
      title="Keys of clients"
      read={lists["client-keys"]}
      columns={columns}
      idOf={(it) => `${it.gateway}:${it.id}`}
      fields={clientKeyFields}
      placeholder="All keys. Filter: state:valid seen:false"
      pane={(it) => <Pane of={it} />}
      empty={(filter) => (filter === "" ? <NoKey /> : <Empty title="No key matches the filter" />)}
      banner={(it) => <Banner of={it} />}
      pivot={pivot}
      stillWorks="Keys go on working at their gateways."
    />
  );
}

const columns: readonly Column<ClientKeyRow>[] = [
  {
    id: "state",
    title: "State",
    track: "76px",
    sort: "state",
    cell: (it) => (it.state === "valid" ? <Muted>valid</Muted> : it.state),
  },
  { id: "id", title: "Key", track: "152px", sort: "id", cell: (it) => <Mono>{it.id}</Mono> },
  {
    id: "principal",
    title: "Client",
    track: "minmax(120px, 1fr)",
    sort: "principal",
    cell: (it) => (
      <Value field="principal" inRow>
        {it.principal}
      </Value>
    ),
  },
  {
    id: "plan",
    title: "Plan",
    track: "84px",
    from: 640,
    sort: "plan",
    cell: (it) => (
      <Value field="plan" inRow word>
        {it.plan}
      </Value>
    ),
  },
  {
    id: "models",
    title: "May ask",
    track: "minmax(88px, 0.5fr)",
    from: 720,
    cell: (it) => (it.models.length === 0 ? <Muted>all models</Muted> : <Shown>{it.models.join(", ")}</Shown>),
  },
  { id: "created", title: "Made", track: "72px", end: true, sort: "-created", cell: (it) => <Ago at={it.createdAt} /> },
];

function Banner({ of: { gateways } }: { readonly of: ClientKeyPage }) {
  const [open, setOpen] = useState(false);
  return (
    <div className={s.banner}>
      <Link to="/clients">Clients</Link>
      {gateways.length > 0 && <Button onClick={() => setOpen(true)}>Make a key</Button>}
      {open && <MakeKey gateways={gateways} onClose={() => setOpen(false)} />}
    </div>
  );
}

function NoKey() {
  return (
    <Empty title="No client has a key">
      <p>
        Without a key a gateway answers nobody. Make the first one here, or with{" "}
        <code>npx outweigh gateway key create NAME</code>. Where no gateway reports, <Link to="/clients">Clients</Link>{" "}
        says how to start one.
      </p>
      <SampleOffer />
    </Empty>
  );
}

function Pane({ of: it }: { readonly of: ClientKeyRow }) {
  const [open, setOpen] = useState<"rotate" | "revoke">();
  return (
    <>
      <Title meta={<Shown>{it.principal}</Shown>}>{it.id}</Title>
      {it.state === "valid" && (
        <PaneActions>
          <Button look="main" onClick={() => setOpen("rotate")}>
            Rotate
          </Button>
          <Button onClick={() => setOpen("revoke")}>Revoke</Button>
        </PaneActions>
      )}
      <Section title="What it is good for">
        <Facts
          rows={[
            ["State", it.state],
            [
              "Client",
              it.seen ? (
                <Link to="/clients/$id" params={{ id: `${it.gateway}:${it.principal}` }} key="client">
                  <Shown>{it.principal}</Shown>
                </Link>
              ) : (
                <Shown key="client">{it.principal}</Shown>
              ),
            ],
            ["Has asked", it.seen ? "yes, since its gateway started" : "not since its gateway started"],
            ["Tenant", it.tenant === undefined ? undefined : <Shown key="tenant">{it.tenant}</Shown>],
            ["Plan", <Shown key="plan">{it.plan}</Shown>],
            ["May ask", it.models.length === 0 ? "all models" : <Shown key="models">{it.models.join(", ")}</Shown>],
            ["Ends with", <Mono key="last4">{`…${it.last4}`}</Mono>],
            ["Made", <At at={it.createdAt} key="made" />],
            ["Ends", endOf(it)],
            ["Revoked", it.revokedAt === undefined ? undefined : <At at={it.revokedAt} key="revoked" />],
            ["Took over from", it.replaces === undefined ? undefined : <Mono key="replaces">{it.replaces}</Mono>],
            ["Gateway", <Shown key="gateway">{it.gatewayName}</Shown>],
          ]}
        />
        <Muted>
          What a plan allows stands in <code>outweigh.yml</code>, the one place of policy.
        </Muted>
      </Section>
      {open && <EndKey of={it} how={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

/** When it ends by itself; of one that somebody ended, when they did stands beside it. */
function endOf({ expiresAt, revokedAt }: ClientKeyRow) {
  if (expiresAt !== undefined) return <At at={expiresAt} key="ends" />;
  return revokedAt === undefined ? "when somebody revokes it" : undefined;
}
