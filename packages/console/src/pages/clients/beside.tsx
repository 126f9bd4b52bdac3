import type { ClientDetail } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { clientQuery } from "../../api/queries.ts";
import { Page, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Failed, Waiting } from "../../ui/states.tsx";
import { Muted, Shown } from "../../ui/text.tsx";
import { mostOf, Readings, spanOf } from "./chart.tsx";
import s from "./clients.module.css";
import { factsOf } from "./facts.tsx";
import { Standing } from "./orders.tsx";

/** Two clients side by side: the same rows, the same span of time, and whether detectors link them. */
export function BesidePage() {
  const { id = "", other = "" } = useParams({ strict: false });
  const router = useRouter();
  const navigate = useNavigate();
  const a = useQuery(clientQuery(id));
  const b = useQuery(clientQuery(other));
  useShortcuts({
    back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/clients" })),
  });
  const error = a.error ?? b.error;
  if (a.data && b.data) return <Told a={a.data} b={b.data} />;
  if (!error) return <Waiting lines={12} />;
  const again = () => void Promise.all([a.refetch(), b.refetch()]);
  return <Failed what="One of the two clients cannot be read" error={error} again={again} />;
}

function Told({ a, b }: { readonly a: ClientDetail; readonly b: ClientDetail }) {
  const both = [a, b] as const;
  const rows = both.map((it) => factsOf(it.client));
  const points = [...a.points, ...b.points];
  const span = points.length > 0 ? spanOf(points) : undefined;
  const title = `${a.client.principal} and ${b.client.principal}`;
  return (
    <Page
      title={title}
      crumb={
        <>
          <Link to="/clients">Clients</Link> / <Shown>{title}</Shown>
        </>
      }
      head={<Title meta={linkText(a, b)}>{title}</Title>}
    >
      <table className={s.beside}>
        <thead>
          <tr>
            <td />
            {both.map(({ client }) => (
              <th scope="col" key={client.id}>
                <Link to="/clients/$id" params={{ id: client.id }}>
                  <Shown>{client.principal}</Shown>
                </Link>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {(rows[0] ?? []).map(([name, value], i) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value ?? <Muted>–</Muted>}</td>
              <td>{rows[1]?.[i]?.[1] ?? <Muted>–</Muted>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className={s.pair}>
        {both.map((it) => (
          <div key={it.client.id}>
            <Section title={it.client.principal}>
              <Readings points={it.points} orders={it.actions} most={mostOf(points)} {...(span && { span })} />
            </Section>
            <Standing of={it.client.standing} />
          </div>
        ))}
      </div>
    </Page>
  );
}

function linkText({ client: a }: ClientDetail, { client: b }: ClientDetail): string {
  if (a.gateway !== b.gateway) return "Of two gateways: they are not tested together";
  const linked = a.group.includes(b.principal) || b.group.includes(a.principal);
  const tenant = a.tenant !== undefined && a.tenant === b.tenant ? " · of one tenant" : "";
  return `${linked ? "Linked: they ask alike, and are tested together" : "Not linked: nothing ties their queries together"}${tenant}`;
}
