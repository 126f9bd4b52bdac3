import { printFilter, type CopyRow, type ModelDetail } from "@outweigh/schema";
import { Link } from "@tanstack/react-router";
import { plural, size } from "../../format/size.ts";
import { Section } from "../../ui/parts.tsx";
import { Copy as CopyButton, Middle, Mono, Muted, Shown } from "../../ui/text.tsx";
import { Ago } from "../../ui/when.tsx";
import { byHost, placeWord, readersOf, type HostCopies } from "./copies.ts";
import s from "./models.module.css";

/** Every copy, host by host, undeclared ones first; and the declared places into which no scan looked. */
export function CopyMap({ of: it }: { readonly of: ModelDetail }) {
  const hosts = byHost(it.copies);
  const unseen = it.places.filter((place) => !place.startsWith("file:"));
  return (
    <Section title="Copy map" aside={<Muted>{plural(it.copies.length, "copy", "copies")}</Muted>}>
      {hosts.length === 0 && <Muted>No scan has found a copy. That says nothing of hosts that were not scanned.</Muted>}
      {hosts.length > 0 && (
        <table className={s.table}>
          <Head />
          {hosts.map((host) => (
            <Host of={host} key={host.host} />
          ))}
        </table>
      )}
      {unseen.length > 0 && (
        <div className={s.host}>
          <h3>Beyond this scan</h3>
          <Muted>declared places whose files no scan reads; reads from them are booked</Muted>
        </div>
      )}
      {unseen.map((place) => (
        <div className={s.place} key={place}>
          <Middle>{place}</Middle>
        </div>
      ))}
    </Section>
  );
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col" style={{ width: 100 }}>
          Place
        </th>
        <th scope="col">Path</th>
        <th scope="col" style={{ width: 100 }}>
          Format
        </th>
        <th scope="col" className={s.num} style={{ width: 76 }}>
          Size
        </th>
        <th scope="col" style={{ width: "19%" }}>
          Who can read it
        </th>
        <th scope="col" className={s.num} style={{ width: 64 }}>
          Seen
        </th>
      </tr>
    </thead>
  );
}

function Host({ of: { host, undeclared, copies } }: { readonly of: HostCopies }) {
  return (
    <tbody>
      <tr className={s.hostRow}>
        <th scope="rowgroup" colSpan={6}>
          <h3>
            <Link to="/hosts" search={{ filter: named(host) }}>
              <Shown>{host}</Shown>
            </Link>
          </h3>
          <Muted>
            {plural(copies.length, "copy", "copies")}
            {undeclared > 0 ? `, ${undeclared} undeclared` : ", all accounted for"}
          </Muted>
        </th>
      </tr>
      {copies.map((it) => (
        <Copy of={it} key={it.id} />
      ))}
    </tbody>
  );
}

function named(host: string): string {
  return printFilter([{ field: "name", op: "=", values: [host], excluded: false }]);
}

/** A path as it is, on as many lines as it takes: which copy it is must show without a pointer. */
function Whole({ children }: { readonly children: string }) {
  return (
    <span className={s.whole}>
      <Mono>{children}</Mono> <CopyButton text={children} />
    </span>
  );
}

function Copy({ of: it }: { readonly of: CopyRow }) {
  const word = placeWord(it);
  const loud = it.state === "present" && it.declared === false;
  return (
    <tr>
      <td>{loud ? <strong>{word}</strong> : <Muted>{word}</Muted>}</td>
      <td>
        <Whole>{it.path}</Whole>
        {it.container && (
          <div className={s.within}>
            <Muted>in</Muted> <Whole>{it.container}</Whole>
          </div>
        )}
      </td>
      <td>
        <Shown>{it.format}</Shown>
        {!it.complete && <Muted> · in part</Muted>}
      </td>
      <td className={s.num}>{size(it.bytes)}</td>
      <td className={s.wraps}>
        {it.readableBy.length === 0 ? <Muted>{readersOf(it)}</Muted> : <Shown>{readersOf(it)}</Shown>}
      </td>
      <td className={s.num}>
        <Ago at={it.lastSeenAt} />
      </td>
    </tr>
  );
}
