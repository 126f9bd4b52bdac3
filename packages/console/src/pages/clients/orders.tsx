import type { ClientDetail, GatewayOrder } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { plural } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { Outcome } from "../actions/outcome.tsx";
import s from "./clients.module.css";
import { verbText } from "./words.ts";

/** What holds now, as the gateway lists it: also what was ordered there by hand. */
export function Standing({ of: orders }: { readonly of: readonly GatewayOrder[] }) {
  return (
    <Section title="Orders that hold">
      {orders.length === 0 && <Muted>None: it gets what its plan gives.</Muted>}
      {orders.map((it) => (
        <p key={it.id}>
          {verbText[it.verb].name}
          {strengthOf(it) !== "" && <Muted> {strengthOf(it)}</Muted>}
          {it.model !== undefined && (
            <>
              {" for "}
              <Mono>{it.model}</Mono>
            </>
          )}
          {it.principal.startsWith("tenant:") && <Muted> · of its whole tenant</Muted>} until <At at={it.until} />
          <br />
          <Muted>
            <Mono>{it.id}</Mono> by <Shown>{it.by}</Shown>, telling it: <Shown>{it.reason}</Shown>
          </Muted>
        </p>
      ))}
    </Section>
  );
}

/** How far an order goes, where it says. */
function strengthOf(it: GatewayOrder): string {
  const parts = [
    it.decimals !== undefined && `to ${plural(it.decimals, "decimal")}`,
    it.top !== undefined && `to the ${it.top} largest`,
    it.requestsPerMinute !== undefined && `to ${plural(it.requestsPerMinute, "request")} a minute`,
    it.bits !== undefined && `of ${it.bits} bits`,
    it.share !== undefined && `${Number((it.share * 100).toFixed(3))} % of labels`,
    it.pull !== undefined && `vectors turned by up to ${it.pull}`,
    it.megabytes !== undefined && `up to ${it.megabytes} MB`,
  ];
  return parts.filter((one) => one !== false).join(", ");
}

/** What was ordered from here, with the way back. */
export function Ordered({ of: actions }: { readonly of: ClientDetail["actions"] }) {
  if (actions.length === 0) return null;
  return (
    <Section title="Ordered from here">
      {actions.map((it) => (
        <div className={s.ordered} key={it.id}>
          <Outcome of={it} />
        </div>
      ))}
    </Section>
  );
}

export function Incidents({ of }: { readonly of: ClientDetail["incidents"] }) {
  return (
    <Section title="Incidents">
      {of.length === 0 && <Muted>None tells of it.</Muted>}
      {of.map((it) => (
        <p key={it.id}>
          <Link to="/incidents/$id" params={{ id: it.id }}>
            <Shown>{it.title}</Shown>
          </Link>
          <br />
          <Muted>
            INC-{it.number} · <Ago at={it.lastAt} /> · {it.status}
          </Muted>
        </p>
      ))}
    </Section>
  );
}
