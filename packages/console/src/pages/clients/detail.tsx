import type { ClientDetail } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { clientQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Actions, Dotted, Facts, Page, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Readings } from "./chart.tsx";
import { Dial } from "./dial.tsx";
import { factsOf } from "./facts.tsx";
import { OrderClient } from "./order.tsx";
import { Incidents, Ordered, Standing } from "./orders.tsx";
import { Group } from "./pane.tsx";
import { positionVerb, readingState, type Position } from "./words.ts";

/** One client: what it learnt over time, what it is given, what was ordered, what is known of it. */
export function ClientPage() {
  const { id = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const { data, error, errorUpdatedAt, refetch } = useQuery(clientQuery(id));
  useShortcuts({
    back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/clients" })),
  });
  if (data) return <Told of={data} />;
  if (!error) return <Waiting lines={12} />;
  return (
    <Failed
      what="The client cannot be read"
      error={error}
      since={errorUpdatedAt}
      again={() => void refetch()}
      stillWorks="Its gateway goes on serving, and orders that stand go on standing."
    />
  );
}

function Told({ of: it }: { readonly of: ClientDetail }) {
  const [order, setOrder] = useState<Exclude<Position, "full"> | "any" | "all">();
  const { client } = it;
  return (
    <Page
      title={client.principal}
      crumb={
        <>
          <Link to="/clients">Clients</Link> / <Shown>{client.principal}</Shown>
        </>
      }
      head={
        <Title
          meta={<Dotted>{[client.tenant && <Shown key="tenant">{client.tenant}</Shown>, client.gatewayName]}</Dotted>}
        >
          {client.principal}
        </Title>
      }
      actions={
        <Actions>
          <Button look="main" onClick={() => setOrder("any")}>
            Order
          </Button>
        </Actions>
      }
      side={
        <>
          <Standing of={client.standing} />
          <Incidents of={it.incidents} />
          <Section title="Particulars">
            <Facts rows={factsOf(client)} />
          </Section>
        </>
      }
    >
      <Section title="What it learnt, over time">
        <Readings points={it.points} orders={it.actions} />
        <p>
          <Muted>{readingState(client)}</Muted>
        </p>
      </Section>
      {client.group.length > 0 && <Group of={client} onDecide={() => setOrder("all")} />}
      <Dial of={it} onTurn={setOrder} />
      <Ordered of={it.actions} />
      {order && (
        <OrderClient
          client={client}
          group={client.group}
          all={order === "all"}
          models={it.models}
          verb={order === "any" || order === "all" ? undefined : positionVerb[order]}
          onClose={() => setOrder(undefined)}
        />
      )}
    </Page>
  );
}
