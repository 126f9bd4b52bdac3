import { printFilter, type EgressRow, type HostActivity, type HostDetail } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { count, held, plural, size } from "../../format/size.ts";
import { span } from "../../format/time.ts";
import { Bar } from "../../ui/bar.tsx";
import { Section } from "../../ui/parts.tsx";
import { Mono, Muted, Shown } from "../../ui/text.tsx";
import { At } from "../../ui/when.tsx";
import { ontoWords } from "./did.ts";
import { FileLine } from "./process-pane.tsx";
import s from "./detail.module.css";

interface EgressProps {
  readonly of: HostActivity;
  readonly host: HostDetail;
  readonly filter: string;
}

/** Bytes that can have left for each destination, with the model as the ruler; then what lies on a disk that leaves. */
export function Egress({ of: it, host, filter }: EgressProps) {
  return (
    <>
      <Section title="Where it may have gone" aside={<Muted>{plural(it.egress.length, "destination")}</Muted>}>
        {it.egress.length === 0 ? (
          <p>
            No process opened a connection to outside while it held weights, or wrote them to a disk that leaves:{" "}
            {count(it.events)} events were looked at
            {it.gaps.length > 0 && `, and the host was not seen ${plural(it.gaps.length, "time")}`}.
          </p>
        ) : (
          <div className={s.scrolled}>
            <Table of={it.egress} source={host.source} filter={filter} />
          </div>
        )}
        <Muted>
          At most: a process is taken to have sent all that it held. Counted: what its TCP connections there carried, by
          the kernel, whatever it was, or the sizes of its files there; with a compressed copy, less than the weights.
          Weights that a serving program gives out as answers are not told here.
        </Muted>
      </Section>
      <Section
        title="Onto disks that leave, and other machines' disks"
        aside={<Muted>{count(it.carried.length)}</Muted>}
      >
        {it.carried.length === 0 && (
          <Muted>
            No file made from weights, as far as the agent saw
            {it.mounts && (
              <>
                , and none on {plural(it.mounts.rows.length, "such file system")} mounted <At at={it.mounts.at} />
              </>
            )}
            . Agents from before do not tell: ask the host for its mounts, under Agent and orders.
          </Muted>
        )}
        {it.carried.map((file) => (
          <FileLine of={file} key={JSON.stringify(file)} />
        ))}
      </Section>
    </>
  );
}

function Table({
  of,
  source,
  filter,
}: {
  readonly of: readonly EgressRow[];
  readonly source: string;
  readonly filter: string;
}) {
  return (
    <table className={s.table}>
      <thead>
        <tr>
          <th scope="col">To</th>
          <th scope="col">Out, at most</th>
          <th scope="col" className={s.ruler} aria-label="Share of the model" />
          <th scope="col" className={s.end}>
            Counted
          </th>
          <th scope="col" className={s.end}>
            Read here ≤
          </th>
          <th scope="col" className={s.end}>
            Processes
          </th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {of.map((it) => (
          <Row
            of={it}
            events={eventsOf(it, source, filter)}
            key={JSON.stringify([it.address, it.port, it.onto, it.model ?? it.artifact])}
          />
        ))}
      </tbody>
    </table>
  );
}

/** "1.2 GB"; "≥ 1.2 GB" where some processes were not counted. */
function countedText({ counted, uncounted }: EgressRow): string {
  if (counted === undefined) return "could not tell";
  return `${uncounted > 0 ? "≥ " : ""}${size(counted)}`;
}

function eventsOf({ model, onto }: EgressRow, source: string, filter: string): string {
  const one = (field: string, value: string) => ({ field, op: "=" as const, values: [value], excluded: false });
  const terms = [
    one("source", source),
    one("operation", onto ? "write" : "send"),
    ...(model === undefined ? [] : [one("model", model)]),
  ];
  return `${printFilter(terms)} ${filter}`.trim();
}

function To({ of: { address, port, onto } }: { readonly of: EgressRow }) {
  if (!onto) return <Mono>{`${address} port ${port ?? "?"}`}</Mono>;
  return (
    <>
      <Mono>{address}</Mono>
      <Muted>{` ${ontoWords(onto.kind)}, ${onto.type} at `}</Muted>
      <Mono>{onto.mount}</Mono>
    </>
  );
}

function Row({ of: it, events }: { readonly of: EgressRow; readonly events: string }) {
  const fraction = it.modelBytes === undefined || it.modelBytes === 0 ? undefined : it.atMost / it.modelBytes;
  const text = held({ bytes: it.atMost, fraction, bound: "<=" }, it.model ?? it.artifact);
  return (
    <tr>
      <td>
        <To of={it} />
      </td>
      <td>
        <Link to="/events" search={{ filter: events }}>
          <Shown>{text}</Shown>
        </Link>
      </td>
      <td className={s.ruler}>
        {fraction !== undefined && <Bar fraction={fraction} bound="<=" accounted={false} label={text} />}
      </td>
      <td className={s.end}>{countedText(it)}</td>
      <td className={s.end}>{size(it.readAtMost)}</td>
      <td className={s.end}>{count(it.processes)}</td>
      <td>
        <At at={it.firstAt} />
        {it.lastAt - it.firstAt >= 1000 && <Muted>{`, over ${span(it.lastAt - it.firstAt)}`}</Muted>}
      </td>
    </tr>
  );
}
