import type { ClientRow } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { clientQuery } from "../../api/queries.ts";
import { Button } from "../../ui/button.tsx";
import { Dotted, Facts, PaneActions, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { Dial } from "./dial.tsx";
import { factsOf } from "./facts.tsx";
import { OrderClient } from "./order.tsx";
import { Standing } from "./orders.tsx";
import { positionVerb, readingState, type Position } from "./words.ts";

/** One client beside the list: what it learnt, what holds for it, and the dial. */
export function ClientPane({ of: row }: { readonly of: ClientRow }) {
  const { data, error } = useQuery(clientQuery(row.id));
  const navigate = useNavigate();
  const [order, setOrder] = useState<Exclude<Position, "full"> | "any">();
  const it = data?.client ?? row;
  return (
    <>
      <Title meta={<Dotted>{[it.tenant && <Shown key="tenant">{it.tenant}</Shown>, it.gatewayName]}</Dotted>}>
        {it.principal}
      </Title>
      <PaneActions>
        <Button look="main" onClick={() => setOrder("any")}>
          Order
        </Button>
        <Button shortcut="open" onClick={() => void navigate({ to: "/clients/$id", params: { id: it.id } })}>
          Its page
        </Button>
      </PaneActions>
      {error && <Problem error={error} />}
      <Section title="What it asked and learnt">
        <Facts rows={factsOf(it)} />
        <Muted>{readingState(it)}</Muted>
      </Section>
      {it.group.length > 0 && <Group of={it} />}
      <Standing of={it.standing} />
      {data ? <Dial of={data} onTurn={setOrder} /> : !error && <Waiting lines={4} />}
      {order && (
        <OrderClient
          client={it}
          models={data?.models ?? []}
          verb={order === "any" ? undefined : positionVerb[order]}
          onClose={() => setOrder(undefined)}
        />
      )}
    </>
  );
}

/** Accounts that ask as one does; each name leads to the two side by side. */
export function Group({ of: it }: { readonly of: ClientRow }) {
  return (
    <Section title="Linked with">
      <p>
        {it.group.map((other, i) => (
          <span key={other}>
            {i > 0 && ", "}
            <Link to="/clients/$id/beside/$other" params={{ id: it.id, other: `${it.gateway}:${other}` }}>
              <Shown>{other}</Shown>
            </Link>
          </span>
        ))}
      </p>
      <Muted>
        They ask alike, and are tested together. That links accounts, it does not say that they are one person.
      </Muted>
    </Section>
  );
}
