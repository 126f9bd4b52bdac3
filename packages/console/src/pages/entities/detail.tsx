import { doubtOf, entityKind, type EntityDetail, type EntityKind } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { Fragment } from "react";
import { withValue } from "../../filter-edit.ts";
import { ApiError } from "../../api/client.ts";
import { entityQuery } from "../../api/queries.ts";
import { count, size } from "../../format/size.ts";
import { span } from "../../format/time.ts";
import { Bar } from "../../ui/bar.tsx";
import { Level } from "../../ui/level.tsx";
import { Dotted, Page, Prose, Section, Title } from "../../ui/parts.tsx";
import { useShortcuts } from "../../ui/shortcuts.ts";
import { Empty, Failed, Partial, Waiting } from "../../ui/states.tsx";
import { FilterBy, Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { Ago, At } from "../../ui/when.tsx";
import { Holdings } from "../books/holdings.tsx";
import { InDoubt } from "../evidence/doubt.tsx";
import { OverTime } from "../events/over-time.tsx";
import { Watch } from "../watched/watch.tsx";
import { EntityLink } from "./link.tsx";
import { kindWords } from "./words.ts";
import s from "./entities.module.css";

/** One principal, address, key or place: what it did and when, with what, and what came of it. */
export function EntityPage() {
  const { kind: asked, name = "" } = useParams({ strict: false });
  const kind = entityKind.safeParse(asked);
  return kind.success ? <OfKind kind={kind.data} name={name} /> : <NoSuchKind name={name} />;
}

/** A name does not tell what it names: an address read as a principal would look as if it did nothing. */
function NoSuchKind({ name }: { readonly name: string }) {
  return (
    <Empty title="There is no such page">
      <p>
        Pages here are of four kinds. Open <Mono>{name}</Mono> as a{" "}
        {entityKind.options.map((kind, i, { length }) => (
          <Fragment key={kind}>
            {i === 0 ? "" : i === length - 1 ? " or " : ", "}
            <Link to="/entities/$kind/$name" params={{ kind, name }}>
              {kindWords[kind].toLowerCase()}
            </Link>
          </Fragment>
        ))}
        .
      </p>
      <p>
        Models are at <Link to="/models">Models</Link>, hosts at <Link to="/hosts">Hosts</Link>.
      </p>
    </Empty>
  );
}

function OfKind({ kind, name }: { readonly kind: EntityKind; readonly name: string }) {
  const router = useRouter();
  const navigate = useNavigate();
  const { data, error, errorUpdatedAt, refetch } = useQuery(entityQuery(kind, name));
  useShortcuts({ back: () => (router.history.canGoBack() ? router.history.back() : void navigate({ to: "/events" })) });
  if (data) return <Told of={data} />;
  if (!error) return <Waiting lines={12} />;
  if (error instanceof ApiError && error.status === 404) return <Unheard kind={kind} name={name} />;
  return (
    <Failed
      what={`This ${kindWords[kind]} cannot be read`}
      error={error}
      since={errorUpdatedAt}
      again={() => void refetch()}
      stillWorks="Incidents, alerts and the evidence do not need the event engine."
    />
  );
}

/** Nobody of that name was ever seen: no page of theirs, for it would look as if they did nothing. */
function Unheard({ kind, name }: { readonly kind: EntityKind; readonly name: string }) {
  const more = kind === "place" ? ", with the slash at its end" : "";
  return (
    <Empty title={`No event names this ${kindWords[kind].toLowerCase()}`}>
      <p>
        <Mono>{name}</Mono>
      </p>
      <Prose>
        {`Nothing that is kept names it, nor does the register. A name counts to the letter${more}; what no source sees leaves no event.`}
      </Prose>
    </Empty>
  );
}

function Told({ of: it }: { readonly of: EntityDetail }) {
  const navigate = useNavigate();
  const own = withValue("", it.kind, it.name);
  const { summary } = it;
  return (
    <FilterBy
      value={(field, value, excluded) =>
        void navigate({ to: "/events", search: { filter: withValue(own, field, value, excluded) } })
      }
    >
      <Page
        title={it.name}
        crumb={<Shown>{kindWords[it.kind]}</Shown>}
        head={
          <Title
            meta={
              <Dotted>
                {[
                  `${count(summary.events)} events`,
                  it.watched && "watched after a theft",
                  summary.firstAt !== undefined && (
                    <span key="first">
                      first <At at={summary.firstAt} />
                    </span>
                  ),
                  summary.lastAt !== undefined && (
                    <span key="last">
                      last <At at={summary.lastAt} />
                    </span>
                  ),
                ]}
              </Dotted>
            }
          >
            {it.name}
          </Title>
        }
        actions={
          <Link to="/events" search={{ filter: own }}>
            All its events
          </Link>
        }
        side={<Side of={it} />}
      >
        <Partial of={summary} />
        <Section title="When">
          {summary.events === 0 ? (
            <Muted>No event is kept of it. What no source sees leaves none.</Muted>
          ) : (
            <OverTime of={summary} gaps={it.gaps} filter={own} />
          )}
        </Section>
        {summary.values.length > 0 && <Most title="What it did" of={summary} kind={it.kind} />}
        {it.kind === "principal" && it.holdings.length > 0 && <Holdings holdings={it.holdings} coalitions={[]} />}
        {it.beside.map((one) => (
          <Most title={besideTitles[one.by] ?? one.by} of={one} kind={it.kind} key={one.by} />
        ))}
      </Page>
    </FilterBy>
  );
}

const besideTitles: Readonly<Record<string, string>> = {
  principal: "Who acted",
  model: "Which models",
  address: "From where",
  credential: "With which keys",
  place: "In which places",
  agent: "With which programs",
  source: "Who says so",
};

/** Fields whose values have a page of their own. */
const paged: ReadonlySet<string> = new Set<EntityKind>(entityKind.options);

function Most({
  title,
  of: it,
}: {
  readonly title: string;
  readonly of: EntityDetail["beside"][number];
  readonly kind: EntityKind;
}) {
  const told = it.values.filter(({ value }) => value !== "");
  if (told.length === 0) return null;
  const most = Math.max(...told.map(({ events }) => events));
  const left = it.different - it.values.length;
  return (
    <Section title={title} aside={<Muted>{left > 0 ? `the ${told.length} most frequent` : "events"}</Muted>}>
      {told.map((one) => (
        <div className={s.row} key={one.value}>
          {it.by === "model" ? (
            <Link to="/models/$name" params={{ name: one.value }}>
              <Shown>{one.value}</Shown>
            </Link>
          ) : paged.has(it.by) ? (
            <EntityLink kind={entityKind.parse(it.by)}>{one.value}</EntityLink>
          ) : (
            <Value field={it.by}>{one.value}</Value>
          )}
          <Bar fraction={one.events / most} bound="exact" accounted label={`${count(one.events)} events`} />
          <span>{count(one.events)}</span>
          <Muted>{one.bytes > 0 ? size(one.bytes) : ""}</Muted>
          <Muted>{one.lastAt > one.firstAt ? `over ${span(one.lastAt - one.firstAt)}` : ""}</Muted>
        </div>
      ))}
    </Section>
  );
}

function Side({ of: it }: { readonly of: EntityDetail }) {
  const watch = it.watched && <Watch of={it.watched} />;
  if (it.kind !== "principal")
    return (
      <>
        {watch}
        <Section title="Incidents and alerts">
          <Prose>They name principals: see those that acted here.</Prose>
        </Section>
      </>
    );
  return (
    <>
      {watch}
      <Section title="Incidents" aside={<Muted>{count(it.incidents.length)}</Muted>}>
        {it.incidents.length === 0 && <Muted>None names it.</Muted>}
        {it.incidents.map((one) => (
          <div className={s.told} key={one.id}>
            <Level of={one.severity} />{" "}
            <Muted>
              INC-{one.number} · {one.status} · <Ago at={one.lastAt} />
            </Muted>
            <div>
              <InDoubt of={one.doubt} />
              <Link to="/incidents/$id" params={{ id: one.id }}>
                <Shown>{one.title}</Shown>
              </Link>
            </div>
          </div>
        ))}
      </Section>
      <Section title="Alerts" aside={<Muted>{count(it.alerts.length)}</Muted>}>
        {it.alerts.length === 0 && <Muted>None names it.</Muted>}
        {it.alerts.map((one) => (
          <div className={s.told} key={one.id}>
            <Level of={one.severity} />{" "}
            <Muted>
              <Ago at={one.lastAt} />
            </Muted>
            <div>
              <InDoubt of={doubtOf([one.rests])} />
              <Link to="/alerts/$id" params={{ id: one.id }}>
                <Shown>{one.title}</Shown>
              </Link>
            </div>
          </div>
        ))}
      </Section>
      <Section title="Models it may read">
        {it.mayRead.length === 0 && <Muted>None: the register declares it for no model.</Muted>}
        {it.mayRead.map((name) => (
          <div className={s.told} key={name}>
            <Link to="/models/$name" params={{ name }}>
              <Shown>{name}</Shown>
            </Link>
          </div>
        ))}
      </Section>
    </>
  );
}
