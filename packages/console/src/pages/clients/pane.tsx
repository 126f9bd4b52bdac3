import type { AccountLinks, ClientRow } from "@outweigh/schema";
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
import { Linked } from "./linked.tsx";
import { OrderClient } from "./order.tsx";
import { Standing } from "./orders.tsx";
import { positionVerb, readingState, type Position } from "./words.ts";

/** One client beside the list: what it learnt, what holds for it, and the dial. */
export function ClientPane({ of: row }: { readonly of: ClientRow }) {
  const { data, error } = useQuery(clientQuery(row.id));
  const navigate = useNavigate();
  const [order, setOrder] = useState<Exclude<Position, "full"> | "any" | "all">();
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
      {it.group.length > 0 && <Group of={it} onDecide={() => setOrder("all")} />}
      <Standing of={it.standing} />
      {data ? <Dial of={data} onTurn={setOrder} /> : !error && <Waiting lines={4} />}
      {order && (
        <OrderClient
          client={it}
          group={it.group}
          all={order === "all"}
          models={data?.models ?? []}
          verb={order === "any" || order === "all" ? undefined : positionVerb[order]}
          onClose={() => setOrder(undefined)}
        />
      )}
    </>
  );
}

/** Accounts that ask as one does, why they are tested together, and what that gave. */
export function Group({ of: it, onDecide }: { readonly of: ClientRow; readonly onDecide: () => void }) {
  const idOf = (name: string) => `${it.gateway}:${name}`;
  // A gateway of an earlier version tells of names alone.
  const links: AccountLinks = it.linked ?? {
    members: [it.principal, ...it.group],
    links: [],
    falseLinks: 0,
    accounts: 0,
    capped: false,
  };
  return (
    <Linked of={links} retests={it.linked?.retests ?? []} idOf={idOf} onDecide={onDecide}>
      <p>
        <Muted>Side by side with </Muted>
        {it.group.map((other, i) => (
          <span key={other}>
            {i > 0 && ", "}
            <Link to="/clients/$id/beside/$other" params={{ id: it.id, other: idOf(other) }}>
              <Shown>{other}</Shown>
            </Link>
          </span>
        ))}
      </p>
    </Linked>
  );
}
