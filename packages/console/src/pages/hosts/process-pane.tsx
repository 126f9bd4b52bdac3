import { printFilter, type HandledFile, type HostProcess } from "@outweigh/schema";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { incidentsOfQuery, processEventsQuery } from "../../api/queries.ts";
import { count, size } from "../../format/size.ts";
import { Facts, Section, Title } from "../../ui/parts.tsx";
import { Problem, Waiting } from "../../ui/states.tsx";
import { Middle, Mono, Muted, Shown, Value } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { EntityLink } from "../entities/link.tsx";
import { PinButton } from "../events/pin.tsx";
import { EventTable } from "../events/table.tsx";
import s from "./detail.module.css";

interface ProcessPaneProps {
  readonly of: HostProcess;
  /** The source of its events. */
  readonly source: string;
  /** What the page's events are narrowed by. */
  readonly filter: string;
}

/** One process: what it read, made and sent, and the events that say so. */
export function ProcessPane({ of: it, source, filter }: ProcessPaneProps) {
  if (!it.touched)
    return (
      <>
        <Title>{`${it.name} ${it.pid}`}</Title>
        <p>Known as a parent alone: it handled no weights itself, as far as its host was seen.</p>
      </>
    );
  const own = `${printFilter([
    { field: "source", op: "=", values: [source], excluded: false },
    { field: "pid", op: "=", values: [String(it.pid)], excluded: false },
  ])} ${filter}`.trim();
  return (
    <>
      <Title meta={it.command && <Mono>{it.command}</Mono>}>{`${it.name} ${it.pid}`}</Title>
      <Section title="Process">
        <Facts
          rows={[
            ["Who", it.principal && <EntityLink kind="principal">{it.principal}</EntityLink>],
            ["Program", it.exe && <Middle copy>{it.exe}</Middle>],
            [
              "Started",
              it.startedAt === undefined ? "ended before it was looked at" : <At at={it.startedAt} key="at" />,
            ],
            ["Pod", it.pod !== undefined && <Pod of={it.pod} />],
            ["Container", it.container && <Middle copy>{it.container}</Middle>],
            [
              "Models",
              it.models.length > 0 &&
                it.models.map((name) => (
                  <Value field="model" key={name}>
                    {name}
                  </Value>
                )),
            ],
            ["First", it.firstAt && <At at={it.firstAt} key="first" />],
            ["Last", it.lastAt && <At at={it.lastAt} key="last" />],
          ]}
        />
      </Section>
      <Section title="Files" aside={<Muted>{count(it.fileCount)}</Muted>}>
        {it.files.length === 0 && <Muted>None.</Muted>}
        <div className={s.files}>
          {it.files.map((file) => (
            <FileLine of={file} key={JSON.stringify(file)} />
          ))}
        </div>
        {it.fileCount > it.files.length && <Muted>The events below tell of all.</Muted>}
      </Section>
      <Section title="Sent" aside={<Muted>{count(it.sentCount)}</Muted>}>
        {it.sent.length === 0 && (
          <Muted>It opened no connection to outside while it held weights, as far as its host was seen.</Muted>
        )}
        {it.sent.map(({ address, port, atMost, counted }) => (
          <div key={`${address} ${port}`}>
            to <Mono>{`${address} port ${port}`}</Mono>, ≤ {size(atMost)}
            {counted !== undefined && `; ${size(counted)} counted`}
          </div>
        ))}
      </Section>
      <Incidents principal={it.principal ?? ""} />
      <Events filter={own} />
    </>
  );
}

/** `ml/serve-0`, or a UID, whose name the host did not show. */
function Pod({ of: it }: { readonly of: string }) {
  if (it.includes("/")) return <Middle copy>{it}</Middle>;
  return (
    <>
      <Middle copy>{it}</Middle> <Muted>could not tell its name</Muted>
    </>
  );
}

const deeds: Readonly<Record<HandledFile["did"], string>> = { open: "opened", write: "wrote", rename: "renamed" };

export function FileLine({ of: it }: { readonly of: HandledFile }) {
  return (
    <div className={s.file}>
      <Muted>{deeds[it.did]}</Muted>
      <span>
        <Mono>{it.path}</Mono>
        {it.to !== undefined && (
          <>
            {" → "}
            <Mono>{it.to}</Mono>
          </>
        )}
        {it.madeFrom !== undefined && (
          <Muted>
            {" · made from "}
            <Shown>{it.madeFrom}</Shown>
          </Muted>
        )}
        {it.onto !== undefined && (
          <>
            {" · on "}
            <Shown>{it.onto}</Shown>, which leaves the host
          </>
        )}
      </span>
      <Muted>{size(it.bytes)}</Muted>
    </div>
  );
}

function Incidents({ principal }: { readonly principal: string }) {
  const { data } = useQuery(incidentsOfQuery(principal));
  if (!data || data.items.length === 0) return null;
  return (
    <Section title="Incidents that name it" aside={<Muted>{count(data.total)}</Muted>}>
      {data.items.slice(0, 10).map((it) => (
        <div key={it.id}>
          <Link to="/incidents/$id" params={{ id: it.id }}>
            INC-{it.number} <Shown>{it.title}</Shown>
          </Link>
        </div>
      ))}
    </Section>
  );
}

function Events({ filter }: { readonly filter: string }) {
  const { data, error } = useQuery(processEventsQuery(filter));
  return (
    <Section
      title="Events"
      aside={
        <Link to="/events" search={{ filter }}>
          hunt
        </Link>
      }
    >
      {error && <Problem error={error} />}
      {!data && !error && <Waiting lines={3} />}
      {data && <EventTable events={data.items} actions={(it) => <PinButton of={it} />} />}
      {data && data.total > data.items.length && (
        <Muted>{count(data.total - data.items.length)} more: hunt for them.</Muted>
      )}
    </Section>
  );
}
